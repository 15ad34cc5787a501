"""Datasets: tasks, their runs and verdicts made in one go, written as they come, and gone on from where it stopped."""
