"""Environments on disk: folders and packs, and finding them by name or path."""
