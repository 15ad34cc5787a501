"""What is known of a run: whether it is right, and what kind of run it is."""

from collections import Counter
from pathlib import Path

from toolworld.ground import Record, RecordError, read_lines

DERIVED = "derived"
"""Who labelled a run that was made right or wrong on purpose."""
SOMEBODY = "somebody"
"""Who labelled a run in a file that does not say who."""


class Label(Record):
    """What somebody knows of a run."""

    run: str
    """The id of the trajectory."""
    good: bool
    """Whether a judge has to pass it."""
    kind: str = "labelled"
    """What is right or wrong in it, such as `dropped_write`."""
    by: str = DERIVED
    """Who says so: a person's name, or `derived` where the run was made so."""


def read_labels(path: Path) -> dict[str, Label]:
    """The labels that people gave in a JSONL file, by run.

    Raises:
        RecordError: the file cannot be read, is cut off, holds none, or labels a run twice.
    """
    lines = read_lines(path, Label)
    if lines.torn:
        raise RecordError(f"{path}: the last line is cut off ({lines.torn} bytes); mend it, or take it out")
    if not lines.records:
        raise RecordError(f"{path} holds no labels")
    twice = [run for run, times in Counter(one.run for one in lines.records).items() if times > 1]
    if twice:
        raise RecordError(f"{path}: run {twice[0]} is labelled twice; leave one of the two")
    return {one.run: one if one.by != DERIVED else one.model_copy(update={"by": SOMEBODY}) for one in lines.records}
