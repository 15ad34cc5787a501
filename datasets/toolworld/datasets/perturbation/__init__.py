"""Datasets made worse on purpose, or larger: to see whether measures notice, and how much."""
