"""Policy rules: the parts of a policy that a check can enforce."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from toolworld.ground import JsonValue, Record

Names = Annotated[tuple[str, ...], Field(min_length=1)]


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
    tools: Names
    first: Names
    same: str | None = None
    """A field that binds the calls to what was found first, such as `patron_id`: the records whose keys stand in the
    arguments belong to the one that `first` returned, by this field of their own or of what they refer to (a loan has
    a `patron_id`, and a payment refers to a charge that has one)."""
    from_user: bool = False
    """Whether the user must have said the arguments of the call of `first` that succeeded."""
    why: str
    """The sentence of the policy."""


class AtMost(Record):
    """At most so many successful calls; with `failing`, no call after so many refused ones."""

    kind: Literal["at_most"] = "at_most"
    tools: Names
    times: PositiveInt
    failing: bool = False
    """Whether only calls that the tool refused count."""
    why: str
    """The sentence of the policy."""


class OnlyAbout(Record):
    """The user is told of nobody else: no name, telephone number or e-mail address of another record of a collection.

    What the user said first, and whoever can be reached from the identified record by references, is no secret.
    """

    kind: Literal["only_about"] = "only_about"
    collection: str
    """The people whose records are private."""
    first: Names
    """The tools that identify the user; they return the key of the user's record."""
    fields: Names
    """What must not be told of others: fields that hold names, telephone numbers or addresses."""
    why: str
    """The sentence of the policy."""


class Confirm(Record):
    """When one of these tools succeeds, the user must have agreed to a proposal that names what the call touches.

    Consent lasts until it is withdrawn or another thing is proposed, and a plan that is agreed holds for its steps.
    """

    kind: Literal["confirm"] = "confirm"
    tools: Names
    why: str
    """The sentence of the policy."""


Rule = Annotated[Never | Before | AtMost | OnlyAbout | Confirm, Field(discriminator="kind")]
"""One enforceable sentence of a policy; `why` quotes the policy."""


def tools_of_rule(rule: Rule) -> frozenset[str]:
    """The tools that a rule names."""
    match rule:
        case Never():
            return frozenset({rule.tool})
        case Before():
            return frozenset((*rule.tools, *rule.first))
        case OnlyAbout():
            return frozenset(rule.first)
        case Confirm() | AtMost():
            return frozenset(rule.tools)
