"""The PostgreSQL store: one database, many servers.

Each verb is one statement, so that it is committed or not there. A verb that was answered by a connection that broke is
tried again; an event or an episode that is there already is known by the number of its writer.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from toolworld.ground import ConflictError, NotFoundError, StoreError, task_group
from toolworld.llm import Spending
from toolworld.server.store.postgres.appender import EventAppender
from toolworld.server.store.postgres.database import Database, open_database, parse_address
from toolworld.server.store.postgres.pruning import LONG_SECONDS, prune_episodes
from toolworld.server.store.postgres.schema import prepare_schema
from toolworld.server.store.protocol import (
    EpisodeOutline,
    EpisodeRow,
    PruneConditions,
    PruneResult,
    StoredEvent,
    StoreStats,
)
from toolworld.server.store.retention import read_stats

MAX_NUMBER = 2**63 - 1
"""Stands for no end among the numbers of episodes."""
MAX_STEP = 2**31 - 1
"""Stands for no end among the steps of a log."""

_NUMBER = "(SELECT number FROM episodes WHERE id = $1)"
_ADD_EPISODE = """
WITH added AS (
    INSERT INTO episodes
        (id, environment, version, seed, task, trial, parent, fork_step, fork_exchange, closed, used, writer)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING RETURNING id
), inherited AS (
    INSERT INTO unanswered (episode, step, digest, reason)
    SELECT added.id, step, digest, reason FROM added, unanswered
    WHERE $13::boolean AND unanswered.episode = $7 AND step < $8 ORDER BY number
)
SELECT id FROM added
"""
_EVENTS = f"SELECT step, event FROM events WHERE episode = {_NUMBER} AND step >= $2 AND step < $3 ORDER BY step"
_OUTLINES = """
SELECT episodes.*, verdict, fork_step + (SELECT count(*) FROM events WHERE episode = episodes.number) AS calls,
    (SELECT count(*) FROM exchanges WHERE episode = episodes.number) AS spoken
FROM episodes LEFT JOIN verdicts ON verdicts.episode = episodes.number
WHERE episodes.number < $1 ORDER BY episodes.number DESC LIMIT $2
"""
_ADD_EXCHANGES = f"""
INSERT INTO exchanges (episode, number, exchange)
SELECT {_NUMBER}, $2 + place - 1, exchange FROM unnest($3::bytea[]) WITH ORDINALITY AS given (exchange, place)
"""
_EXCHANGES = f"SELECT exchange FROM exchanges WHERE episode = {_NUMBER} AND number < $2 ORDER BY number"
_KEPT_EXCHANGES = f"""
SELECT exchange FROM exchanges WHERE episode = {_NUMBER} AND number >= $2 AND number < $3 ORDER BY number
"""
_NOTE_VERDICT = """
INSERT INTO verdicts (episode, verdict) SELECT number, $2 FROM episodes WHERE id = $1
ON CONFLICT (episode) DO UPDATE SET verdict = excluded.verdict RETURNING episode
"""
_ADD_UNANSWERED = """
INSERT INTO unanswered (episode, step, digest, reason) SELECT id, $2, $3, $4 FROM episodes WHERE id = $1
ON CONFLICT DO NOTHING
"""
_ADD_COMPLETIONS = """
INSERT INTO completions (key, completion) SELECT * FROM unnest($1::text[], $2::bytea[]) AS given ORDER BY 1
ON CONFLICT (key) DO UPDATE SET completion = excluded.completion
"""
_HOLD_BUDGET = """
INSERT INTO spending (budget, spent) VALUES ($1, 0) ON CONFLICT (budget) DO UPDATE SET spent = spending.spent
"""
_RESERVE = """
INSERT INTO reservations (name, budget, amount, until)
SELECT $1, $2, $3::double precision, $4 FROM spending WHERE budget = $2
AND spent + (SELECT coalesce(sum(amount), 0) FROM reservations WHERE budget = $2) + $3 <= $5::double precision
ON CONFLICT DO NOTHING
"""
_SPENDING = """
SELECT coalesce(sum(amount), 0) AS reserved, count(*) FILTER (WHERE until > $3) AS open,
    count(*) FILTER (WHERE name = $2) AS is_reserved, (SELECT spent FROM spending WHERE budget = $1) AS spent
