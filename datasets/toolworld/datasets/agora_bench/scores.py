"""Files of scores: what a model got for each item of a benchmark."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from toolworld.ground import Record, RecordError, each_line


def _as_number(value: object) -> object:
    return float(value) if isinstance(value, bool) else value


def _as_name(value: object) -> object:
    return str(value) if isinstance(value, int) else value


class Score(Record):
    """What a model got for an item: a line of a file of scores. Other fields are not read."""

    model_config = ConfigDict(extra="ignore")

    item: Annotated[str, BeforeValidator(_as_name)]
    score: Annotated[float, BeforeValidator(_as_number), Field(allow_inf_nan=False)]
    """From 0 to 1, say; only that more is better matters."""
    benchmark: str = "benchmark"


def read_scores(path: Path) -> dict[str, dict[str, float]]:
    """The scores of a model by benchmark and item. An item that stands there several times counts with its mean.

    Raises:
        RecordError: the file cannot be read, or holds none.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for one in each_line(path, Score):
        found.setdefault(one.benchmark, {}).setdefault(one.item, []).append(one.score)
    if not found:
        raise RecordError(f'{path} holds no score; a line is {{"benchmark": ..., "item": ..., "score": ...}}')
    return {
        benchmark: {item: sum(scores) / len(scores) for item, scores in items.items()}
        for benchmark, items in sorted(found.items())
    }
