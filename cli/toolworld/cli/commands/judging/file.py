"""`toolworld judge`: judge trajectories that were written earlier, or by others."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.judging.rubric import (
    RubricOptions,
    end_below_bar,
    judge_by_rubric,
    note_unjudged,
    show_evaluation,
)
from toolworld.cli.options.models import ModelOptions, open_chosen_models
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, PlayedUnder, TasksFile
from toolworld.cli.screen import MARKS, plain, print_json, stdout_console, table
from toolworld.datasets import Verdict
from toolworld.ground import RecordError, UsageError, write_lines
from toolworld.judges import JudgedFile, built_in_rubrics, judge_file, load_card, load_rubric
from toolworld.rollout import TRAJECTORIES


def judge(
    trajectories: Annotated[
        Path, typer.Argument(help="A trajectories.jsonl, a folder of `run`, or conversation records (with --rubric).")
    ],
    env: Annotated[
        list[str] | None,
        typer.Option(help="The environments of the trajectories (repeat for several); conversation records have none."),
    ] = None,
    tasks: TasksFile = None,
    faults: PlayedUnder = None,
    judges: Annotated[
        list[str] | None,
        typer.Option(
            "--judge",
            help=f"A model that judges what the checks leave open ({MODEL_NAMES}); with --rubric repeat it for a "
            "panel. Without one, statements are skipped.",
        ),
    ] = None,
    rubric: Annotated[
        str | None,
        typer.Option(help=f"Judge by a rubric as well: {', '.join(built_in_rubrics())}, or a .toml or .json file."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=1, max=5, help="With --rubric: the least mean score, from 1 to 5.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, max=16, help="With --rubric: how often each judge is asked.")] = 1,
    calibration: Annotated[
        Path | None, typer.Option(help="With --rubric: the card of `judge calibrate` that the judgements cite.")
    ] = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="With --rubric: the first judge mends runs that fail: their words, or by playing again."
        ),
    ] = False,
    max_repairs: Annotated[
        int | None, typer.Option(min=1, max=10, help="How often a run is tried to repair; by default twice.")
    ] = None,
    budget: BudgetText = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the verdicts to this .jsonl; with --rubric, the folder of the report (`evaluation`)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge every trajectory of a file.

    With --rubric, conversation records as well; the exit code is 2 if they are not good enough.

    Example: toolworld judge out/demo/trajectories.jsonl --env library
    """
    if trajectories.is_dir():
        trajectories /= TRAJECTORIES
    models = ModelOptions(judge=judges[0] if judges else None, budget=budget)
    suite = SuiteOptions(tuple(env), tasks, faults=faults) if env else None
    if suite is None and (tasks is not None or faults is not None):
        raise UsageError("--tasks and --faults are for trajectories, which need --env")
    if max_repairs is not None and not repair:
        raise UsageError("--max-repairs is for --repair")
    if rubric is not None:
        options = RubricOptions(
            load_rubric(rubric, threshold),
            judges or (),
            samples,
            out or trajectories.parent / EVALUATION,
            load_card(calibration) if calibration else None,
            (max_repairs or _USUAL_REPAIRS) if repair else 0,
        )
        _evaluate(trajectories, suite, models, options, as_json=as_json)
        return
    if threshold is not None or samples != 1 or calibration is not None or repair or len(judges or ()) > 1:
        raise UsageError("--threshold, --samples, --calibration, --repair and several judges are for --rubric")
    if suite is None:
        raise UsageError("--env names the environments of the trajectories; only --rubric can do without")
    _judge_trajectories(trajectories, suite, models, out, as_json=as_json)


def _evaluate(
    trajectories: Path, suite: SuiteOptions | None, models: ModelOptions, options: RubricOptions, *, as_json: bool
) -> None:
    """Judge by a rubric; the exit code is 2 where the runs are not good enough."""
    if options.most_repairs and not options.judges:
        raise UsageError("--repair needs --judge, the model that mends")
    evaluation = anyio.run(judge_by_rubric, trajectories, suite, models, options)
    if as_json:
        print_json(evaluation.report.model_dump(mode="json"))
    else:
        show_evaluation(evaluation, options.out)
    end_below_bar(evaluation.report)


_USUAL_REPAIRS = 2
EVALUATION = "evaluation"
"""The folder of a report, beside the file that was judged."""


def _judge_trajectories(
    trajectories: Path, suite: SuiteOptions, models: ModelOptions, out: Path | None, *, as_json: bool
) -> None:
    if out is not None and out.resolve() == trajectories.resolve():
        raise RecordError(f"--out would replace {trajectories} itself")
    judged = anyio.run(_judge, trajectories, suite, models)
    note_unjudged(trajectories, judged)
    verdicts = [verdict for _, verdict in judged.runs]
    if out is not None:
        write_lines(out, verdicts)
    if as_json:
        print_json([verdict.model_dump(mode="json") for verdict in verdicts])
    else:
        _show(verdicts)


async def _judge(trajectories: Path, options: SuiteOptions, models: ModelOptions) -> JudgedFile:
    async with open_chosen_models(models, "judge", options.trusted) as opened:
        return await judge_file(trajectories, await load_chosen_suite(options), opened.judge)


def _show(verdicts: Sequence[Verdict]) -> None:
    rows = table("Verdicts", ("task", "verdict", "check", "evidence"))
    for verdict in verdicts:
        head = (plain(f"{verdict.task}#{verdict.seed}"), MARKS[verdict.outcome])
        for number, check in enumerate(verdict.checks):
            shown = head if number == 0 else ("", "")
            rows.add_row(
                *shown, f"{check.name} {MARKS[check.outcome]}", plain("\n".join(one.text for one in check.evidence))
            )
        if not verdict.checks and verdict.blame:
            rows.add_row(*head, "", plain(f"{verdict.blame.party}: {verdict.blame.message}"))
    counts = Counter(verdict.outcome for verdict in verdicts)
    rewards = [verdict.reward for verdict in verdicts if verdict.reward is not None]
    mean = f"; mean reward {sum(rewards) / len(rewards):.3f}" if rewards else ""
    stdout_console().print(rows)
    stdout_console().print(
        f"{counts['pass']} passed, {counts['fail']} failed, {counts['unclear']} unclear, {counts['void']} void "
        f"of {len(verdicts)}{mean}"
    )
