"""The `toolworld` command: one file a verb."""

from toolworld.cli.main import app, main

__all__ = ["app", "main"]
