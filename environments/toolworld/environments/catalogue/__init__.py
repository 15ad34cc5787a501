"""Environments on disk, as folders and packs, found by what a person writes."""
