"""Findings of the audit."""

from typing import Literal

from toolworld.ground import Record


class Finding(Record):
    """An error or a warning of `env check`."""

    severity: Literal["error", "warning"]
    where: str
    """A file, with the line if it is known, or the place in the specification."""
    tool: str | None = None
    message: str
