"""The log of an episode: its own events, behind those that it shares with the episodes that it was forked from."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from anyio.lowlevel import checkpoint

from toolworld.environments import Event, InvalidOpsError, Runtime, Snapshot
from toolworld.ground import NotFoundError, StoreError, parse_record
from toolworld.server.store.protocol import EpisodeRow, EpisodeStore, StoredEvent

MAX_LOG_BYTES = 64 << 20
"""How many bytes of calls an episode keeps; then it takes no more."""
OPEN_PREFIX, OPEN_LOG_BYTES = "open-", 2 << 20
"""Begins the ids of episodes that were opened without the token, by which any server on the store knows them; and how
many bytes of calls such an episode keeps."""
TURN_BYTES, TURN_EVENTS = 256 << 10, 50
"""How much of a log is read without giving others their turn."""
KEPT_SNAPSHOTS = 64
"""How many of the latest snapshots of an episode stay in memory; earlier ones are read back from the log."""


@dataclass(frozen=True, slots=True)
class LogTail:
    """The end of a log that was followed from somewhere."""

    snapshots: Sequence[Snapshot]
    """The latest snapshots, at most `KEPT_SNAPSHOTS`."""
    ops_bytes: int = 0
    """Bytes of the events that changed something."""


def most_bytes(episode: str) -> int:
    """How many bytes of calls an episode keeps, by its id."""
    return OPEN_LOG_BYTES if episode.startswith(OPEN_PREFIX) else MAX_LOG_BYTES


async def read_row(store: EpisodeStore, episode: str) -> EpisodeRow:
    """An episode's row.

    Raises:
        NotFoundError: there is no such episode.
    """
    row = await store.episode(episode)
    if row is None:
        raise NotFoundError("there is no such episode")
    return row


async def read_log(store: EpisodeStore, episode: str, start: int = 0, end: int | None = None) -> tuple[Event, ...]:
    """The events of an episode with `start <= step < end`, those of its ancestors included.

    Only what is asked for is read: an early step of a long log costs no more than of a short one.

    Raises:
        NotFoundError: there is no such episode.
        StoreError: an event in the store is malformed.
    """
    parts: list[list[Event]] = []
    row, seen = await read_row(store, episode), set[str]()
    while True:
        refuse_cycle(row, seen)
        if end is None or row.fork_step < end:
            parts.append(await parsed_events(await store.events(row.id, max(start, row.fork_step), end)))
        if row.parent is None or row.fork_step <= start:
            return tuple(event for part in reversed(parts) for event in part)
        end = row.fork_step if end is None else min(end, row.fork_step)
        row = await read_row(store, row.parent)


async def parsed_events(found: Sequence[StoredEvent]) -> list[Event]:
    """Parse events; others have their turn in between, since a log may be long.

    Raises:
        StoreError: one is malformed.
    """
    events: list[Event] = []
    size = 0
    for step, document in found:
        events.append(_event(step, document))
        size += len(document)
        if size > TURN_BYTES:
            size = 0
            await checkpoint()
    return events


def refuse_cycle(row: EpisodeRow, seen: set[str]) -> None:
    """Raise StoreError where an episode is forked from itself, be it through others, as in a store that was forged."""
    if row.id in seen:
        raise StoreError("an episode in the store is forked from itself")
    seen.add(row.id)


async def follow_in_turns(runtime: Runtime, begin: Snapshot, events: Sequence[Event]) -> LogTail:
    """Follow a log that may be long, as `follow` does; others have their turn in between.

    Raises:
        StoreError: they do not fit the environment.
    """
    snapshots, size = deque([begin], KEPT_SNAPSHOTS), 0
    for start in range(0, len(events), TURN_EVENTS):
        tail = follow(runtime, snapshots[-1], events[start : start + TURN_EVENTS])
        snapshots.extend(list(tail.snapshots)[1:] if len(tail.snapshots) < KEPT_SNAPSHOTS else tail.snapshots)
        size += tail.ops_bytes
        await checkpoint()
    return LogTail(snapshots, size)


def follow(runtime: Runtime, begin: Snapshot, events: Sequence[Event]) -> LogTail:
    """Follow events from a snapshot, and keep the latest snapshots.

    Raises:
        StoreError: they do not fit the environment.
    """
    snapshots = deque([begin], KEPT_SNAPSHOTS)
    size = 0
    try:
        for event in events:
            snapshots.append(runtime.advance(snapshots[-1], event))
            size += len(event.json_bytes()) if event.ops else 0
    except InvalidOpsError as problem:
        raise StoreError(f"the log does not fit environment {runtime.environment.id}: {problem}") from None
    return LogTail(snapshots, size)


def _event(step: int, document: bytes) -> Event:
    return parse_record(Event, document, f"event {step} in the store", StoreError)
