"""What a check finds."""

from typing import NamedTuple

from toolworld.ground import JsonObject, JsonValue
from toolworld.server.validation.report import Status

MOST_NAMED = 5


class Finding(NamedTuple):
    """A status with its evidence."""

    status: Status
    evidence: tuple[str, ...]
    measured: JsonObject
    remediation: str | None = None


def passed(evidence: str, **measured: JsonValue) -> Finding:
    """What is asked for holds."""
    return Finding("pass", (evidence,), measured)


def failed(evidence: str, remediation: str, **measured: JsonValue) -> Finding:
    """It does not hold; what the author changes."""
    return Finding("fail", (evidence,), measured, remediation)


def not_run(reason: str) -> Finding:
    """It could not be looked at."""
    return Finding("not_run", (reason,), {})


def named(names: list[str]) -> str:
    """Some names, the first ones and how many more."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
