"""A pack: many environments in one `.jsonl`, one a line, read only when one of them is asked for."""

import re
from functools import partial
from pathlib import Path

from toolworld.environments.spec.environment import Environment, EnvironmentSource
from toolworld.ground import LineWriter, SpecError, os_reason, parse_record

SUFFIX = ".jsonl"
_BEGINNING = re.compile(rb'\s*\{\s*"schema_version"\s*:\s*1\s*,\s*"id"\s*:\s*"([a-z0-9_-]+)"')
"""How a pack's lines begin as we write them, so that most need not be read to be found."""


def index_pack(path: Path) -> dict[str, EnvironmentSource]:
    """Find the environments of a pack, without reading more of them than their ids.

    Raises:
        SpecError: the pack cannot be read, a line of it is no environment, or two have the same id.
    """
    found: dict[str, EnvironmentSource] = {}
    try:
        with path.open("rb") as file:
            stamp = _stamp(path)
            start = 0
            for number, line in enumerate(file, start=1):
                where = f"{path}:{number}"
                name = _id_of(line, where)
                if name in found:
                    raise SpecError(f"{where}: another environment has the id {name}")
                if name is not None:
                    found[name] = partial(_read, path, stamp, start, len(line), where)
                start += len(line)
    except OSError as problem:
        raise SpecError(f"{path} cannot be read: {os_reason(problem)}") from None
    return found


def _id_of(line: bytes, where: str) -> str | None:
    """Give the id of the environment in a line; None for an empty line."""
    beginning = _BEGINNING.match(line)
    if beginning is not None:
        return beginning[1].decode()
    return parse_record(Environment, line, where, SpecError).id if line.strip() else None


def _read(path: Path, stamp: tuple[int, int], start: int, length: int, where: str) -> Environment:
    try:
        with path.open("rb") as file:
            if _stamp(path) != stamp:
                raise SpecError(f"{path} has changed since it was opened; start again to serve what it holds now")
            file.seek(start)
            line = file.read(length)
    except OSError as problem:
        raise SpecError(f"{path} cannot be read: {os_reason(problem)}") from None
    return parse_record(Environment, line, where, SpecError)


def _stamp(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


def save_pack(environments: list[Environment], path: Path) -> None:
    """Append environments to a pack, one a line."""
    with LineWriter(path) as lines:
        for environment in environments:
            lines.append(environment)
