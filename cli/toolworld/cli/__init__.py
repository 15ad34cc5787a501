"""The `toolworld` command."""

from toolworld.cli.start import main

__all__ = ["main"]
