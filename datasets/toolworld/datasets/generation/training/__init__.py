"""Rows for training: their shapes, parts that do not overlap, and settings for trainers."""
