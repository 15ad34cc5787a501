"""Comparing generators: what training on their rows gains, and what the rows themselves are like."""
