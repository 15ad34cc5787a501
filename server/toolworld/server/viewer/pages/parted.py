"""Two runs beside each other, from where they part."""

from dataclasses import dataclass

from toolworld.server.viewer.pages.run import CallView, RunPage, Turn

MAX_TURNS = 200
"""Turns of each run that the page shows."""


@dataclass(frozen=True, slots=True)
class PartedRuns:
    """Two runs, with the turns that are alike in both, and those that follow in each."""

    one: RunPage
    other: RunPage
    alike: tuple[Turn, ...]
    rest_of_one: tuple[Turn, ...]
    rest_of_other: tuple[Turn, ...]
    more: tuple[int, int]
    """How many turns of each are not shown."""


def part(one: RunPage, other: RunPage) -> PartedRuns:
    """Find where two runs part."""
    left, right = one.turns, other.turns
    alike = 0
    while alike < min(len(left), len(right)) and _is_same(left[alike], right[alike]):
        alike += 1
    rests = left[alike : alike + MAX_TURNS], right[alike : alike + MAX_TURNS]
    return PartedRuns(
        one=one,
        other=other,
        alike=tuple(left[max(0, alike - MAX_TURNS) : alike]),
        rest_of_one=tuple(rests[0]),
        rest_of_other=tuple(rests[1]),
        more=(max(0, len(left) - alike - MAX_TURNS), max(0, len(right) - alike - MAX_TURNS)),
    )


def _is_same(one: Turn, other: Turn) -> bool:
    return (
        one.who == other.who and one.text == other.text and [*map(_essence, one.calls)] == [*map(_essence, other.calls)]
    )


def _essence(call: CallView) -> str:
    """What a call has to have in common with another one to be the same."""
    event = call.event
    return repr((call.name, sorted(call.arguments.items()), event.result if event else None, event is None))
