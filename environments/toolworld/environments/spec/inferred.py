"""What a compiler inferred of a tool, and how far that goes."""

from typing import Annotated, Literal

from pydantic import Field

from toolworld.ground import Record

Reach = Literal["full", "partial", "none"]
"""`full`: another tool showed what it does. `partial`: it is answered, and no other tool can tell. `none`: a model must
answer it."""


class InferredValue(Record):
    """Something that no document states as such."""

    what: str
    """What it says of the tool, such as `kind` or `key`."""
    value: str
    rule: str
    """The name of the rule that gives it."""
    quote: str = ""
    """The words or the place of the document that it rests on."""
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """The rule's precision on labelled operations; None where it was not measured."""


class Inferred(Record):
    """What a compiler inferred of a tool."""

    reach: Reach
    why: str | None = None
    """Why it is not `full`."""
    ignored: tuple[str, ...] = ()
    """Parameters that are taken and not acted upon."""
    unread: tuple[str, ...] = ()
    """Codes of documented errors whose condition could not be read, so that no call is refused with them."""
    values: tuple[InferredValue, ...] = ()
