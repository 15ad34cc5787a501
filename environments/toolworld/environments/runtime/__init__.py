"""Environments loaded and ready to answer calls."""
