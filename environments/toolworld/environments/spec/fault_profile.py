"""Fault profiles: how reality gets in the way of an agent, seeded, so that it does so again in the same way."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from toolworld.ground import Record, SpecError, parse_record, read_bytes

Share = Annotated[float, Field(ge=0, le=1)]

InjectedKind = Literal["transient", "rate_limit", "latency", "stale_read"]
"""What can get in the way of a single call. The first two refuse it; the others only spoil it."""


class InjectedFault(Record):
    """A fault that was put into a call on purpose; it stands in the log."""

    kind: InjectedKind
    seconds: float = 0
    """Of a `rate_limit`: when to try again. Of `latency`: how long the answer was held back."""


class FaultProfile(Record):
    """Which faults, and how often. What happens to a call depends on the seeds, its step and its tool."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    seed: Annotated[int, Field(ge=0, lt=2**53)] = 0
    transient: Share = 0
    """Share of calls that are refused as temporarily unavailable, and would succeed if made again."""
    rate_limit: Share = 0
    """Share of calls that are refused with a time after which to try again."""
    latency: Share = 0
    """Share of calls whose answer is held back."""
    latency_seconds: Annotated[float, Field(ge=0, le=60)] = 2
    """How long at most."""
    stale_read: Share = 0
    """Share of reads that show the state as it was before the latest change."""
    rename: Share = 0
    """Share of tools that go by another name than the policy and the tasks' makers know."""
    redescribe: Share = 0
    """Share of tools whose description says little."""
    distractors: Annotated[int, Field(ge=0, le=8)] = 0
    """How many tools stand between the others that are of no use here."""


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
"""The profiles that come with toolworld."""


def load_fault_profile(name: str) -> FaultProfile:
    """Give a profile by what a person writes: a name, or a JSON file.

    Raises:
        SpecError: there is neither, or the file holds no profile.
    """
    if name in FAULT_PROFILES:
        return FAULT_PROFILES[name]
    if not Path(name).is_file():
        raise SpecError(f"{name} is neither a fault profile ({', '.join(FAULT_PROFILES)}) nor a JSON file with one")
    return parse_record(FaultProfile, read_bytes(Path(name), SpecError), name, SpecError)
