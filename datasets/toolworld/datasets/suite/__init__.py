"""Environments together with their tasks."""
