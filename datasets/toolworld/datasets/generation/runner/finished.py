"""Whether a run is the same as one that is finished, so that nothing is left to do."""

import hashlib
from array import array
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from toolworld.datasets.generation.runner.candidate import Parts
from toolworld.datasets.generation.runner.description import NotOursError, described
from toolworld.datasets.generation.runner.output import GeneratedRows, OutputPaths
from toolworld.datasets.generation.runner.summary import GenerationSummary
from toolworld.ground import RecordError, digest, parse_record, read_bytes


def fingerprint(parts: Parts, identity: str, wanted: int) -> str:
    """The digest of everything that a run's rows depend on; empty where a part is somebody else's code."""
    try:
        settings = described(
            [parts.source.loader, parts.parser, parts.validator, parts.formats, parts.sampling, parts.config],
            ours_only=True,
        )
    except NotOursError:
        return ""
    return digest([version("toolworld"), settings, identity, wanted])


def digest_of(*paths: Path) -> str:
    """The digest of what files hold."""
    found = hashlib.sha256()
    for path in paths:
        found.update(hashlib.sha256(read_bytes(path)).digest())
    return found.hexdigest()


def finished_run(paths: OutputPaths, settings: str) -> GeneratedRows | None:
    """The rows of a finished run with these settings, if its files are still as it left them."""
    if not settings or not (paths.summary.is_file() and paths.rows.is_file() and paths.rejected.is_file()):
        return None
    summary = read_summary(paths.summary)
    if summary is None:
        return None
    is_whole = summary.accepted == summary.asked and summary.stopped is None
    if not is_whole or summary.settings != settings or summary.files != digest_of(paths.rows, paths.rejected):
        return None
    return GeneratedRows(paths.rows, array("Q", _places(paths.rows)), summary, was_finished=True)


def read_summary(path: Path) -> GenerationSummary | None:
    """The summary of an earlier run; None where there is none that can be read."""
    try:
        return parse_record(GenerationSummary, read_bytes(path), str(path))
    except RecordError:
        return None


def _places(path: Path) -> Iterator[int]:
    """The beginning and the length of each row: a row is a line, in a list with a comma behind it."""
    start = 0
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b"{"):
                yield start
                yield len(line.rstrip(b",\n"))
            start += len(line)
