"""Hygiene of datasets: near duplicates, contamination by benchmarks, leaks between splits, splits, and a data card."""