FROM reservations WHERE budget = $1
"""
_BOOK = """
WITH ended AS (DELETE FROM reservations WHERE name = $1 RETURNING budget)
UPDATE spending SET spent = spent + $2 FROM ended WHERE spending.budget = ended.budget
"""
_DEFAULT = "SELECT episode FROM default_episodes WHERE environment = $1 AND version = $2 AND principal = $3"
_CLAIM_DEFAULT = """
INSERT INTO default_episodes (environment, version, principal, episode) VALUES ($1, $2, $3, $4)
ON CONFLICT (environment, version, principal)
DO UPDATE SET episode = excluded.episode WHERE default_episodes.episode = $5
"""
_SIZE = """
SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::bigint AS bytes FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind = 'r' AND nspname = $1
"""
# Rows that were removed, as PostgreSQL counts them, also those of long values, which it keeps apart.
_RECLAIMABLE = """
SELECT coalesce(sum(pg_relation_size(counts.relid) * n_dead_tup / greatest(n_live_tup + n_dead_tup, 1)), 0)::bigint
FROM pg_stat_all_tables AS counts WHERE counts.relid IN (
    SELECT unnest(ARRAY[pg_class.oid, reltoastrelid]) FROM pg_class
    JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind = 'r' AND nspname = $1
)
"""


class PostgresStore:
    """An `EpisodeStore` in a PostgreSQL database. Use `open_postgres_store`.

    Args:
        database: The database.
        appender: Appends events to it.
        schema: The schema that holds the tables.
    """

    def __init__(self, database: Database, appender: EventAppender, schema: str) -> None:
        self._database = database
        self._appender = appender
        self._schema = schema

    @property
    def commits(self) -> int:
        """Transactions committed."""
        return self._database.commits

    @property
    def written(self) -> int:
        """Statements committed by them."""
        return self._database.written

    async def add_environment(self, name: str, version: str, document: bytes) -> None:
        """Keep a version of an environment."""
        statement = "INSERT INTO environments (id, version, document) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await self._database.write(statement, name, version, document)

    async def environment(self, name: str, version: str) -> bytes | None:
        """The document of a version of an environment."""
        query = "SELECT document FROM environments WHERE id = $1 AND version = $2"
        rows = await self._database.fetch(query, name, version)
        return rows[0]["document"] if rows else None

    async def add_episode(self, row: EpisodeRow, used: int, with_unanswered: bool = False) -> None:
        """Add an episode."""
        origin = (row.environment, row.version, row.seed, row.task, row.trial, row.parent)
        writer = await self._appender.writer()
        values = (row.id, *origin, row.fork_step, row.fork_exchange, row.closed, used, writer, with_unanswered)

        async def add(connection: Any, tries: int) -> bool:
            if await connection.fetch(_ADD_EPISODE, *values):
                return True
            own = "SELECT 1 FROM episodes WHERE id = $1 AND writer = $2"
            return tries > 1 and bool(await connection.fetch(own, row.id, writer))

        try:
            added = await self._database.write_with(add)
        except StoreError as problem:
            if not isinstance(problem.__cause__, asyncpg.ForeignKeyViolationError):
                raise
            if row.parent is not None and await self.episode(row.parent) is None:
                raise NotFoundError("there is no such episode") from None
            raise NotFoundError(f"the store lacks version {row.version} of environment {row.environment}") from None
        if not added:
            raise ConflictError(f"there is an episode {row.id} already")

    async def episode(self, name: str) -> EpisodeRow | None:
        """An episode."""
        rows = await self._database.fetch("SELECT * FROM episodes WHERE id = $1", name)
        return _episode(rows[0]) if rows else None

    async def episodes(self, after: str = "", limit: int = 100) -> Sequence[EpisodeRow]:
        """Episodes by id."""
        query = "SELECT * FROM episodes WHERE id > $1 ORDER BY id LIMIT $2"
        return [_episode(row) for row in await self._database.fetch(query, after, limit)]

    async def outlines(self, before: int | None = None, limit: int = 100) -> Sequence[EpisodeOutline]:
        """Episodes, the latest first."""
        rows = await self._database.fetch(_OUTLINES, MAX_NUMBER if before is None else before, limit)
        return [
            EpisodeOutline(row["number"], _episode(row), row["spoken"], row["calls"], row["verdict"]) for row in rows
        ]

    async def data_version(self) -> int:
        """A number that is another one when anybody has written since, in this store or beside it."""
        # transactions that write have numbers: it changes when one begins and when it ends
        query = "SELECT hashtextextended(pg_current_snapshot()::text, 0) AS version"
        return (await self._database.fetch(query))[0]["version"]

    async def count_episodes(self) -> int:
        """The number of episodes."""
        return (await self._database.fetch("SELECT count(*) FROM episodes"))[0][0]

    async def close_episode(self, name: str) -> None:
        """Mark an episode as closed."""
        await self._database.write("UPDATE episodes SET closed = true WHERE id = $1", name)

    async def append_event(self, episode: str, step: int, document: bytes, answered: str | None = None) -> None:
        """Append an event."""
        await self._appender.append(episode, step, document, answered)

    async def events(self, episode: str, start: int = 0, end: int | None = None) -> Sequence[StoredEvent]:
        """Events of an episode's own log."""
        rows = await self._database.fetch(_EVENTS, episode, start, MAX_STEP if end is None else end)
        return [StoredEvent(row["step"], row["event"]) for row in rows]

    async def log_bytes(self, episode: str) -> int:
        """How many bytes the events of an episode's own log take."""
        query = f"SELECT coalesce(sum(length(event)), 0) FROM events WHERE episode = {_NUMBER}"
        rows = await self._database.fetch(query, episode)
        return int(rows[0][0]) if rows else 0

    async def count_beginning(self, prefix: str) -> int:
        """The number of episodes whose id begins so."""
        query = "SELECT count(*) FROM episodes WHERE id >= $1 AND id < $2"
        rows = await self._database.fetch(query, prefix, f"{prefix}\U0010ffff")
        return rows[0][0] if rows else 0

    def note_use(self, episode: str, used: int) -> None:
        """Keep the time of an episode's latest use behind the next events."""
        self._appender.note_use(episode, used)

    async def note_answer(self, episode: str, answer: str) -> None:
        """Keep what the agent told the user."""
        await self._database.write("UPDATE episodes SET answer = $2 WHERE id = $1", episode, _as_bytes(answer))

    async def add_exchanges(self, episode: str, first: int, documents: Sequence[bytes]) -> None:
        """Append exchanges with the user."""
        given = list(documents)

        async def add(connection: Any, tries: int) -> bool:
            try:
                await connection.execute(_ADD_EXCHANGES, episode, first, given)
            except asyncpg.IntegrityConstraintViolationError:
                kept = await connection.fetch(_KEPT_EXCHANGES, episode, first, first + len(given))
                return tries > 1 and [row["exchange"] for row in kept] == given  # an earlier try's
            return True

        if not await self._database.write_with(add):
            raise ConflictError("somebody else has spoken to the user meanwhile")

    async def exchanges(self, episode: str, end: int | None = None) -> Sequence[bytes]:
        """The exchanges of an episode's own conversation."""
        rows = await self._database.fetch(_EXCHANGES, episode, MAX_STEP if end is None else end)
        return [row["exchange"] for row in rows]

    async def note_verdict(self, episode: str, document: bytes) -> None:
        """Keep the verdict of an episode."""
        if not await self._database.write(_NOTE_VERDICT, episode, document):
            raise NotFoundError("there is no such episode")

    async def verdict(self, episode: str) -> bytes | None:
        """The verdict that was kept with an episode."""
        rows = await self._database.fetch(f"SELECT verdict FROM verdicts WHERE episode = {_NUMBER}", episode)
        return rows[0]["verdict"] if rows else None

    async def add_unanswered(self, episode: str, step: int, digest: str, reason: str) -> None:
        """Keep a call that no model answered."""
        await self._database.write(_ADD_UNANSWERED, episode, step, digest, _as_bytes(reason))

    async def drop_unanswered(self, episode: str, digest: str) -> None:
        """Forget what nobody answered."""
        await self._database.write("DELETE FROM unanswered WHERE episode = $1 AND digest = $2", episode, digest)

    async def unanswered(self, episode: str) -> Mapping[str, str]:
        """Reasons of unanswered calls by digest."""
        query = "SELECT digest, reason FROM unanswered WHERE episode = $1 ORDER BY number"
        return {row["digest"]: _as_text(row["reason"]) for row in await self._database.fetch(query, episode)}

    async def default_episode(self, environment: str, version: str, principal: str) -> str | None:
        """The default episode of a principal."""
        rows = await self._database.fetch(_DEFAULT, environment, version, principal)
        return rows[0]["episode"] if rows else None

    async def claim_default(
        self, environment: str, version: str, principal: str, episode: str, instead_of: str | None
    ) -> str:
        """Make an episode a principal's default, unless another process was faster."""
        await self._database.write(_CLAIM_DEFAULT, environment, version, principal, episode, instead_of or "")
        return await self.default_episode(environment, version, principal) or episode

    async def add_session(self, environment: str, episode: str) -> None:
        """Let an episode be reached as an MCP session."""
        statement = "INSERT INTO sessions (environment, episode) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        await self._database.write(statement, environment, episode)

    async def is_session(self, environment: str, episode: str) -> bool:
        """Whether an episode was opened as an MCP session."""
        query = "SELECT 1 FROM sessions WHERE environment = $1 AND episode = $2"
        return bool(await self._database.fetch(query, environment, episode))

    async def completion(self, key: str) -> bytes | None:
        """A completion of a model that was paid for."""
        rows = await self._database.fetch("SELECT completion FROM completions WHERE key = $1", key)
        return rows[0]["completion"] if rows else None

    async def add_completions(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Keep completions by their keys."""
        await self._database.write(_ADD_COMPLETIONS, [key for key, _ in rows], [completion for _, completion in rows])

    async def reserve_spending(
        self, budget: str, name: str, amount: float, limit: float, *, now: int, until: int
    ) -> Spending:
        """Reserve a part of a budget."""

        async def reserve(connection: Any, _: int) -> Any:
            # who reserves a part of a budget holds its row: another one's reservation is seen, or waits
            async with connection.transaction():
                await connection.execute(_HOLD_BUDGET, budget)
                await connection.execute(_RESERVE, name, budget, float(amount), until, float(limit))
                return await connection.fetchrow(_SPENDING, budget, name, now)

        row = await self._database.write_with(reserve, 2)
        return Spending(bool(row["is_reserved"]), row["spent"], row["reserved"], row["open"])

    async def book_spending(self, name: str, amount: float) -> None:
        """End a reservation, and book what was used."""
        await self._database.write(_BOOK, name, float(amount))

    async def check(self, now: int) -> None:
        """Write something that does not matter."""
        statement = "INSERT INTO heartbeat (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at"
        # not to be waited for by who has given up
        await self._database.run(lambda connection, _: connection.fetch(statement, now), "written", seconds=0)

    async def stats(self) -> StoreStats:
        """Count what the store holds; how much could be given back is an estimate of PostgreSQL's."""
        [[reclaimable]] = await self._database.fetch(_RECLAIMABLE, self._schema)
        return await read_stats(self._database.fetch, await self._bytes(), reclaimable)

    async def prune(self, conditions: PruneConditions, dry: bool = False) -> PruneResult:
        """Remove episodes with their calls."""
        return await prune_episodes(self._database, conditions, dry)

    async def vacuum(self) -> tuple[int, int]:
        """Give free space back to the disk."""
        before = await self._bytes()

        async def rewrite(connection: Any, _: int) -> None:
            await connection.execute("SET statement_timeout = 0")
            try:
                tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", self._schema)
                for row in tables:
                    await connection.execute(f'VACUUM (FULL, ANALYZE) "{row["tablename"]}"', timeout=LONG_SECONDS)
            finally:
                await connection.execute("RESET statement_timeout")

        await self._database.write_with(rewrite)
        return before, await self._bytes()

    async def _bytes(self) -> int:
        return (await self._database.fetch(_SIZE, self._schema))[0]["bytes"]


@asynccontextmanager
async def open_postgres_store(text: str, make: bool = True) -> AsyncGenerator[PostgresStore]:
    """Open a store, or make a new one.

    Args:
        text: Its address, such as `postgresql://user@host:5432/database?schema=toolworld`.
        make: Whether to make a store where there is none.

    Raises:
        StoreError: the database cannot be reached, holds something else, or is of a newer toolworld.
        UsageError: it is no address.
    """
    address = parse_address(text)
    async with open_database(address) as database:

        async def prepare(connection: Any, _: int) -> None:
            await prepare_schema(connection, address.schema, address.shown, make)

        await database.run(prepare, "opened", seconds=0)  # who names a wrong address is told at once
        appender = EventAppender(database)
        async with task_group() as tasks:
            tasks.start_soon(appender.run)
            try:
                yield PostgresStore(database, appender, address.schema)
            finally:
                tasks.cancel_scope.cancel()
                await appender.aclose()


def _as_bytes(text: str) -> bytes:
    """Any text of Python; half a character, as JSON may have it, has no UTF-8 of its own."""
    return text.encode(errors="surrogatepass")


def _as_text(kept: bytes) -> str:
    return kept.decode(errors="surrogatepass")


def _episode(row: Any) -> EpisodeRow:
    answer = row["answer"]
    return EpisodeRow.of_columns(row, None if answer is None else _as_text(answer))
