"""A cache of paid completions, keyed by the digest of the whole request, so none is paid for twice.

Only digests and answers are stored; requests cannot be recovered from it. Writes are deferred, many to one transaction,
and completed before the cache is closed.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import anyio

from toolworld.ground import ModelError, StoreError, parse_record, task_group
from toolworld.llm.model import Completion
from toolworld.llm.spending.completion_file import open_completion_file

WRITE_DELAY_SECONDS = 0.05
"""How long completions are collected before they are written in one transaction."""


class CompletionStore(Protocol):
    """Where completions are kept, for one process or many."""

    async def completion(self, key: str) -> bytes | None:
        """A completion as JSON, or None.

        Raises:
            ModelError, StoreError: it cannot be read.
        """
        ...

    async def add_completions(self, rows: Sequence[tuple[str, bytes]]) -> None:
        """Keep completions by their keys; one that is there is replaced.

        Raises:
            ModelError, StoreError: they cannot be written; none of them is.
        """
        ...


class CompletionCache:
    """Completions by key.

    Args:
        store: Where they are kept.
        name: The store, for messages.
        is_shared: Whether other processes ask it too, so that they should find a completion at once.
    """

    def __init__(self, store: CompletionStore, name: str, is_shared: bool = False) -> None:
        self._store = store
        self._is_shared = is_shared
        self._name = name
        self._pending: dict[str, bytes] = {}
        self._writing: dict[str, bytes] = {}  # in a transaction that is not yet committed
        self._wake = anyio.Event()
        self._flushing = anyio.Lock()

    async def get(self, key: str) -> Completion | None:
        """The completion of a key, or None if it is not in the cache."""
        data = self._pending.get(key) or self._writing.get(key) or await self._store.completion(key)
        return None if data is None else parse_record(Completion, data, f"{self._name}: {key}", ModelError)

    def put(self, key: str, completion: Completion) -> None:
        """Store a completion; it is written within moments, at the latest when the cache is closed."""
        self._pending[key] = completion.json_bytes()
        self._wake.set()

    async def keep(self, key: str, completion: Completion) -> None:
        """Store a completion that was just paid for; where others share the store, it is there when this returns.

        If it cannot be written now, it is tried again later, as for `put`.
        """
        self.put(key, completion)
        if self._is_shared:
            with suppress(ModelError, StoreError):
                await self.flush()

    async def write_behind(self) -> None:
        """Write stored completions, in an endless loop."""
        while True:
            await self._wake.wait()
            await anyio.sleep(WRITE_DELAY_SECONDS)
            # Renewed before the write, so that a completion stored during the write wakes the loop again.
            self._wake = anyio.Event()
            with suppress(ModelError, StoreError):  # retried after the next `put`, and when the cache is closed
                await self.flush()

    async def flush(self) -> None:
        """Write all completions stored so far.

        Raises:
            ModelError, StoreError: they cannot be written, and stay pending.
        """
        # Shielded, since a cancellation in mid-transaction would leave it open; and one at a time, since closing
        # the cache flushes while the loop may be in the middle of a transaction.
        with anyio.CancelScope(shield=True):
            async with self._flushing:
                await self._flush()

    async def _flush(self) -> None:
        while self._pending:
            self._writing, self._pending = self._pending, {}
            try:
                await self._store.add_completions(list(self._writing.items()))
            except (ModelError, StoreError):
                self._pending = {**self._writing, **self._pending}
                raise
            finally:
                self._writing = {}


@asynccontextmanager
async def open_cache(where: Path | CompletionStore) -> AsyncGenerator[CompletionCache]:
    """Open a cache.

    Args:
        where: A file, which is created if there is none, or a store that is open.

    Raises:
        ModelError: the file cannot be opened, or is not a cache.
    """
    async with AsyncExitStack() as stack:
        if isinstance(where, Path):
            cache = CompletionCache(await stack.enter_async_context(open_completion_file(where)), str(where))
        else:
            cache = CompletionCache(where, "the store", is_shared=True)
        tasks = await stack.enter_async_context(task_group())
        tasks.start_soon(cache.write_behind)
        try:
            yield cache
        finally:
            tasks.cancel_scope.cancel()
            await cache.flush()
