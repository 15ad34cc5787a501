"""Formats of other projects: tasks and trajectories read from them and written in them."""
