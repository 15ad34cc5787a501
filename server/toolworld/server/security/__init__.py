"""Credentials, and the names that a server answers to."""
