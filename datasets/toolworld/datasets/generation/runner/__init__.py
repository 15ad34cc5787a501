"""The runner: candidates are asked for, read, checked, and written in their order."""
