"""A pack: many environments in one `.jsonl`, one a line, read only when one of them is asked for."""

import mmap
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from toolworld.environments.environment import Environment
from toolworld.environments.runtimes import Source
from toolworld.ground import LineWriter, SpecError, parse_record

SUFFIX = ".jsonl"
_BEGINNING = re.compile(rb'\s*\{\s*"schema_version"\s*:\s*1\s*,\s*"id"\s*:\s*"([a-z0-9_-]+)"')
"""How a pack's lines begin as we write them, so that most need not be read to be found."""


def index_pack(path: Path) -> dict[str, Source]:
    """Find the environments of a pack, without reading more of them than their ids.

    Raises:
        SpecError: the pack cannot be read, a line of it is no environment, or two have the same id.
    """
    text = _mapped(path)
    found: dict[str, Source] = {}
    for number, (start, end) in enumerate(_spans(text), start=1):
        where = f"{path}:{number}"
        name = _id_at(text, start, end, where)
        if name is None:
            continue
        if name in found:
            raise SpecError(f"{where}: another environment has the id {name}")
        found[name] = partial(_read, text, start, end, where)
    return found


def _mapped(path: Path) -> bytes | mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
    except OSError as problem:
        raise SpecError(f"{path} cannot be read: {(problem.strerror or str(problem)).lower()}") from None


def _spans(text: bytes | mmap.mmap) -> Iterator[tuple[int, int]]:
    """Give where each line begins and ends."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _id_at(text: bytes | mmap.mmap, start: int, end: int, where: str) -> str | None:
    """Give the id of the environment in a line; None for an empty line."""
    beginning = _BEGINNING.match(text, start, end)
    if beginning is not None:
        return beginning[1].decode()
    if not text[start:end].strip():
        return None
    return _read(text, start, end, where).id


def _read(text: bytes | mmap.mmap, start: int, end: int, where: str) -> Environment:
    return parse_record(Environment, text[start:end], where, SpecError)


def save_pack(environments: list[Environment], path: Path) -> None:
    """Append environments to a pack, one a line."""
    with LineWriter(path) as lines:
        for environment in environments:
            lines.append(environment)
