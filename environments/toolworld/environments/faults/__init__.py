"""Applying fault profiles: calls that are refused or delayed, and tools that are renamed or poorly described."""
