"""`toolworld judge calibrate`: how often the checks, and judges by model, are right."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import anyio
import typer

from toolworld.cli.commands.judging.known_runs import labelled_runs, made_runs
from toolworld.cli.options.models import ModelOptions, open_chosen_models, show_costs
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, CacheFile, PricesFile, TasksFile, Trust
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.ground import UsageError, os_reason, write_atomically, write_lines
from toolworld.judges import (
    Calibration,
    CalibrationCard,
    Calibrator,
    CardFile,
    JudgeCost,
    Rubric,
    built_in_rubrics,
    card_page,
    load_rubric,
)
from toolworld.llm import LedgerEntry
from toolworld.rollout import TRAJECTORIES

CARD, PAGE, LABELS, MISSES = "calibration.json", "calibration.md", "labels.jsonl", "misses.jsonl"
_USUAL_RUNS, _USUAL = 200, "synthtools"
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be measured, and on what."""

    suite: SuiteOptions
    models: Sequence[str]
    rubric: Rubric
    samples: int
    repeats: int
    most: int | None
    """How many runs, evenly over their kinds; None for all."""
    seed: int
    runs: Path | None
    labels: Path | None
    out: Path


def calibrate(
    env: Annotated[list[str], typer.Option(help="The environments whose tasks are played (repeat for several).")],
    tasks: TasksFile = None,
    judges: Annotated[
        list[str] | None,
        typer.Option("--judge", help=f"A model that judges ({MODEL_NAMES}); repeat it for a panel."),
    ] = None,
    rubric: Annotated[
        str | None,
        typer.Option(
            help=f"The rubric of the models: {', '.join(built_in_rubrics())}, or a file; by default {_USUAL}."
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option("--n", min=2, help=f"How many runs, evenly over their kinds; {_USUAL_RUNS} for models, else all."),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, max=16, help="How often each model is asked about a run.")] = 1,
    repeats: Annotated[
        int, typer.Option(min=1, max=5, help="How often each run is judged, to see if a judge agrees with itself.")
    ] = 1,
    runs: Annotated[
        Path | None, typer.Option(help="Trajectories that people labelled, instead of runs made for this.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help='Their labels: JSONL of {"run": ID, "good": true, "kind": ..., "by": NAME}.')
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides which runs are chosen.")] = 0,
    out: Annotated[Path, typer.Option(help="The folder for the card, its page, the labels and the misses.")] = Path(
        "calibration"
    ),
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Measure how often the checks and judges by model are right.

    Each task is played right, right in other ways, and with each kind of mistake that it leaves room for. Printed are
    precision, recall and false alarms with intervals, by kind of run, and how far judges agree. The card is for
    `judge FILE --calibration CARD`, whose judgements cite it.

    Example: toolworld judge calibrate --env library --judge local --n 40 --out calibration
    """
    if (runs is None) != (labels is None):
        raise UsageError("--runs and --labels belong together: trajectories, and what people say of them")
    models = tuple(judges or ())
    if runs is not None and n is not None:
        raise UsageError("--n chooses among runs that are made for it; all that people labelled are taken")
    if not models and (samples != 1 or repeats != 1 or rubric is not None):
        raise UsageError("--rubric, --samples and --repeats are for --judge; the checks always say the same")
    plan = _Plan(
        suite=SuiteOptions(tuple(env), tasks, trusted=trust),
        models=models,
        rubric=load_rubric(rubric or _USUAL),
        samples=samples,
        repeats=repeats,
        most=n if n is not None else _USUAL_RUNS if models else None,
        seed=seed,
        runs=runs,
        labels=labels,
        out=out,
    )
    options = ModelOptions(judge=models[0] if models else None, budget=budget, prices=prices, cache=model_cache)
    _prepare(out, [one for one in (runs, labels, tasks) if one is not None])
    found = anyio.run(_calibrated, plan, options)
    if as_json:
        print_json(CardFile(id=found.calibration.card.id, card=found.calibration.card).model_dump(mode="json"))
        return
    show_costs(found.costs)
    _show(found.calibration, out)


class _Found(NamedTuple):
    calibration: Calibration
    costs: Sequence[LedgerEntry]


def _prepare(out: Path, inputs: Sequence[Path]) -> None:
    """Make the folder, unless it holds something else."""
    if out.is_dir() and any(out.iterdir()) and not (out / CARD).is_file():
        raise UsageError(f"--out {out} is not empty, and holds no calibration; name another folder")
    for path in inputs:
        if path.resolve().parent == out.resolve():
            raise UsageError(f"--out {out} is where {path.name} stands, which might be replaced; name another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"--out {out} cannot be made a folder: {os_reason(problem)}") from None


async def _calibrated(plan: _Plan, options: ModelOptions) -> _Found:
    """Make or read the runs, ask about them, and write what came of it."""
    suite = await load_chosen_suite(plan.suite)
    if not suite.tasks:
        raise UsageError("there is no task to play; --tasks names a file of them")
    if plan.runs is None or plan.labels is None:
        known, trajectories = await made_runs(suite, plan.most, plan.seed)
    else:
        known, trajectories = await labelled_runs(suite, plan.runs, plan.labels), None
    sorts = {one.label.good for one in known}
    if len(sorts) < 2:
        raise UsageError(f"all {len(known)} runs are {'right' if True in sorts else 'wrong'}; both sorts are needed")
    async with open_chosen_models(options, "calibrate", plan.suite.trusted) as opened:
        models = [await opened.models.get(name, "judge") for name in plan.models]
        calibrator = Calibrator(models, plan.rubric, samples=plan.samples, repeats=plan.repeats)
        with progress("judging") as bar:
            panels = len(models) + (len(models) > 1)
            line = bar.add_task("", total=len(known) * (panels * plan.repeats + bool(models)) or None)
            made = await calibrator.calibrate(known, lambda: bar.advance(line))
        costs = opened.models.ledger.entries
    lost = [name for name, times in made.card.failures.items() if times == len(known)]
    if lost:
        why = next(one.why for one in made.misses if one.judge == lost[0])
        raise UsageError(f"{lost[0]} gave no answer that can be used about any of {len(known)} runs: {why}")
    card = made.card.model_copy(update={"cost": _cost(costs)}) if models else made.card
    calibration = Calibration(card, made.misses)
    if trajectories is not None:
        write_lines(plan.out / TRAJECTORIES, trajectories)
    file = CardFile(id=card.id, card=card)
    write_atomically(plan.out / CARD, file.model_dump_json(indent=2).encode() + b"\n")
    write_atomically(plan.out / PAGE, card_page(card).encode())
    write_lines(plan.out / LABELS, [one.label for one in known])
    write_lines(plan.out / MISSES, calibration.misses)
    return _Found(calibration, costs)


def _cost(entries: Sequence[LedgerEntry]) -> JudgeCost:
    is_priced = all(one.priced for one in entries)
    return JudgeCost(
        completions=sum(one.paid.completions for one in entries),
        tokens=sum(one.paid.tokens for one in entries),
        cost_usd=sum(one.paid.cost_usd for one in entries) if is_priced else None,
    )


def _show(calibration: Calibration, out: Path) -> None:
    card = calibration.card
    console = stdout_console()
    heads = ("precision", "recall", "false alarms", "undecided")
    rows = table(f"Calibration {card.id}, on {card.runs} runs", ("judge", *heads))
    for one in card.rates:
        rows.add_row(plain(one.judge), *(rate.text for rate in one.overall))
    console.print(rows)
    console.print(_kinds(card))
    for pair in card.agreements:
        share = "–" if pair.share is None else f"{pair.share:.1%}"
        kappa = "–" if pair.kappa is None else f"{pair.kappa:.2f}"
        console.print(plain(f"{pair.one} and {pair.other} say the same of {share} of {pair.runs} runs, kappa {kappa}"))
    for one in card.rates:
        if one.warning:
            console.print(f"[red]{plain(one.judge)} {one.warning}[/]")
    for name, lost in card.failures.items():
        console.print(f"[yellow]{plain(name)} gave no answer that can be used about {count(lost, 'run')}[/]")
    wrong = [one for one in calibration.misses if one.passes is not None]
    for miss in wrong[:_SHOWN]:
        how = "fails the right" if miss.label.good else "passes the wrong"
        console.print(
            f"{plain(miss.judge)} {how} run {plain(miss.label.run)} ({plain(miss.label.kind)}): {plain(miss.why[:200])}"
        )
    if len(wrong) > _SHOWN:
        console.print(f"and {len(wrong) - _SHOWN} more")
    if calibration.misses:
        console.print(f"All, and those of which a judge cannot say, stand in {plain(str(out / MISSES))}")
    console.print(f"The card is {plain(str(out / CARD))}, its page {plain(str(out / PAGE))}")


def _kinds(card: CalibrationCard) -> object:
    names = [one.judge for one in card.rates]
    rows = table("Share that fails, by kind", ("kind", "is", "runs", *names), fixed=("runs",))
    for number, first in enumerate(card.rates[0].by_kind):
        shares: list[str] = []
        for one in card.rates:
            kind = one.by_kind[number]
            share = "–" if kind.share.value is None else f"{kind.share.value:.1%}"
            shares.append(f"{share} ({kind.undecided} ?)" if kind.undecided else share)
        rows.add_row(plain(first.kind), "right" if first.good else "wrong", str(first.runs), *shares)
    return rows
