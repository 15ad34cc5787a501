"""Vectors of texts: a table by the content of a text, which files and embedding models fill."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.samples.tables import Row, read_rows
from toolworld.ground import RecordError, shortened


def text_key(text: str) -> str:
    """The key of a text: the first 16 hexadecimal digits of SHA-1, without white space around it."""
    return hashlib.sha1(text.strip().encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()[:16]


class VectorTable:
    """Vectors by the keys of texts.

    Args:
        name: The model or file that they are from.
        keys: The keys, in the order of the rows.
        rows: The vectors, float32, of shape (keys, d).
    """

    def __init__(self, name: str, keys: Sequence[str], rows: NDArray[np.float32]) -> None:
        self.name = name
        self._places: Mapping[str, int] = {key: place for place, key in enumerate(keys)}
        self._rows = rows

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of texts, of shape (texts, d).

        Raises:
            RecordError: a text has none; the message quotes it.
        """
        return self.of_keys([text_key(text) for text in texts], texts)

    def of_keys(self, keys: Sequence[str], texts: Sequence[str] = ()) -> NDArray[np.float32]:
        """The same by keys."""
        for number, key in enumerate(keys):
            if key not in self._places:
                said = f", of the text {shortened(texts[number].strip(), 60)!r}" if texts else ""
                raise RecordError(f"{self.name} has no vector for key {key}{said}")
        return self._rows[[self._places[key] for key in keys]]


def read_vectors(path: Path) -> VectorTable:
    """Read vectors: rows with a `key` or a `text`, and `f16` (base64 of little-endian half floats) or `vector`.

    Raises:
        RecordError: the file cannot be read, a row is of another form, or the vectors differ in length.
    """
    found: dict[str, NDArray[np.float32]] = {}
    size = 0
    for row in read_rows(path):
        key = row.text("key") if "key" in row.values else text_key(row.text("text", "key"))
        vector = _vector(row)
        size = size or len(vector)
        if len(vector) != size:
            raise RecordError(f"{row.where}: the vector has {len(vector)} numbers, and the first {size}")
        if key in found and not np.array_equal(found[key], vector):
            raise RecordError(f"{row.where}: key {key} has another vector before")
        found[key] = vector
    if not found:
        raise RecordError(f"{path} holds no vectors")
    return VectorTable(str(path), [*found], np.stack([*found.values()]))


_LARGEST = 1e6


def _vector(row: Row) -> NDArray[np.float32]:
    try:
        if "f16" in row.values:
            found = np.frombuffer(base64.b64decode(row.text("f16"), validate=True), "<f2").astype(np.float32)
        else:
            found = np.asarray(row.need("vector", "f16"), np.float32)
    except (binascii.Error, ValueError, TypeError) as problem:
        raise RecordError(f"{row.where}: this is no vector: {problem}") from None
    if found.ndim != 1 or not len(found) or not (np.abs(found) <= _LARGEST).all():
        raise RecordError(f"{row.where}: a vector is a list of numbers from -{_LARGEST:g} to {_LARGEST:g}")
    return found
