"""`toolworld regrade`: stored runs judged again after a task, a rubric or a judge was mended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.judging.file import EVALUATION
from toolworld.cli.commands.judging.rubric import EVALUATED, RUNS, RubricOptions, judge_by_rubric, note_unjudged
from toolworld.cli.options.models import ModelOptions, open_chosen_models
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, PlayedUnder, TasksFile
from toolworld.cli.screen import MARKS, count, plain, print_json, stdout_console, table
from toolworld.datasets import Verdict, read_verdicts
from toolworld.ground import Record, RecordError, UsageError, read_lines, write_lines
from toolworld.judges import (
    Change,
    Judgement,
    RepairHistory,
    built_in_rubrics,
    changed_judgements,
    changed_verdicts,
    judge_file,
    load_card,
    load_rubric,
)
from toolworld.rollout import TRAJECTORIES, VERDICTS

REGRADED = "regraded"
"""The folder of a new report, beside the runs."""
_SHOWN = 40


class _Evaluated(Record):
    """A line of `evaluated.jsonl`, for a trajectory."""

    verdict: Verdict
    judgement: Judgement
    repair: RepairHistory | None = None

    @property
    def is_reworked(self) -> bool:
        """Whether the judgement is of a version that repair made, and not of the run beside it."""
        return self.repair is not None and any(one.kept for one in self.repair.attempts)


@dataclass(slots=True)
class _Found:
    """What came of judging again."""

    runs: int
    """Those that were judged now."""
    changes: list[Change]
    unknown: list[str] = field(default_factory=list[str])
    """Runs that had not been judged before."""
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Runs that cannot be judged again, each with why."""
    gone: list[str] = field(default_factory=list[str])
    """Runs that had been judged before, and are not there any more."""


