"""A finding of `env check`."""

from typing import Literal

from toolworld.ground import Record


class Finding(Record):
    """Something that `env check` has to say."""

    severity: Literal["error", "warning"]
    where: str
    """A file, with a line where there is one, or the place in the specification."""
    tool: str | None = None
    message: str
