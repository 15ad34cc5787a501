"""The layout of a toolset: its collections and single values, and where each tool works."""
