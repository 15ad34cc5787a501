"""Repeated runs of tasks: pass rates, their intervals, and the comparison of two sets of runs."""
