"""The workspaces API: 32 operations under `/api/v1/workspaces`."""
