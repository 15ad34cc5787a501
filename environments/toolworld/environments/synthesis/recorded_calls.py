"""Recorded calls of a tool, as cases that a program for the tool has to reproduce."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolworld.environments.calls.event import Event
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.checker import InvalidOpsError
from toolworld.environments.state.ops import Delete, Update
from toolworld.ground import JsonValue, RecordError, encode, same


@dataclass(frozen=True, slots=True)
class RecordedEpisode:
    """The log of an episode, with the seed that it was opened with."""

    seed: int
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A recorded call with the snapshots before and after it."""

    before: Snapshot
    event: Event
    after: Snapshot
    seed: int


def recorded_calls(runtime: Runtime, tool: ToolSpec, logs: Sequence[RecordedEpisode]) -> Iterator[RecordedCall]:
    """The recorded calls of a tool that a program can reproduce, each situation once.

    Calls into which a fault was injected, and calls that broke their simulator, are left out.

    Raises:
        RecordError: a log is not of this environment.
    """
    seen: set[bytes] = set()
    for log in logs:
        snapshot = runtime.start
        for event in log.events:
            try:
                after = runtime.advance(snapshot, event)
            except InvalidOpsError as problem:
                raise RecordError(f"a log does not fit environment {runtime.environment.id}: {problem}") from None
            usable = event.injected is None and (event.failure is None or event.failure.kind == "tool")
            place = encode([event.call.model_dump(), snapshot.state.digest, event.at])
            if event.call.name == tool.name and usable and place not in seen:
                seen.add(place)
                yield RecordedCall(snapshot, event, after, log.seed)
            snapshot = after


def examples(cases: Sequence[RecordedCall], most: int) -> list[RecordedCall]:
    """At most `most` cases, chosen from each outcome in turn, so that every error is among them."""
    kinds: dict[str, list[RecordedCall]] = {}
    for case in cases:
        kinds.setdefault(case.event.failure.code if case.event.failure else "", []).append(case)
    chosen: list[RecordedCall] = []
    while len(chosen) < min(most, len(cases)):
        for waiting in kinds.values():
            if waiting and len(chosen) < most:
                chosen.append(waiting.pop(0))
    return chosen


def difference(case: RecordedCall, event: Event, after: Snapshot) -> str | None:
    """How an event differs from the recorded one, or None if result, error and changes are the same."""
    was, now = case.event.failure, event.failure
    if now is not None and now.kind == "simulator":
        return f"the program broke: {now.detail}"
    if (was.code if was else None) != (now.code if now else None):
        return f"{_came_of(case.event)} was recorded, and it gives {_came_of(event)}"
    if was is None and not same(case.event.result, event.result):
        return f"{_came_of(case.event)} was recorded, and it gives {_came_of(event)}"
    if case.after.state.digest != after.state.digest:
        return f"it was recorded to change {_changes(case.event)}, and it changes {_changes(event)}"
    return None


def _came_of(event: Event) -> str:
    return f"the error {event.failure.code}" if event.failure else encode(event.result).decode()[:600]


def _changes(event: Event) -> str:
    return encode([op.model_dump() for op in event.ops]).decode()[:600]


def example(case: RecordedCall) -> dict[str, JsonValue]:
    """A case as JSON, for a prompt: the call and what came of it."""
    event = case.event
    came: dict[str, JsonValue] = {"call": event.call.arguments, "at": event.at}
    if event.failure:
        return {**came, "error": event.failure.code, "message": event.failure.message}
    touched: list[JsonValue] = [
        case.before.state.get(op.collection, op.key) for op in event.ops if isinstance(op, Update | Delete)
    ]
    changes: list[JsonValue] = [op.model_dump() for op in event.ops]
    return {**came, "result": event.result, "records_before": touched, "changes": changes}
