"""The ground truth of tasks, derived by making their calls."""
