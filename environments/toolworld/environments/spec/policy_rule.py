"""Policy rules: the parts of a policy that a check can enforce."""

from typing import Annotated, Literal

from pydantic import Field

from toolworld.ground import JsonValue, Record


class Never(Record):
    """A tool must not be called successfully, at all or with these arguments."""

    kind: Literal["never"] = "never"
    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    """With these arguments; by default with any."""
    why: str
    """The sentence of the policy."""


class Before(Record):
    """Before the first successful call of any of `tools`, one of `first` must have succeeded."""

    kind: Literal["before"] = "before"
    tools: tuple[str, ...]
    first: tuple[str, ...]
    why: str
    """The sentence of the policy."""


class Confirm(Record):
    """When one of these tools succeeds, the last message of the user must have agreed to a proposal."""

    kind: Literal["confirm"] = "confirm"
    tools: tuple[str, ...]
    why: str
    """The sentence of the policy."""


Rule = Annotated[Never | Before | Confirm, Field(discriminator="kind")]
"""One enforceable sentence of a policy; `why` quotes the policy."""
