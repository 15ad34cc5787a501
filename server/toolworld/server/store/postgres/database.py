"""Connections to a PostgreSQL database: a pool, bounded times, and another try where a connection was lost."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio
import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from toolworld.ground import StoreError, UsageError

CONNECTIONS = 8
"""Connections of a store to its database, at most."""
CONNECT_SECONDS, STATEMENT_SECONDS = 10, 20
"""How long connecting may take, and a statement."""
LOST_SECONDS = 30
"""How long it is tried to reach a database again that was lost, before what waits for it fails; more than a statement
may take, so that one whose answer does not come is looked for on another connection."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
_PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    OSError,
)
"""After these the same work may succeed: the connection was lost (a time-out is an OSError), or others had a lock."""
POSTGRES_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError)
"""What a statement or a connection may raise; a time-out is an OSError."""
T = TypeVar("T")
Work = Callable[[Any, int], Awaitable[T]]
"""Uses a connection; the number says which try it is, from 1."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is: a database, and the schema in it."""

    dsn: str
    """With the password in it, where it has one."""
    schema: str
    shown: str
    """Without a password, for messages."""


def parse_address(text: str) -> Address:
    """Parse `postgresql://user@host:port/database?schema=NAME`.

    Raises:
        UsageError: it is no such address.
    """
    try:
        parts = urlsplit(text)
        port, host, user = parts.port, parts.hostname or "", parts.username
    except ValueError:
        raise UsageError("the address of a store is written as postgresql://user@host:5432/database") from None
    if "@" in parts.path or parts.fragment:
        raise UsageError("in a store's address, @ / ? # of a password are written as %40 %2F %3F %23")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    shown = {name: value for name, value in query.items() if "pass" not in name}
    schema = query.pop("schema", "toolworld")
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema):
        raise UsageError(f"?schema={schema} is no name of a schema: lower-case letters, digits and underscores")
    where = f"{f'{user}@' if user else ''}{host}{f':{port}' if port else ''}{parts.path}"
    dsn = urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query), ""))
    return Address(dsn, schema, f"postgresql://{where}{f'?{urlencode(shown)}' if shown else ''}")


class Database:
    """A database that may be lost for a while. Use `open_database`."""

    def __init__(self, pool: Any, name: str) -> None:
        self.name = name
        """The address, for messages."""
        self.commits = 0
        """Transactions committed that wrote something."""
        self.written = 0
        """Statements committed by them."""
        self._pool = pool
        self._closed = False
        self._running = set[asyncio.Future[Any]]()
        """What is under way: the event loop itself does not hold it."""

    async def run(
        self,
        work: Work[T],
        doing: str = "read",
        passing: tuple[type[Exception], ...] = (),
        seconds: float | None = None,
    ) -> T:
        """Use a connection; if it is lost, again with another one until the database has not answered for long.

        Args:
            work: What is done with it. It may have been done already when it is tried again.
            doing: What cannot be done if it fails: `read`, `written`.
            passing: Further errors after which it is tried again.
            seconds: How long it is tried; by default `LOST_SECONDS`.

        Raises:
            StoreError: it failed.
        """
        deadline = anyio.current_time() + (LOST_SECONDS if seconds is None else seconds)
        pause, tries = _FIRST_PAUSE, 0
        while True:
            if self._closed:
                raise StoreError(f"the store {self.name} was closed")
            tries += 1
            try:
                return await self._to_its_end(self._use(work, tries))
            except POSTGRES_ERRORS as problem:
                if not isinstance(problem, (*_PASSING, *passing)) or anyio.current_time() > deadline:
                    raise StoreError(f"the store {self.name} cannot be {doing}: {reason(problem)}") from problem
            await anyio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _use(self, work: Work[T], tries: int) -> T:
        async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
            try:
                return await work(connection, tries)
            except TimeoutError:
                connection.terminate()  # nobody is there, or nobody would hear that it should be cancelled
                await self._pool.expire_connections()  # the others lead to the same place
                raise

    async def _to_its_end(self, using: Coroutine[Any, Any, T]) -> T:
        """Use a connection to the end, which its times bound, even where the caller gives up before.

        asyncpg leaves a connection that is cancelled in mid-statement in a state that it complains of later.
        """
        task = asyncio.ensure_future(using)
        self._running.add(task)
        task.add_done_callback(self._note_end)
        return await asyncio.shield(task)

    def _note_end(self, task: asyncio.Future[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, as nobody may be left who does

    async def fetch(self, query: str, *values: object) -> Sequence[Any]:
        """Execute a query, and return its rows; a value that no text of a database can hold is found nowhere."""
        if not all(map(_is_text_of_a_database, values)):
            return []
        return await self.run(lambda connection, _: connection.fetch(query, *values))

    async def write(self, statement: str, *values: object) -> Sequence[Any]:
        """Execute a statement that may be executed twice, and return its rows when it is committed.

        It is finished even if the caller is being cancelled.
        """
        return await self.write_with(lambda connection, _: connection.fetch(statement, *values))

    async def write_with(
        self,
        work: Work[T],
        statements: int = 1,
        passing: tuple[type[Exception], ...] = (),
        seconds: float | None = None,
    ) -> T:
        """Do work that writes; finished even if the caller is being cancelled."""
        with anyio.CancelScope(shield=True):
            done = await self.run(work, "written", passing, seconds)
            self.commits += 1
            self.written += statements
            return done
        raise AssertionError  # for the type checker: the block above always returns or raises

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True
        with anyio.move_on_after(CONNECT_SECONDS, shield=True) as closing:
            with suppress(*POSTGRES_ERRORS):
                await self._pool.close()
        if closing.cancelled_caught:
            self._pool.terminate()


@asynccontextmanager
async def open_database(address: Address) -> AsyncGenerator[Database]:
    """Connect to a database.

    Raises:
        StoreError: it cannot be reached, or does not let us in.
    """
    try:
        pool: Any = await asyncpg.create_pool(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            address.dsn,
            min_size=0,  # else the pool logs that it cannot have one, as long as the database is away
            max_size=CONNECTIONS,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS + 5,  # for a server that is gone; one that is there ends it itself
            reset=_keep,
            server_settings={
                "search_path": address.schema,
                "application_name": "toolworld",
                "statement_timeout": str(STATEMENT_SECONDS * 1000),
                "lock_timeout": str(STATEMENT_SECONDS * 1000),
                "idle_in_transaction_session_timeout": str(STATEMENT_SECONDS * 1000),
            },
        )
    except POSTGRES_ERRORS as problem:
        raise StoreError(f"the store {address.shown} cannot be opened: {reason(problem)}") from None
    database = Database(pool, address.shown)
    try:
        yield database
    finally:
        await database.aclose()


def reason(problem: BaseException) -> str:
    """What a database said, on one line."""
    if isinstance(problem, TimeoutError | asyncpg.QueryCanceledError):
        return "it did not answer in time"
    if isinstance(problem, asyncpg.PostgresError):  # without the detail, which quotes what is kept
        return " ".join(str(problem.args[0]).split())
    return " ".join((str(problem) or type(problem).__name__).split())


async def _keep(connection: Any) -> None:
    """Leave a connection as it is: none of ours changes its settings, and a reset would be another way to and fro."""


def _is_text_of_a_database(value: object) -> bool:
    """Whether a text can be in a column: without NUL, and without half a character, as JSON may have it."""
    return not isinstance(value, str) or not re.search("[\x00\ud800-\udfff]", value)
