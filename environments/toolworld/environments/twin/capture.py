"""The file that a server is recorded in: what it said of itself, each list of its tools, each call with its answer.

Lines stand in the order of the answers. Secrets are masked before anything is written.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from toolworld.ground import (
    EncodingError,
    JsonObject,
    LineWriter,
    Record,
    RecordError,
    encode,
    masked,
    masked_text,
    masked_texts,
    named_secrets,
    read_lines,
)

MAX_ANSWER_BYTES = 4 << 20
"""An answer that is longer is passed on, and not kept."""


class CapturedServer(Record):
    """What a server says of itself."""

    name: str
    title: str | None = None
    version: str = ""
    instructions: str = ""


class CapturedCall(Record):
    """A call of a recorded server."""

    number: int
    """Of its question, from 0: calls that overlap are answered in another order than they were asked in."""
    tool: str
    arguments: JsonObject
    answer: JsonObject | None
    """A result of `tools/call`, or `{"error": {"code": ..., "message": ...}}`; None where it could not be kept: it was
    too long, or has no JSON form that all programs read alike."""


class CaptureLine(Record):
    """A line of the file: one of these."""

    server: CapturedServer | None = None
    tools: tuple[JsonObject, ...] | None = None
    call: CapturedCall | None = None


@dataclass(slots=True)
class Capture:
    """A whole recording."""

    server: CapturedServer
    tools: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])
    """The tools by name, each as it was listed last."""
    calls: list[CapturedCall] = field(default_factory=list[CapturedCall])
    """In the order of their answers."""


def read_capture(path: Path) -> Capture:
    """Read a recording; a last line that was cut off is left out.

    Raises:
        RecordError: it cannot be read, or does not begin with what the server says of itself.
    """
    lines = read_lines(path, CaptureLine).records
    if not lines or lines[0].server is None:
        raise RecordError(f"{path} does not begin with what a server says of itself")
    capture = Capture(lines[0].server)
    for line in lines[1:]:
        capture.tools |= {str(one.get("name")): one for one in line.tools or ()}
        if line.call is not None:
            capture.calls.append(line.call)
    return capture


class CaptureWriter:
    """Writes a recording, line by line.

    Args:
        path: A new file.
        secrets: Texts that are masked wherever they stand.

    Raises:
        RecordError: the file cannot be written.
    """

    def __init__(self, path: Path, secrets: Collection[str] = ()) -> None:
        self._lines = LineWriter(path, alone=True)
        self._secrets = {*secrets}
        self._listed: tuple[JsonObject, ...] | None = None
        self._asked = 0

    def introduce(self, server: CapturedServer) -> None:
        """Write what the server says of itself."""
        shown = {"instructions": masked_text(server.instructions, self._secrets)}
        self._lines.append(CaptureLine(server=server.model_copy(update=shown)))

    def list_tools(self, tools: list[JsonObject]) -> None:
        """Write a list of tools, unless it is the one that was written last."""
        shown = (masked_texts(one, self._secrets) for one in tools)
        listed = tuple(one for one in shown if isinstance(one, dict))
        if listed != self._listed:
            self._lines.append(CaptureLine(tools=listed))
            self._listed = listed

    def next_number(self) -> int:
        """The number of the next question."""
        self._asked += 1
        return self._asked - 1

    def answer(self, number: int, tool: str, arguments: JsonObject, answer: JsonObject) -> None:
        """Write a call with its answer; what a field gives away as a secret is masked from here on, wherever it is."""
        self._secrets |= named_secrets(arguments) | named_secrets(answer)
        kept = self._masked(answer) if _can_be_kept(answer) else None
        shown = self._masked(arguments) if _can_be_kept(arguments) else {}
        self._lines.append(CaptureLine(call=CapturedCall(number=number, tool=tool, arguments=shown, answer=kept)))

    def _masked(self, value: JsonObject) -> JsonObject:
        shown = masked(value, self._secrets)
        return shown if isinstance(shown, dict) else {}

    def __enter__(self) -> "CaptureWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.__exit__(kind, problem, trace)


def _can_be_kept(value: JsonObject) -> bool:
    try:
        return len(encode(value)) <= MAX_ANSWER_BYTES
    except EncodingError:
        return False
