"""Fault profiles at work: calls that are refused or delayed, and tools that are renamed or badly described."""
