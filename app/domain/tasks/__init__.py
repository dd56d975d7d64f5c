"""Rules of tasks, runs and leases."""
