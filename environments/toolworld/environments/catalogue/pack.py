"""Packs: many environments in one `.jsonl` file, one per line, each read on demand."""

import os
import re
from functools import partial
from pathlib import Path

from toolworld.environments.spec.environment import Environment, EnvironmentSource
from toolworld.ground import (
    BYTE_ORDER_MARK,
    EncodingError,
    LineWriter,
    SpecError,
    UsageError,
    bounded_lines,
    draft_beside,
    open_regular,
    os_reason,
    parse_record,
    refuse_repeated_keys,
)

PACK_SUFFIX = ".jsonl"
_LINE_START = re.compile(rb'\s*\{\s*"schema_version"\s*:\s*1\s*,\s*"id"\s*:\s*"([a-z0-9_-]+)"')
"""The beginning of a line as `save_pack` writes it: it has the id, so that the rest need not be parsed."""


def index_pack(path: Path) -> dict[str, EnvironmentSource]:
    """Functions that read the environments of a pack, by id; only the ids are read for this.

    Raises:
        SpecError: the pack cannot be read, a line is not an environment, or two have the same id.
    """
    found: dict[str, EnvironmentSource] = {}
    try:
        with open_regular(path, SpecError) as file:
            stamp = _file_stamp(path)  # the positions below hold only as long as the file stays as it is
            start = 0
            for number, line in enumerate(bounded_lines(file, path, SpecError), start=1):
                where = f"{path}:{number}"
                name = _id_of(line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line, where)
                if name in found:
                    raise SpecError(f"{where}: another environment has the id {name}")
                if name is not None:
                    found[name] = partial(_read, path, stamp, start, len(line), where)
                start += len(line)
    except OSError as problem:
        raise SpecError(f"{path} cannot be read: {os_reason(problem)}") from None
    return found


def _id_of(line: bytes, where: str) -> str | None:
    """The id of the environment in a line; None for an empty line."""
    start = _LINE_START.match(line)
    if start is not None:
        return start[1].decode()
    return parse_record(Environment, line, where, SpecError).id if line.strip() else None


def _read(path: Path, stamp: tuple[int, int], start: int, length: int, where: str) -> Environment:
    try:
        with open_regular(path, SpecError) as file:
            if _file_stamp(path) != stamp:
                raise SpecError(f"{path} has changed since it was opened; start again to serve what it holds now")
            file.seek(start)
            line = file.read(length)
    except OSError as problem:
        raise SpecError(f"{path} cannot be read: {os_reason(problem)}") from None
    line = line.removeprefix(BYTE_ORDER_MARK)
    try:
        refuse_repeated_keys(line)
    except EncodingError as problem:
        raise SpecError(f"{where}: {problem}") from None
    return parse_record(Environment, line, where, SpecError)


def _file_stamp(path: Path) -> tuple[int, int]:
    """Modification time and size of a file, by which a change is noticed."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def beside(pack: Path, suffix: str) -> Path:
    """The file of that suffix beside a pack: `apis.card.json` beside `apis.jsonl`."""
    return pack.with_name(f"{pack.name.removesuffix(PACK_SUFFIX)}{suffix}")


def save_new_pack(environments: list[Environment], path: Path) -> None:
    """Write a pack that was not there, whole or not at all.

    Raises:
        UsageError: it is there already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with draft_beside(path) as draft:
            save_pack(environments, draft)
            os.link(draft, path)
    except FileExistsError:
        raise UsageError(f"{path} is there already; write to a new pack") from None


def save_pack(environments: list[Environment], path: Path) -> None:
    """Append environments to a pack, one per line."""
    with LineWriter(path) as lines:
        for environment in environments:
            lines.append(environment)
