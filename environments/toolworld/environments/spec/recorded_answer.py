"""What a real server answered: one question of a recording, and at which position of it that was."""

from toolworld.ground import JsonObject, JsonValue, Record


class RecordedAnswer(Record):
    """A recorded call with its answer."""

    position: int
    """How many recorded calls before this one had moved the recording on: those that changed something."""
    tool: str
    arguments: JsonObject
    result: JsonValue = None
    """What the tool returned."""
    refusal: str | None = None
    """What the tool said where it refused the call."""
    answer: JsonObject | None = None
    """The answer word for word, as MCP has it, where the form of the tool's results does not give it: a result of
    `tools/call`, or `{"error": ...}`."""
    moves: bool = False
    """Whether the position is one higher after it."""
    writes: bool = False
    """Whether it may have changed the server's state: it moved the recording on, and its tool writes."""
