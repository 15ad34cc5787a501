"""Seeds: what exploration starts from, from a file, texts or objects."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import Field, ValidationError

from toolworld.ground import (
    EncodingError,
    JsonValue,
    Record,
    RecordError,
    decode,
    describe_error,
    digest,
    read_bytes,
)

SeedSource = str | Path | Sequence[str | Mapping[str, Any]]
"""A file, or one text; or texts and objects."""


_LONGEST = 20_000


class Seed(Record):
    """Where exploration starts."""

    content: str = Field(min_length=1, max_length=_LONGEST)
    kwargs: dict[str, JsonValue] = Field(default_factory=dict)
    """Arguments of every call of a tool that has them, unless the call says otherwise."""

    @property
    def digest(self) -> str:
        """The first 8 hexadecimal digits of the SHA-256 of its content."""
        return digest([self.content, self.kwargs])[:8]


def load_seeds(seeds: SeedSource) -> list[Seed]:
    """Read seeds. A text is a file if it names one or ends as one does, else it is a seed by itself.

    Raises:
        RecordError: there are none, or one is not a text or an object with `content`.
    """
    if isinstance(seeds, str | Path):
        path = Path(seeds)
        if not _is_file(path):
            return [_seed(str(seeds), "the seed")]
        found = _lines(path)
    else:
        found = [_seed(one, f"seed {number}") for number, one in enumerate(seeds, start=1)]
    if not found:
        raise RecordError(f"{seeds if isinstance(seeds, str | Path) else 'the list'} has no seeds")
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.suffix in (".jsonl", ".json", ".txt") or path.is_file()
    except (OSError, ValueError):  # a long text is no path
        return False


def _lines(path: Path) -> list[Seed]:
    data = read_bytes(path)
    if path.suffix == ".txt":
        lines = data.decode("utf-8-sig", errors="replace").splitlines()
        return [Seed(content=line.strip()) for line in lines if line.strip()]
    try:
        whole = decode(data) if path.suffix == ".json" else None
    except EncodingError as problem:
        raise RecordError(f"{path}: {problem}") from None
    if whole is not None:
        items = whole if isinstance(whole, list) else [whole]
        return [_seed(one, f"{path}: seed {number}") for number, one in enumerate(items, start=1)]
    return [
        _seed(_decoded(line, f"{path}:{number}"), f"{path}:{number}")
        for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1)
        if line.strip()
    ]


def _decoded(line: bytes, where: str) -> JsonValue:
    try:
        return decode(line)
    except EncodingError as problem:
        raise RecordError(f"{where}: {problem}") from None


def _seed(one: object, where: str) -> Seed:
    fields: object = {"content": one} if isinstance(one, str) else one
    if not isinstance(fields, Mapping):
        raise RecordError(f"{where}: a seed is a text, or an object with `content`")
    try:
        return Seed.model_validate(dict(cast("Mapping[str, object]", fields)))
    except ValidationError as problem:
        raise RecordError(f"{where}: {describe_error(problem)}") from None
