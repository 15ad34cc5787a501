"""Where the arguments of a solver come from: its plain calls, written as a task writes them."""

from collections.abc import Mapping, Sequence

from toolworld.environments import Event
from toolworld.ground import JsonValue, is_said_in
from toolworld.rollout.synthesis.chain import Argument
from toolworld.rollout.synthesis.terrain import objects_in

_LEAST = 3
"""How long a text is that can only be meant where it stands in a result."""


def arguments_from(values: Mapping[str, JsonValue], events: Sequence[Event], said: str) -> dict[str, Argument]:
    """The arguments of a call, each with the place in an earlier result that it comes from.

    Args:
        values: The arguments.
        events: The calls before.
        said: What the user said; what stands there needs no result.
    """
    return {
        name: Argument(value, None if _is_said(value, said) else _place(value, events))
        for name, value in values.items()
    }


def _is_said(value: JsonValue, said: str) -> bool:
    return isinstance(value, str) and is_said_in(value, said)


def _place(value: JsonValue, events: Sequence[Event]) -> str | None:
    """Where an earlier result has a text, the last one first."""
    if not isinstance(value, str) or len(value) < _LEAST:
        return None
    for event in reversed(events):
        for path, found in objects_in(event.result) if event.failure is None else ():
            for name, inner in found.items():
                if inner == value:
                    return f"${event.step}.{path}.{name}" if path else f"${event.step}.{name}"
    return None
