"""Sweeps: a perturbation at several strengths, each made and measured once, resumed where it stopped."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from toolworld.datasets.evaluation.evaluate import EvaluationOptions, evaluate
from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.perturbation.methods import PerturbationOptions, check_method, perturb
from toolworld.datasets.perturbation.perturbed import Perturbed
from toolworld.datasets.samples.reading import Dataset, sample_row
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import Checkpoint, JsonObject, Record, UsageError, digest, run_jobs, write_atomically
from toolworld.llm import Usage

POINTS = "sweep.jsonl"
Trend = Literal["rises", "falls", "same", "mixed"]
_ALIKE = 1e-9


class SweepPoint(Record):
    """A dataset at one strength of a perturbation, measured beside the one that it was made from."""

    method: str
    value: float
    seed: int
    samples: int
    changed: int
    rejected: int
    seconds: float
    """How long making and measuring took, by the clock."""
    usage: Usage = Usage()
    """What models cost."""
    measures: dict[str, float]
    """The value of each measure that could be computed."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is swept, and how it is measured."""

    method: str
    values: tuple[float, ...]
    options: PerturbationOptions
    evaluation: EvaluationOptions
    vectors: Callable[[Sequence[Sample]], Awaitable[VectorTable | None]]
    """Gives the vectors of samples; None where there are none."""
    usage: Callable[[], Usage] = Usage
    """What models have cost so far."""
    settings: Mapping[str, str] | None = None
    """What else the points of a file have in common, such as the model."""


async def sweep(
    real: Dataset, plan: Sweep, out: Path, on_point: Callable[[SweepPoint], None] = lambda _: None
) -> list[SweepPoint]:
    """Make and measure a dataset at each strength; datasets and points are written, and those that are there are kept.

    Args:
        real: The dataset that is perturbed, and that all are measured beside.
        plan: What is done.
        out: A folder: `sweep.jsonl` holds the points, `METHOD-VALUE.jsonl` the datasets.
        on_point: Told of each point.

    Raises:
        UsageError: the method cannot be used on this dataset.
        ModelError: a model does not answer.
        RecordError: the folder cannot be written, or holds points of another dataset or other settings.
    """
    settings: JsonObject = {
        "dataset": digest([sample_row(one).decode() for one in real.samples]),
        "seed": plan.options.seed,
        "original": plan.options.original,
        "label": plan.options.label or "usual",
        "classes": plan.options.classes,
        "copies of": [*plan.options.positions],
        "categories": {name: [*words] for name, words in (plan.evaluation.categories or {}).items()},
        "drawn at most": plan.evaluation.most_samples,
        **(plan.settings or {}),
    }
    _check(plan, out)
    found: dict[float, SweepPoint] = {}

    async def measure(value: float) -> SweepPoint:
        began, before = time.monotonic(), plan.usage()
        made = await perturb(real.samples, plan.method, value, plan.options)
        if not made.samples:
            raise UsageError(f"{plan.method} {value:g}: no sample came of it; {made.record.rejected[0].reason}")
        write_perturbed(made, out / f"{plan.method}-{value!r}.jsonl")
        synthetic = Dataset(f"{plan.method} {value:g}", made.samples, real.layout)
        table = await plan.vectors([*real.samples, *made.samples])
        report = evaluate(real, synthetic, vectors=table, options=plan.evaluation).report
        return SweepPoint(
            method=plan.method,
            value=value,
            seed=plan.options.seed,
            samples=len(made.samples),
            changed=made.record.changed,
            rejected=len(made.record.rejected),
            seconds=round(time.monotonic() - began, 3),
            usage=plan.usage() - before,
            measures={one.name: one.value for one in report.measures if one.value is not None},
        )

    async def keep(value: float, point: SweepPoint) -> None:
        found[value] = point
        on_point(point)

    def name_of(row: JsonObject) -> str:
        return _name(str(row["method"]), float(str(row["value"])))

    with Checkpoint(out / POINTS, SweepPoint, name_of, settings) as points:
        # One after the other: what models cost, and how long it takes, is counted point by point.
        await run_jobs(
            plan.values, measure, points, key=lambda one: _name(plan.method, one), on_result=keep, concurrency=1
        )
    return [found[value] for value in plan.values]


def _check(plan: Sweep, out: Path) -> None:
    """Refuse what cannot be swept, before a folder is made."""
    for value in plan.values:
        check_method(plan.method, value, plan.options)
    if out.exists() and not (out.is_dir() and ((out / POINTS).exists() or not any(out.iterdir()))):
        raise UsageError(f"{out} is there already, and holds no sweep; name another folder")


def _name(method: str, value: float) -> str:
    return f"{method} {value!r}"


def write_perturbed(made: Perturbed, path: Path) -> None:
    """Write a perturbed dataset, and beside it how it was made, with the ids that were changed and those rejected."""
    write_atomically(path.with_suffix(".made.json"), made.record.model_dump_json(indent=2).encode() + b"\n")
    write_atomically(path, b"".join(sample_row(one) + b"\n" for one in made.samples))


def trend_of(points: Sequence[SweepPoint], measure: str) -> Trend | None:
    """How a measure goes with the strength; None where it could not be computed at every one."""
    values = [one.measures[measure] for one in sorted(points, key=lambda one: one.value) if measure in one.measures]
    if len(values) < len(points) or len(values) < 2:
        return None
    steps = [after - before for before, after in pairwise(values)]
    reach = _ALIKE * max(1.0, *map(abs, values))
    if all(abs(step) <= reach for step in steps):
        return "same"
    if all(step >= -reach for step in steps):
        return "rises"
    return "falls" if all(step <= reach for step in steps) else "mixed"
