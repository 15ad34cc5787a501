"""Checks of what an agent did, each with its evidence and score."""
