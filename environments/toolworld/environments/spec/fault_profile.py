"""Fault profiles: reproducible failures, delays and changes of tools that an agent has to cope with."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from toolworld.ground import Record, SpecError, parse_record, read_bytes

Share = Annotated[float, Field(ge=0, le=1)]

InjectedKind = Literal["transient", "rate_limit", "latency", "stale_read"]
"""Faults of a single call. The first two refuse the call; the others only degrade its answer."""


class InjectedFault(Record):
    """A fault that was put into a call on purpose; it is recorded in the log."""

    kind: InjectedKind
    seconds: float = 0
    """For `rate_limit`: how long to wait before the next try. For `latency`: how long the answer is delayed."""


class FaultProfile(Record):
    """Which faults occur, and how often. The fault of a call depends only on the seeds, its step and its tool."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0
    transient: Share = 0
    """Share of calls that are refused as temporarily unavailable; the agent can try again."""
    rate_limit: Share = 0
    """Share of calls that are refused with a time after which to try again."""
    latency: Share = 0
    """Share of calls whose answer is delayed."""
    latency_seconds: Annotated[float, Field(ge=0, le=60)] = 2
    """The longest delay, in seconds."""
    stale_read: Share = 0
    """Share of calls of read tools that see the state before the latest change."""
    rename: Share = 0
    """Share of tools whose name differs from the one that the policy and the authors of tasks use."""
    redescribe: Share = 0
    """Share of tools whose description is replaced by an uninformative one."""
    distractors: Annotated[int, Field(ge=0, le=8)] = 0
    """Number of irrelevant tools mixed in among the real ones (0 to 8)."""


FAULT_PROFILES: dict[str, FaultProfile] = {
    profile.name: profile
    for profile in (
        FaultProfile(name="flaky", transient=0.2),
        FaultProfile(name="busy", rate_limit=0.2),
        FaultProfile(name="slow", latency=0.5),
        FaultProfile(name="stale", stale_read=0.3),
        FaultProfile(name="drifted", rename=0.5, redescribe=0.5),
        FaultProfile(name="crowded", distractors=8),
        FaultProfile(
            name="rough",
            transient=0.1,
            rate_limit=0.1,
            latency=0.1,
            latency_seconds=0.2,
            stale_read=0.1,
            rename=0.3,
            redescribe=0.3,
            distractors=5,
        ),
    )
}
"""The fault profiles that come with toolworld, by name."""


def load_fault_profile(name: str) -> FaultProfile:
    """Load a fault profile by the name of a built-in one, or else by the path of a JSON file.

    Raises:
        SpecError: there is no such profile or file, or the file does not hold a valid profile.
    """
    if name in FAULT_PROFILES:
        return FAULT_PROFILES[name]
    if not Path(name).is_file():
        raise SpecError(f"{name} is neither a fault profile ({', '.join(FAULT_PROFILES)}) nor a JSON file with one")
    return parse_record(FaultProfile, read_bytes(Path(name), SpecError), name, SpecError)
