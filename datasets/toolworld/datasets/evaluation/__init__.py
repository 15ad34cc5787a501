"""Evaluation: what a synthetic dataset is worth beside a real one, metric by metric, and the report of it."""
