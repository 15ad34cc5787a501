"""Tasks and runs as rows of a generation: new tasks, runs of tasks, and both repaired."""
