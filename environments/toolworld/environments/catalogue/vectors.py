"""Vectors of the tools of a pack, by which they are found by meaning; kept beside the pack, as its index is."""

import importlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from toolworld.ground import RecordError, draft_beside, require_regular
from toolworld.llm import Embedder

VECTORS_SUFFIX = ".vectors.npz"
"""What is added to the name of a pack for the file of its vectors."""
MAX_VECTOR_BYTES = 2 << 30
"""Of a file of vectors, unpacked; a larger one is made anew."""
_STEP, _STEPS_KEPT = 512, 8
"""How many texts are embedded between two reports of progress, and after how many reports they are kept."""

OnEmbedded = Callable[[int, int], None]
"""Told how many of how many texts have their vectors."""


def vectors_of(
    texts: Sequence[str], embedder: Embedder, *, file: Path | None, stamp: str, on_embedded: OnEmbedded | None = None
) -> Any:
    """The vectors of texts, a row for each; those that a file of the same texts has are read, and the rest is added.

    Args:
        texts: The texts.
        embedder: Makes vectors.
        file: Where they are kept; None if they are not.
        stamp: Says what they are made of.
        on_embedded: Told of progress.
    """
    numpy: Any = importlib.import_module("numpy")
    stamp = f"{stamp}:{embedder.name}:{len(texts)}"
    made = _known(file, stamp) if file is not None else None
    parts: list[Any] = [] if made is None else [made]
    done = 0 if made is None else len(made)
    for start in range(done, len(texts), _STEP):
        parts.append(embedder.vectors(texts[start : start + _STEP]))
        done = min(start + _STEP, len(texts))
        if on_embedded is not None:
            on_embedded(done, len(texts))
        if file is not None and (done == len(texts) or (start // _STEP) % _STEPS_KEPT == 0):
            _keep(numpy.concatenate(parts).astype(numpy.float16), stamp, file)
    made = numpy.concatenate(parts) if parts else embedder.vectors([])
    return made.astype(numpy.float16).astype(numpy.float32)  # as a file has them, so that scores are the same


def _known(file: Path, stamp: str) -> Any | None:
    """The vectors of a file, perhaps of the first texts only, where making them was stopped."""
    numpy: Any = importlib.import_module("numpy")
    try:
        require_regular(file)
        with ZipFile(file) as parts:
            if sum(part.file_size for part in parts.infolist()) > MAX_VECTOR_BYTES:
                return None
        with numpy.load(file, allow_pickle=False) as kept:
            return kept["vectors"].astype(numpy.float32) if str(kept["stamp"]) == stamp else None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, RecordError):  # none there, or a damaged one
        return None


def _keep(vectors: Any, stamp: str, file: Path) -> None:
    """Write vectors whole; where that is not possible they are made anew next time."""
    numpy: Any = importlib.import_module("numpy")
    with suppress(OSError), draft_beside(file) as draft:
        with draft.open("wb") as written:
            numpy.savez(written, vectors=vectors, stamp=numpy.array(stamp))
        draft.replace(file)
