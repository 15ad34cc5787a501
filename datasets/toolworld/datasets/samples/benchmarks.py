"""Rows of T1, BFCL and ACPBench, as they are published and as SynAE writes them, as samples."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import cast

from toolworld.datasets.samples.code import calls_line_by_line
from toolworld.datasets.samples.layouts import ACP_REQUEST, turns_of
from toolworld.datasets.samples.sample import Layout, Sample
from toolworld.datasets.samples.tables import Row
from toolworld.ground import JsonObject, JsonValue, RecordError

_TEXT = ("data", "Data")
_CODE = ("tool_calls", "Tool Call", "Tool Calls")
_OUTPUT = ("output", "Output")
_KNOWN = {
    *_TEXT,
    *_CODE,
    *_OUTPUT,
    "id",
    "ID",
    "attrs",
    "source_id",
    "output_key",
    "output_n_tokens",
    "environment",
    "layout",
}
NEEDS = {"t1": (_TEXT, _CODE), "bfcl": (_TEXT, _CODE), "acp": (_TEXT, _OUTPUT)}
"""The columns without which a layout is not what it says, by its name."""


def layout_samples(rows: Iterable[Row], layout: Layout) -> Iterator[Sample]:
    """Samples of rows with a text, calls as code, an output and labels; other columns of text are labels as well.

    Raises:
        RecordError: a column is missing that the layout has, or a cell is of another kind.
    """
    for number, row in enumerate(rows):
        for names in NEEDS.get(layout, (_TEXT,)):
            row.need(*names)
        data = row.text(*_TEXT).strip()
        code = _code(row)
        output = row.get(*_OUTPUT)
        words = row.get("output_n_tokens")
        if words is not None and (not isinstance(words, int) or words < 0):
            raise RecordError(f"{row.where}: `output_n_tokens` is a number of words, and not {words!r}")
        labels = {**(acp_attributes(data) if layout == "acp" else {}), **cast(JsonObject, row.get("attrs") or {})}
        labels |= {name: value for name, value in row.values.items() if name not in _KNOWN}
        yield Sample(
            id=str(row.get("id", "ID") or number),
            turns=turns_of(data, layout),
            calls=calls_line_by_line(code),
            output=None if output is None else str(output).strip(),
            output_key=cast("str | None", row.get("output_key")),
            output_words=words,
            attributes={name: value for name, value in labels.items() if isinstance(value, str)},
            source=cast("str | None", row.get("source_id")),
            environment=cast("str | None", row.get("environment")),
            data=data,
            code=code,
            layout=layout,
        )


def _code(row: Row) -> str:
    """The calls as code; a list of lines is joined."""
    value = row.get(*_CODE)
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(cast("list[str]", value))
    if value is not None and not isinstance(value, str):
        raise RecordError(f"{row.where}: calls are code, or a list of lines of code, and not {str(value)[:40]!r}")
    return (value or "").strip()


def t1_samples(rows: Iterable[Row]) -> Iterator[Sample]:
    """The dialogues of T1's own CSV files: a line of the conversation a row, with its plan as code."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        lines[str(row.need("ID"))].append(row)
    for name, of in lines.items():
        data = "\n".join(row.text("Filled_Template") for row in of)
        code = "\n".join(text for row in of if (text := str(row.get("Filled_Plan") or "").strip()))
        yield Sample(
            id=name,
            turns=turns_of(data, "t1"),
            calls=calls_line_by_line(code),
            data=data,
            code=code,
            layout="t1",
        )


def bfcl_samples(rows: Iterable[Row], answers: Sequence[Row]) -> Iterator[Sample]:
    """The samples of a BFCL file, joined with its answers by id.

    Raises:
        RecordError: a sample has no answer, or one is not of BFCL's form.
    """
    truth = {str(row.need("id")): row for row in answers}
    for row in rows:
        name = str(row.need("id"))
        if answers and name not in truth:
            raise RecordError(f"{row.where}: there is no answer for {name!r}")
        code = "\n".join(_bfcl_calls(truth[name])) if answers else ""
        data = "\n".join(f"user: {text}" for text in _bfcl_words(row))
        classes = row.get("involved_classes") or []
        if not isinstance(classes, list):
            raise RecordError(f"{row.where}: `involved_classes` is a list of names")
        classes = [str(one) for one in classes]
        turns = turns_of(data, "bfcl")
        yield Sample(
            id=name,
            turns=turns,
            calls=calls_line_by_line(code),
            attributes=bfcl_attributes(classes, len(turns)) if classes else {},
            environment="+".join(sorted(classes)) or None,
            data=data,
            code=code,
            layout="bfcl",
        )


