"""Statements, which only a judge by model can find in free text."""
