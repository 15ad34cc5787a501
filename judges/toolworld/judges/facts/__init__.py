"""Typed facts in free text: what a message says, how it stands to each value, and whether a fact was told."""
