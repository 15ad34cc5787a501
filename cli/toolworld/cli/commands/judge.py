"""`toolworld judge`: judge trajectories that were written earlier, or by others."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.models import ModelOptions, open_chosen_models
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import MODEL_NAMES, AsJson, BudgetText, EnvOption, PlayedUnder, TasksFile
from toolworld.cli.screen import MARKS, count, note_torn, plain, print_json, stderr_console, stdout_console, table
from toolworld.datasets import Verdict
from toolworld.ground import RecordError, write_lines
from toolworld.judges import JudgedFile, judge_file
from toolworld.rollout import TRAJECTORIES


def judge(
    trajectories: Annotated[Path, typer.Argument(help="A trajectories.jsonl, or a folder of `run`.")],
    env: EnvOption,
    tasks: TasksFile = None,
    faults: PlayedUnder = None,
    model: Annotated[
        str | None,
        typer.Option("--judge", help=f"A model that judges statements ({MODEL_NAMES}); else they are skipped."),
    ] = None,
    budget: BudgetText = None,
    out: Annotated[Path | None, typer.Option(help="Write the verdicts to this .jsonl.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge every trajectory of a file.

    Example: toolworld judge out/demo/trajectories.jsonl --env library
    """
    if trajectories.is_dir():
        trajectories /= TRAJECTORIES
    if out is not None and out.resolve() == trajectories.resolve():
        raise RecordError(f"--out would replace {trajectories} itself")
    models = ModelOptions(judge=model, budget=budget)
    judged = anyio.run(_judge, trajectories, SuiteOptions(tuple(env), tasks, faults=faults), models)
    note_torn(trajectories, judged.torn)
    if judged.repeated:
        lines = count(judged.repeated, "line")
        stderr_console().print(f"[yellow]{lines} of {plain(str(trajectories))} repeat a run; its last line counts[/]")
    if judged.untasked:
        stderr_console().print(f"[yellow]{count(judged.untasked, 'run')} for no task, not judged[/]")
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
