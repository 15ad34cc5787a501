"""Runs and tasks for trainers: rows of one shape, split by environment, with a card."""