def regrade(
    trajectories: Annotated[Path, typer.Argument(help="A trajectories.jsonl, or a folder of `run` or `make`.")],
    env: Annotated[list[str], typer.Option(help="The environments of the trajectories (repeat for several).")],
    tasks: TasksFile = None,
    faults: PlayedUnder = None,
    before: Annotated[
        Path | None,
        typer.Option(help="What was judged before; by default the verdicts.jsonl or evaluation/ beside the runs."),
    ] = None,
    judges: Annotated[
        list[str] | None,
        typer.Option("--judge", help=f"A model that judges what the checks leave open ({MODEL_NAMES})."),
    ] = None,
    rubric: Annotated[
        str | None, typer.Option(help=f"Judge by a rubric again: {', '.join(built_in_rubrics())}, or a file.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, max=16, help="With --rubric: how often each judge is asked.")] = 1,
    calibration: Annotated[
        Path | None, typer.Option(help="With --rubric: the card of `judge calibrate` that the judgements cite.")
    ] = None,
    budget: BudgetText = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help=f"Write the new verdicts to this .jsonl; with --rubric, the folder of the report ({REGRADED})."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge stored runs again after a task, a rubric or a judge was mended, and list what changed.

    Nothing is played: the runs are as they were. What was judged before is not replaced. Exit code 2 if a run cannot
    be judged again: its environment is another one now, or its judge gives no answer any more.

    Example: toolworld regrade out/demo --env library
    """
    if trajectories.is_dir():
        trajectories /= TRAJECTORIES
    suite = SuiteOptions(tuple(env), tasks, faults=faults)
    models = ModelOptions(judge=judges[0] if judges else None, budget=budget)
    if rubric is None:
        if samples != 1 or calibration is not None or len(judges or ()) > 1:
            raise UsageError("--samples, --calibration and several judges are for --rubric")
        old = before or trajectories.parent / VERDICTS
        found = anyio.run(_by_checks, trajectories, suite, models, old, out)
    else:
        folder = out or trajectories.parent / REGRADED
        old = before or trajectories.parent / EVALUATION / EVALUATED
        old = old / EVALUATED if old.is_dir() else old
        card = load_card(calibration) if calibration else None
        options = RubricOptions(load_rubric(rubric), judges or (), samples, folder, card, lists_refused=True)
        found = anyio.run(_by_rubric, trajectories, suite, models, options, old)
    if as_json:
        print_json(
            {
                "runs": found.runs,
                "changes": [one.model_dump(mode="json") for one in found.changes],
                "not_judged_before": found.unknown,
                "gone": found.gone,
                "not_judged_again": [{"run": run, "why": why} for run, why in found.refused],
            }
        )
    else:
        _show(found)
    if found.refused:
        run, why = found.refused[0]
        raise UsageError(f"{count(len(found.refused), 'run')} cannot be judged again; {run}: {why}")


async def _by_checks(path: Path, suite: SuiteOptions, models: ModelOptions, old: Path, out: Path | None) -> _Found:
    _refuse_to_replace(out, path, old)
    before = {one.trajectory: one for one in read_verdicts(old)}
    async with open_chosen_models(models, "regrade", suite.trusted) as opened:
        judged = await judge_file(path, await load_chosen_suite(suite), opened.judge, lists_refused=True)
    note_unjudged(path, judged)
    verdicts = [verdict for _, verdict in judged.runs]
    if out is not None:
        write_lines(out, verdicts)
    return _Found(
        runs=len(verdicts),
        changes=[*changed_verdicts(before, verdicts)],
        unknown=[one.trajectory for one in verdicts if one.trajectory not in before],
        refused=[(run.id, why) for run, why in judged.refused],
        gone=_gone(before, [run.id for run, _ in (*judged.runs, *judged.refused)]),
    )


def _gone(before: Iterable[str], now: Sequence[str]) -> list[str]:
    there = {*now}
    return [run for run in before if run not in there]


async def _by_rubric(
    path: Path, suite: SuiteOptions, models: ModelOptions, options: RubricOptions, old: Path
) -> _Found:
    _refuse_to_replace(options.out / EVALUATED, path, old)
    rows = read_lines(old, _Evaluated).records
    reworked = next((row.judgement.run for row in rows if row.is_reworked), None)
    if reworked is not None and path.parent != old.parent:
        raise UsageError(f"{old} judges repaired runs, such as {reworked}; they stand in {old.parent / RUNS}")
    before = {row.judgement.run: row.judgement for row in rows}
    other = next((one.rubric for one in before.values() if one.rubric != options.rubric.name), None)
    if other is not None:
        raise UsageError(f"{old} was judged by the rubric {other}, and this is {options.rubric.name}")
    evaluation = await judge_by_rubric(path, suite, models, options)
    now = [one.run for one in evaluation.judgements]
    failed = [
        (one.run, one.failure)
        for one in evaluation.judgements
        if one.failure is not None and one.blame is None and not (one.run in before and before[one.run].failure)
    ]
    return _Found(
        runs=len(now) - len(failed),
        changes=[*changed_judgements(before, evaluation.judgements)],
        unknown=[run for run in now if run not in before],
        refused=[*evaluation.refused, *failed],
        gone=_gone(before, [*now, *(run for run, _ in evaluation.refused)]),
    )


def _refuse_to_replace(out: Path | None, *paths: Path) -> None:
    for path in paths:
        if out is not None and out.resolve() == path.resolve():
            raise RecordError(f"--out would replace {path} itself")


def _show(found: _Found) -> None:
    console = stdout_console()
    if found.changes:
        rows = table("Judged otherwise than before", ("run", "before", "after", "where", "why"))
        for one in found.changes[:_SHOWN]:
            marks = [f"{MARKS.get(word, word)}{_number(value)}" for word, value in _sides(one)]
            rows.add_row(plain(one.run), *marks, plain(", ".join(one.where)), plain(one.why[:300]))
        console.print(rows)
        if len(found.changes) > _SHOWN:
            console.print(f"and {len(found.changes) - _SHOWN} more (--json has them all)")
    compared = found.runs - len(found.unknown)
    console.print(
        f"{count(compared, 'run')} judged again: {compared - len(found.changes)} as before, "
        f"{len(found.changes)} otherwise"
    )
    if found.unknown:
        console.print(
            f"{count(len(found.unknown), 'run')} had not been judged before, such as {plain(found.unknown[0])}"
        )

    if found.gone:
        console.print(
            f"{count(len(found.gone), 'run')} judged before, and not there now, such as {plain(found.gone[0])}"
        )
    for run, why in found.refused[:_SHOWN]:
        console.print(f"[yellow]not judged again[/] {plain(run)}: {plain(why)}")


def _sides(change: Change) -> Sequence[tuple[str, float | None]]:
    return (change.before, change.before_reward), (change.after, change.after_reward)


def _number(value: float | None) -> str:
    return "" if value is None else f" {value:.3g}"
