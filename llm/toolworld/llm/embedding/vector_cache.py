"""A cache of vectors on disk, keyed by the model and the content of a text; texts cannot be recovered from it."""

import hashlib
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolworld.ground import ModelError, os_reason

_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
_AT_ONCE = 500


class VectorCache:
    """Vectors by model and text."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def get(self, model: str, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of those texts that are here.

        Raises:
            ModelError: the file cannot be used.
        """
        by_key = {_key(model, text): text for text in texts}
        keys = list(by_key)
        found: dict[str, NDArray[np.float32]] = {}
        try:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                query = f"SELECT key, vector FROM vectors WHERE key IN ({','.join('?' * len(some))})"
                for key, data in self._connection.execute(query, some):
                    found[by_key[key]] = np.frombuffer(data, "<f4").astype(np.float32)
        except (sqlite3.Error, ValueError) as problem:
            raise ModelError(f"the cache {self._path} cannot be used: {problem}") from None
        return found

    def put(self, model: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep vectors, all or none.

        Raises:
            ModelError: the file cannot be written.
        """
        rows = [(_key(model, text), vector.astype("<f4").tobytes()) for text, vector in vectors.items()]
        try:
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        except sqlite3.Error as problem:
            raise ModelError(f"the cache {self._path} cannot be used: {problem}") from None


def _key(model: str, text: str) -> bytes:
    return hashlib.sha256(f"{model}\0{text}".encode(errors="surrogatepass")).digest()


@contextmanager
def open_vector_cache(path: Path) -> Generator[VectorCache]:
    """Open a cache, and create its file if there is none; several processes may share a file.

    Raises:
        ModelError: the file cannot be opened, or is no cache.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=30)
    except (OSError, sqlite3.Error) as problem:
        reason = os_reason(problem) if isinstance(problem, OSError) else str(problem)
        raise ModelError(f"the cache {path} cannot be opened: {reason}") from None
    try:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_SCHEMA)
        except sqlite3.Error as problem:
            raise ModelError(f"the cache {path} cannot be opened: {problem}") from None
        yield VectorCache(connection, path)
    finally:
        connection.close()
