"""The answers of a recording, by question and by the place in the recording where they were given.

The *place* is a singleton of the state: how many of the recorded changes were made, and whether the rest of the state
is known. So forks and replays need nothing else.
"""

from typing import NamedTuple

from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import SetValue
from toolworld.environments.state.state import State
from toolworld.ground import MASK, JsonObject, JsonValue, digest, encode, is_masked_form, masked

PLACE = "_place_in_recording"
"""The singleton that holds the place; no tool is about something of that name."""


class Place(NamedTuple):
    """A place in a recording."""

    position: int | None = 0
    """How many recorded changes were made; None once something was changed that was not recorded."""
    is_known: bool = True
    """Whether the rest of the state is what the real server's was: false once a recorded change was repeated that
    no program makes."""

    @classmethod
    def of(cls, state: State) -> "Place":
        """The place that a state is at."""
        value = state.value(PLACE)
        if not isinstance(value, dict):
            return cls(None)
        position = value.get("position")
        return cls(position if isinstance(position, int) else None, value.get("is_known") is True)

    @property
    def value(self) -> JsonObject:
        """The place as the state holds it."""
        return {"position": self.position, "is_known": self.is_known}

    @property
    def op(self) -> SetValue:
        """The op that moves a state to this place."""
        return SetValue(name=PLACE, value=self.value)


class RecordedAnswers:
    """The answers of a recording, found by position, tool and arguments."""

    def __init__(self, answers: tuple[RecordedAnswer, ...], tools: tuple[ToolSpec, ...]) -> None:
        by_name = {recorded_name(tool): tool for tool in tools}
        self._exact: dict[str, RecordedAnswer] = {}
        self._masked: dict[tuple[int, str], list[tuple[JsonObject, RecordedAnswer]]] = {}
        for one in answers:
            if one.tool in by_name:
                arguments = by_name[one.tool].with_defaults(one.arguments)
                self._exact[_question(one.position, one.tool, arguments)] = one
                if MASK.encode() in encode(arguments):
                    self._masked.setdefault((one.position, one.tool), []).append((arguments, one))

    def find(self, tool: ToolSpec, arguments: JsonObject, state: State) -> RecordedAnswer | None:
        """What was answered to a call at the place of a state. A secret that was masked may be any text."""
        position, name = Place.of(state).position, recorded_name(tool)
        if position is None:
            return None
        asked = tool.with_defaults(arguments)
        exact = self._exact.get(_question(position, name, asked))
        if exact is not None or (position, name) not in self._masked:
            return exact
        shown = masked(asked)
        hidden = self._masked[position, name]
        return next((one for recorded, one in hidden if is_masked_form(recorded, shown)), None)


def recorded_name(tool: ToolSpec) -> str:
    """The name of a tool in recordings: one that a fault profile does not change."""
    return tool.function or tool.name


def _question(position: int, tool: str, arguments: JsonObject) -> str:
    asked: list[JsonValue] = [position, tool, arguments]
    return digest(asked)
