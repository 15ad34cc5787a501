"""Reading a dataset of any format that is known, which is told from its first row."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import cast, get_args

from pydantic import ValidationError

from toolworld.datasets.metrics.attributes import OTHER, words_found
from toolworld.datasets.samples.attributes import Categories, categories_beside, with_field
from toolworld.datasets.samples.benchmarks import (
    acp_samples,
    bfcl_answers,
    bfcl_samples,
    layout_samples,
    t1_samples,
)
from toolworld.datasets.samples.records import (
    chat_samples,
    conversation_samples,
    sharegpt_samples,
    task_samples,
    tau2_samples,
    trajectory_samples,
)
from toolworld.datasets.samples.sample import Layout, Sample
from toolworld.datasets.samples.tables import Row, read_rows
from toolworld.datasets.verdict import Verdict
from toolworld.ground import (
    EncodingError,
    JsonObject,
    RecordError,
    describe_error,
    encode,
    parse_record,
    read_lines,
)

TRAJECTORIES, VERDICTS = "trajectories.jsonl", "verdicts.jsonl"
BFCL_PACKAGE = "bfcl:"
"""Before the name of a BFCL category, such as `bfcl:multi_turn_base`, which the package `bfcl-eval` holds."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a dataset is read."""

    layout: Layout | None = None
    """How texts are to be read; by default from the columns, and as a dialogue where these do not tell."""
    fields: tuple[str, ...] = ()
    """Fields of rows that are labels."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Samples, and where they are from."""

    name: str
    samples: tuple[Sample, ...]
    layout: Layout
    categories: Categories = field(default_factory=dict[str, tuple[str, ...]])
    path: Path | None = None
    """The file."""
    rows: tuple[JsonObject, ...] = ()
    """What the file has for each sample, where that is all of it: so that samples are written as they were."""
    notes: tuple[str, ...] = ()
    """What a reader of a report should know of it."""
    form: str = "samples"
    """The format that it was read as."""

    def lines(self, places: Iterable[int]) -> bytes:
        """Some of the samples as JSON lines, as their file has them where it can."""
        if self.rows:
            return b"".join(encode(self.rows[place]) + b"\n" for place in places)
        return b"".join(sample_row(self.samples[place]) + b"\n" for place in places)

    def with_categories(self, categories: Categories) -> "Dataset":
        """The dataset with the labels of these words as well: the first that stands in a text, as a whole word."""
        samples = tuple(_labelled(one, categories) for one in self.samples) if categories else self.samples
        return replace(self, samples=samples, categories=categories)


def _labelled(sample: Sample, categories: Categories) -> Sample:
    found = {name: (words_found(sample.text, words) or [OTHER])[0] for name, words in categories.items()}
    return sample.model_copy(update={"attributes": {**found, **sample.attributes}})


def read_dataset(name: str, options: ReadOptions = ReadOptions()) -> Dataset:
    """Read a dataset.

    Args:
        name: A file (JSON lines, JSON, CSV, Parquet), a folder of `run` or `make`, or `bfcl:CATEGORY`.
        options: How it is read.

    Raises:
        RecordError: it cannot be read, is empty, or is of no format that is known; the message says what and where.
    """
    path = bfcl_file(name.removeprefix(BFCL_PACKAGE)) if name.startswith(BFCL_PACKAGE) else Path(name)
    if path.is_dir() and (path / TRAJECTORIES).is_file():
        path /= TRAJECTORIES
    rows = [*read_rows(path)]
    if not rows:
        raise RecordError(f"{path} holds no samples")
    form = _format_of(path, rows, options.layout)
    samples = [*_guarded(form.read, rows)]
    if options.fields:
        if len(samples) != len(rows):
            raise RecordError(f"{path}: a sample is made of several rows here, so no field of a row can be its label")
        samples = [with_field(*pair, options.fields) for pair in zip(samples, rows, strict=True)]
    return Dataset(
        str(name),
        tuple(samples),
        options.layout or samples[0].layout,
        categories_beside(path),
        path,
        tuple(row.values for row in rows) if form.is_whole else (),
        (form.note,) if form.note else (),
        form.name,
    )


def _guarded(read: "Reader", rows: Sequence[Row]) -> Iterator[Sample]:
    """The samples of rows; a row of another shape than its format has is told by its place."""
    current = rows[0]

    def watched() -> Iterator[Row]:
        nonlocal current
        for row in rows:
            current = row
            yield row

    try:
        yield from read(watched())
    except (KeyError, TypeError, AttributeError, IndexError, ValidationError, EncodingError) as problem:
        reason = describe_error(problem) if isinstance(problem, ValidationError) else str(problem)
        raise RecordError(f"{current.where}: the row is not of the format that its columns say: {reason}") from None


