"""Texts as vectors: models that make them, here or behind an endpoint, and a cache of what they made."""
