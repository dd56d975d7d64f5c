"""The live stream: bell, tailer, hub and subscribers."""