Reader = Callable[[Iterable[Row]], Iterator[Sample]]


@dataclass(frozen=True, slots=True)
class _Format:
    """How the rows of a file are read."""

    name: str
    read: Reader
    is_whole: bool = True
    """Whether a row has all of a sample."""
    note: str = ""


def _format_of(path: Path, rows: Sequence[Row], layout: Layout | None) -> _Format:
    columns = rows[0].values.keys()
    if "turns" in columns:
        return _Format("samples of toolworld", _own_samples)
    if {"data", "Data"} & columns:
        known = layout or _layout_of(rows)
        return _Format(f"texts of the layout {known}", partial(layout_samples, layout=known))
    if layout is not None and not {"question", "Filled_Template", "context"} & columns:
        raise RecordError(
            f"{rows[0].where}: --layout says how a text is laid out, and these rows have no column `data`"
        )
    if "question" in columns and isinstance(rows[0].values["question"], list):
        answers = bfcl_answers(path)
        known = [*read_rows(answers)] if answers.is_file() else []
        note = "" if known else f"{path.name} has no answers in {answers.parent.name}/, so its samples have no calls"
        return _Format("BFCL", partial(bfcl_samples, answers=known), is_whole=False, note=note)
    if "initial_digest" in columns:
        return _Format("trajectories", partial(trajectory_samples, verdicts=_verdicts_beside(path)))
    for column, (name, read) in _READERS.items():
        if column in columns:
            return _Format(name, read, is_whole=column != "Filled_Template")
    has = ", ".join(f"`{one}`" for one in columns) or "none"
    known = ", ".join(["data", "turns", "question", "initial_digest", *_READERS])
    raise RecordError(f"{path}: no format is known with the columns {has}; known ones have one of {known}")


def _own_samples(rows: Iterable[Row]) -> Iterator[Sample]:
    return (parse_record(Sample, encode(row.values), row.where) for row in rows)


_READERS: dict[str, tuple[str, Reader]] = {
    "Filled_Template": ("T1", t1_samples),
    "context": ("ACPBench", acp_samples),
    "truth": ("tasks", task_samples),
    "user_scenario": ("tasks of tau2-bench", tau2_samples),
    "conversation_id": ("conversation records", conversation_samples),
    "messages": ("OpenAI messages", chat_samples),
    "conversations": ("ShareGPT", sharegpt_samples),
}
"""By the column that tells a format."""


def _layout_of(rows: Sequence[Row]) -> Layout:
    """The layout of rows with a text, from what they have beside it."""
    row = rows[0]
    said = row.get("layout")
    if said is not None:
        if said not in get_args(Layout):
            raise RecordError(f"{row.where}: `layout` is {', '.join(get_args(Layout))}, and not {said!r}")
        return cast(Layout, said)
    text = row.text("data", "Data").lstrip()
    if row.get("tool_calls", "Tool Calls", "Tool Call") is None and row.get("output", "Output") is not None:
        return "acp"
    if text.startswith("user:") and not any("assistant:" in one.text("data", "Data") for one in rows):
        return "bfcl"
    return "t1" if text.startswith("assistant:") else "dialogue"


def _verdicts_beside(path: Path) -> dict[str, Verdict]:
    place = path.with_name(VERDICTS)
    return {one.run_id: one for one in read_lines(place, Verdict).records} if place.is_file() else {}


def bfcl_file(category: str) -> Path:
    """The file of a category in the installed package `bfcl-eval`, which is not imported.

    Raises:
        RecordError: the package is not installed, or has no such category; the message names those that it has.
    """
    spec = find_spec("bfcl_eval")
    folders = [Path(place) / "data" for place in (spec.submodule_search_locations or ())] if spec else []
    if not folders:
        raise RecordError("bfcl: needs the package of BFCL: pip install --no-deps bfcl-eval")
    found = {path.stem.partition("_v4_")[2]: path for path in sorted(folders[0].glob("BFCL_v4_*.json"))}
    if category not in found:
        raise RecordError(f"BFCL has no category {category!r}; it has {', '.join(found)}")
    return found[category]


def sample_row(sample: Sample) -> bytes:
    """A sample as a line: as its layout has it where it came so, else as a record of toolworld."""
    if sample.data is None:
        return sample.json_bytes()
    row = {
        "id": sample.id,
        "data": sample.data,
        "layout": sample.layout,
        "tool_calls": sample.code or (None if sample.layout == "acp" else ""),
        "output": sample.output,
        "output_key": sample.output_key,
        "output_n_tokens": sample.output_words,
        "attrs": dict(sample.attributes) or None,
        "source_id": sample.source,
        "environment": sample.environment,
    }
    return encode({name: value for name, value in row.items() if value is not None})
