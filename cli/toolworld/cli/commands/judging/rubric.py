"""`toolworld judge --rubric`: judge runs or conversation records by a rubric, and say whether they are good enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import typer

from toolworld.cli.commands.judging.records import ConversationInput, InputRecord, PlayAgain, TrajectoryInput
from toolworld.cli.commands.judging.repair import agent_plays_again, repair_all
from toolworld.cli.options.models import ModelOptions, OpenModels, open_chosen_models, show_costs
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.screen import count, note_torn, plain, progress, stderr_console, stdout_console, table
from toolworld.datasets import read_conversations
from toolworld.ground import RecordError, UsageError, encode, for_each, os_reason, write_atomically, write_lines
from toolworld.judges import (
    UNCALIBRATED,
    CalibrationCard,
    EvaluationReport,
    JudgedFile,
    Judgement,
    Repairer,
    RepairHistory,
    Rubric,
    RubricJudge,
    evaluation_report,
    judge_file,
    report_page,
)
from toolworld.llm import LedgerEntry
from toolworld.rollout import TRAJECTORIES

EVALUATED, REPORT, PAGE = "evaluated.jsonl", "evaluation_report.json", "evaluation_report.md"
RUNS = TRAJECTORIES
"""The runs after they were repaired."""
_AT_ONCE = 16
BELOW_BAR = 2
"""The exit code where the runs are not good enough."""


@dataclass(frozen=True, slots=True)
class RubricOptions:
    """What a person wrote about a rubric."""

    rubric: Rubric
    judges: Sequence[str]
    samples: int
    out: Path
    card: CalibrationCard | None = None
    """How often the judges are right."""
    most_repairs: int = 0
    """How often it is tried to repair a run that does not pass."""
    lists_refused: bool = False
    """Whether runs that do not fit the tasks at hand are listed, and the others judged."""


def _prepare(out: Path, path: Path, *, has_runs: bool) -> None:
    """Make the folder of a report, before anything is paid for."""
    names = (EVALUATED, REPORT, PAGE, RUNS) if has_runs else (EVALUATED, REPORT, PAGE)
    if any((out / name).resolve() == path.resolve() for name in names):
        raise UsageError(f"--out would replace {path} itself")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"--out {out} cannot be made a folder: {os_reason(problem)}") from None


class Evaluation(NamedTuple):
    """What came of judging a file."""

    report: EvaluationReport
    judgements: tuple[Judgement, ...]
    refused: tuple[tuple[str, str], ...]
    """Runs that do not fit the tasks at hand, each with why."""
    costs: tuple[LedgerEntry, ...]


async def judge_by_rubric(
    path: Path, suite: SuiteOptions | None, models: ModelOptions, options: RubricOptions
) -> Evaluation:
    """Judge each record of a file by a rubric, and write the judged records, the report and its page.

    Args:
        path: Trajectories, or conversation records where there is no suite.
        suite: The environments of the trajectories.
        models: The first of the judges, and what models may cost.
        options: The rubric.

    Raises:
        RecordError: the file cannot be read.
        UsageError: the output would replace it.
    """
    evaluated = options.out / EVALUATED
    _prepare(options.out, path, has_runs=bool(options.most_repairs))
    async with open_chosen_models(models, "judge", trusted=bool(suite and suite.trusted)) as opened:
        judges = [await opened.models.get(name, "judge") for name in options.judges]
        again = agent_plays_again(judges[0]) if options.most_repairs else None
        records, refused = await _records(path, suite, opened, again, lists_refused=options.lists_refused)
        if options.card is not None:
            options.card.require([model.name for model in judges], options.rubric, options.samples)
        citation = UNCALIBRATED if options.card is None else options.card.citation(has_checks=suite is not None)
        judge = RubricJudge(judges, options.rubric, samples=options.samples, calibration=citation)
        judgements = await _judgements(judge, records)
        histories: list[RepairHistory | None] = [None] * len(records)
        if options.most_repairs:
            repairer = Repairer(judges[0], judge, most=options.most_repairs)
            records, judgements, histories = await repair_all(repairer, records, judgements)
        costs = opened.models.ledger.entries
    tried = [one for one in histories if one is not None]
    report = evaluation_report(
        judgements, options.rubric, repairs_tried=len(tried), repaired=sum(one.repaired for one in tried)
    )
    rows = zip(records, judgements, histories, strict=True)
    lines = [encode(record.judged(judgement, history)) for record, judgement, history in rows]
    write_atomically(evaluated, b"".join(line + b"\n" for line in lines))
    if options.most_repairs and suite is not None:
        write_lines(options.out / RUNS, [one.trajectory for one in records if isinstance(one, TrajectoryInput)])
    write_atomically(options.out / REPORT, report.model_dump_json(indent=2).encode() + b"\n")
    write_atomically(options.out / PAGE, report_page(report, judgements).encode())
    return Evaluation(report, tuple(judgements), refused, tuple(costs))


async def _judgements(judge: RubricJudge, records: Sequence[InputRecord]) -> list[Judgement]:
    """The judgements of records, in their order."""
    found: dict[int, Judgement] = {}
    with progress("judged") as bar:
        task = bar.add_task("judged", total=len(records))

        async def judge_one(numbered: tuple[int, InputRecord]) -> None:
            number, record = numbered
            found[number] = await judge.judge(record.shown)
            bar.advance(task)

        await for_each(enumerate(records), judge_one, at_once=_AT_ONCE)
    return [found[number] for number in range(len(records))]


async def _records(
    path: Path,
    options: SuiteOptions | None,
    opened: OpenModels,
    play_again: PlayAgain | None,
    *,
    lists_refused: bool,
) -> tuple[Sequence[InputRecord], tuple[tuple[str, str], ...]]:
    """The records of a file, and the runs that do not fit the tasks at hand."""
    if options is None:
        try:
            conversations = read_conversations(path)
        except RecordError as problem:
            raise RecordError(f"{problem} (a file of trajectories needs --env, their environments)") from None
        return [ConversationInput.of(one) for one in conversations], ()
    suite = await load_chosen_suite(options)
    judged = await judge_file(path, suite, opened.judge, lists_refused=lists_refused)
    note_unjudged(path, judged)
    tasks = {one.id: one for one in suite.tasks}
    found = [
        TrajectoryInput(
            tasks[verdict.task],
            trajectory,
            verdict,
            suite.runtime_of(tasks[verdict.task]),
            statement_judge=opened.judge,
            play_again=play_again,
        )
        for trajectory, verdict in judged.runs
    ]
    return found, tuple((run.id, why) for run, why in judged.refused)


def note_unjudged(path: Path, judged: JudgedFile) -> None:
    """Say which lines of a file of trajectories were not judged."""
    note_torn(path, judged.torn)
    if judged.repeated:
        lines = count(judged.repeated, "line")
        stderr_console().print(f"[yellow]{lines} of {plain(str(path))} repeat a run; its last line counts[/]")
    if judged.untasked:
        stderr_console().print(f"[yellow]{count(judged.untasked, 'run')} for no task, not judged[/]")


def show_evaluation(evaluation: Evaluation, out: Path) -> None:
    """Print a report, and what its judges cost."""
    report = evaluation.report
    show_costs(evaluation.costs)
    rows = table(f"Judged by the rubric {plain(report.rubric)}", ("what", "value"))
    rate = "–" if report.pass_rate is None else f"{report.pass_rate:.1%}"
    figures = [
        ("runs", str(report.runs)),
        ("passed", str(report.passed)),
        ("failed", str(report.failed)),
        ("unclear", str(report.unclear)),
        ("not judged", str(report.not_judged)),
        ("pass rate", rate),
        *((f"mean of {item}", f"{value:.2f}") for item, value in report.means.items()),
        ("mean of all", "–" if report.mean_overall is None else f"{report.mean_overall:.2f}"),
        ("threshold", f"{report.threshold:g}"),
        *([("repaired", f"{report.repaired} of {report.repairs_tried}")] if report.repairs_tried else []),
        ("judges", f"{', '.join(report.judges)} ({report.calibration})" if report.judges else "none: the checks alone"),
    ]
    for name, value in figures:
        rows.add_row(name, plain(value))
    stdout_console().print(rows)
    stdout_console().print(f"The judged records, the report and its page are in {plain(str(out))}")


def end_below_bar(report: EvaluationReport) -> None:
    """End with exit code 2 where a report is below its bar, and say of what."""
    if not report.is_enough:
        stderr_console().print(f"[red]below the bar:[/] {plain(', '.join(report.below))}")
        raise typer.Exit(BELOW_BAR)