def _bfcl_words(row: Row) -> Iterator[str]:
    for turn in cast("list[list[JsonObject]]", row.need("question")):
        for message in turn:
            if message.get("role") == "user":
                yield _words(message.get("content"), row, "the content of a message")


def _bfcl_calls(row: Row) -> Iterator[str]:
    """The calls of an answer: code, turn by turn, or objects of a name with the values that each argument may have."""
    for turn in cast("list[JsonValue]", row.need("ground_truth")):
        for call in turn if isinstance(turn, list) else [turn]:
            if isinstance(call, str):
                yield call
            elif isinstance(call, dict):
                for name, arguments in call.items():
                    chosen = {key: _first(value) for key, value in cast(JsonObject, arguments).items()}
                    given = ", ".join(f"{key}={value!r}" for key, value in chosen.items() if value != "")
                    yield f"{name}({given})"


def _first(values: JsonValue) -> JsonValue:
    return values[0] if isinstance(values, list) and values else values


def _words(value: JsonValue, row: Row, what: str) -> str:
    if not isinstance(value, str):
        raise RecordError(f"{row.where}: {what} is a text, and not {str(value)[:40]!r}")
    return value


_PRIMARY = ("GorillaFileSystem", "TradingBot", "TravelAPI", "VehicleControlAPI")
_SECONDARY = ("TicketAPI", "TwitterAPI", "MessageAPI", "MathAPI")


def bfcl_attributes(classes: Sequence[str], turns: int) -> dict[str, str]:
    """The labels that SynAE gives BFCL's samples: main and second interface, and how long the conversation is."""
    return {
        "primary_api": next((name for name in _PRIMARY if name in classes), ""),
        "secondary_api": next((name for name in _SECONDARY if name in classes), ""),
        "conv_len": "short" if turns <= 2 else "medium" if turns <= 5 else "long",
    }


def acp_samples(rows: Iterable[Row]) -> Iterator[Sample]:
    """The boolean questions of ACPBench: context, question and answer."""
    for number, row in enumerate(rows):
        data = "\n".join([row.text("context").strip(), row.text("question").strip(), ACP_REQUEST])
        yield Sample(
            id=str(row.get("id") or number),
            turns=turns_of(data, "acp"),
            output=_words(row.need("answer"), row, "`answer`").strip().lower(),
            attributes=acp_attributes(data),
            data=data,
            layout="acp",
        )


_DOMAINS = {
    "satellite(s)": "satellite",
    "ferry domain": "ferry",
    "paint patterns in floor tiles": "floortile",
    "depot domain": "depot",
    "blocksworld domain": "blocksworld",
    "visitall domain": "visitall",
    "swap domain": "swap",
    "several cities": "logistics",
    "grippers domain": "grippers",
    "Rovers domain": "rovers",
    "alfworld domain": "alfworld",
    "A robotic arm is in a grid": "goldminer",
    "A robot is in a grid": "grid",
}
"""Phrases of the first sentence of a context, with the planning domain that each is of."""


def acp_attributes(text: str) -> dict[str, str]:
    """The labels of an ACPBench text: its planning domain, and whether it asks for a precondition or an effect."""
    context, _, rest = text.partition("\n")
    first = context.partition(". ")[0]
    domain = next((name for phrase, name in _DOMAINS.items() if phrase in first), "other")
    kind = "applicability" if rest.startswith("Is the following action applicable") else "progression"
    return {"domain": domain, "type": kind}


def bfcl_answers(path: Path) -> Path:
    """Where the answers of a BFCL file are: in a folder `possible_answer` beside it."""
    return path.parent / "possible_answer" / path.name
