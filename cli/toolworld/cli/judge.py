"""`toolworld judge`: judge trajectories that were written earlier, or by others."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.choice import Choice, load_choice
from toolworld.cli.screen import MARKS, note_torn, plain, print_json, screen, table
from toolworld.datasets import Trajectory, Verdict
from toolworld.ground import NotFoundError, RecordError, read_lines, write_lines
from toolworld.judges import judge


def judge_file(
    trajectories: Annotated[Path, typer.Argument(help="A trajectories.jsonl.")],
    env: Annotated[list[str], typer.Option(help="The environments of the trajectories (repeat for several).")],
    tasks: Annotated[Path | None, typer.Option(help="A tasks.jsonl; by default the environments' own tasks.")] = None,
    faults: Annotated[str | None, typer.Option(help="The fault profile that the runs were played under.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the verdicts to this .jsonl.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
) -> None:
    """Judge every trajectory of a file.

    Example: toolworld judge out/demo/trajectories.jsonl --env library
    """
    shelf = anyio.run(load_choice, Choice(env, tasks, faults))
    known = {task.id: task for task in shelf.tasks}
    lines = read_lines(trajectories, Trajectory)
    note_torn(trajectories, lines.torn)
    if not lines.records:
        raise RecordError(f"{trajectories} holds no trajectories")
    if out is not None and out.resolve() == trajectories.resolve():
        raise RecordError(f"--out would replace {trajectories} itself")
    verdicts: list[Verdict] = []
    for run in lines.records:
        if run.task not in known:
            raise NotFoundError(f"{trajectories}: task {run.task} is not among the {len(known)} tasks at hand")
        verdicts.append(judge(known[run.task], run, shelf.runtime_of(known[run.task])))
    if out is not None:
        write_lines(out, verdicts)
    if as_json:
        print_json([verdict.model_dump(mode="json") for verdict in verdicts])
        return
    rows = table("Verdicts", ("run", "verdict", "check", "evidence"))
    for verdict in verdicts:
        for number, check in enumerate(verdict.checks):
            first = number == 0
            rows.add_row(
                verdict.trajectory if first else "",
                MARKS[verdict.outcome] if first else "",
                f"{check.name} {MARKS[check.outcome]}",
                plain("\n".join(check.evidence)),
            )
        if not verdict.checks and verdict.fault:
            rows.add_row(
                verdict.trajectory, MARKS["void"], "", plain(f"{verdict.fault.party}: {verdict.fault.message}")
            )
    counts = Counter(verdict.outcome for verdict in verdicts)
    screen().print(rows)
    screen().print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['void']} void of {len(verdicts)}")
