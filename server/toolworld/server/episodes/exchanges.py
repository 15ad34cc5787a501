"""The exchanges of an episode with its user, kept beside the log, and shared with forks as calls are."""

from collections.abc import Sequence

from toolworld.datasets import Exchange
from toolworld.ground import StoreError, parse_record
from toolworld.server.episodes.log import read_row, refuse_cycle
from toolworld.server.store.protocol import EpisodeStore


async def read_exchanges(store: EpisodeStore, episode: str) -> tuple[Exchange, ...]:
    """The exchanges of an episode, those that it shares with its ancestors first.

    Raises:
        NotFoundError: there is no such episode.
        StoreError: an exchange in the store is malformed.
    """
    parts: list[list[Exchange]] = []
    row, end, seen = await read_row(store, episode), None, set[str]()
    while True:
        refuse_cycle(row, seen)
        documents = await store.exchanges(row.id, end)
        parts.append(
            [parse_record(Exchange, document, "an exchange in the store", StoreError) for document in documents]
        )
        if row.parent is None or row.fork_exchange == 0:
            return tuple(exchange for part in reversed(parts) for exchange in part)
        end = row.fork_exchange if end is None else min(end, row.fork_exchange)
        row = await read_row(store, row.parent)


def shared_exchanges(exchanges: Sequence[Exchange], step: int) -> int:
    """How many exchanges a fork at a step shares: all that was said before the call that comes next."""
    return sum(exchange.step <= step for exchange in exchanges)
