"""`toolworld judge show`: a run beside its checks."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import PlayedUnder, TasksFile
from toolworld.cli.screen import MARKS, plain, stdout_console
from toolworld.datasets import Trajectory, Verdict
from toolworld.ground import NotFoundError, UsageError, encode, shortened
from toolworld.judges import JudgedFile, judge_file
from toolworld.rollout import TRAJECTORIES

_LONGEST = 300
"""How much of a result is shown, in characters."""


def show(
    trajectories: Annotated[Path, typer.Argument(help="A trajectories.jsonl, or a folder of `run` or `make`.")],
    run: Annotated[str, typer.Option(help="The run: its id or its task's.")],
    env: Annotated[list[str], typer.Option(help="The environments of the trajectories (repeat for several).")],
    tasks: TasksFile = None,
    faults: PlayedUnder = None,
    whole: Annotated[bool, typer.Option("--whole", help="Show results at their full length.")] = False,
) -> None:
    """Lay a run beside its checks: each piece of evidence stands at the turn that it speaks of.

    Example: toolworld judge show out/demo --run library/renew_one --env library
    """
    if trajectories.is_dir():
        trajectories /= TRAJECTORIES
    suite = SuiteOptions(tuple(env), tasks, faults=faults)
    judged = anyio.run(_judged, trajectories, suite)
    found = [(one, verdict) for one, verdict in judged.runs if run in (one.id, one.task, verdict.run)]
    if not found:
        some = ", ".join(one.id for one, _ in judged.runs[:3])
        raise NotFoundError(f"{trajectories} has no run {run!r}; there are {len(judged.runs)}, such as {some}")
    if len(found) > 1:
        raise UsageError(f"{run} has {len(found)} runs; name one: {', '.join(one.id for one, _ in found[:8])}")
    _show(*found[0], longest=None if whole else _LONGEST)


async def _judged(path: Path, options: SuiteOptions) -> JudgedFile:
    return await judge_file(path, await load_chosen_suite(options))


def _show(trajectory: Trajectory, verdict: Verdict, longest: int | None) -> None:
    console = stdout_console()
    console.print(f"[bold]{plain(trajectory.id)}[/], task {plain(verdict.task)}: {MARKS[verdict.outcome]}")
    at_turn, elsewhere = _evidence_by_turn(trajectory, verdict)
    for turn, message in enumerate(trajectory.messages):
        if message.content:
            who = {"assistant": "agent", "tool": "  result"}.get(message.role, message.role)
            text = message.content if longest is None or message.role != "tool" else shortened(message.content, longest)
            console.print(f"[dim]{turn:3}[/] [bold]{who}[/] {_indented(text)}", highlight=False)
        for call in message.tool_calls:
            arguments = plain(encode(call.arguments).decode())
            console.print(f"[dim]{turn:3}[/] [bold]  call[/] {plain(call.name)} {arguments}", highlight=False)
        for line in at_turn.get(turn, ()):
            console.print(f"        {line}", highlight=False)
    if trajectory.answer:
        console.print(f"    [bold]answer[/] {_indented(trajectory.answer)}", highlight=False)
    console.print()
    for check in verdict.checks:
        score = "" if check.score is None else f", score {check.score:.2f}"
        console.print(
            f"[bold]{plain(check.name)}[/] {MARKS[check.outcome]}{score}, {check.checked} of {check.to_check} looked at"
        )
        for line in elsewhere.get(check.name, ()):
            console.print(f"    {line}", highlight=False)
    if verdict.blame is not None:
        console.print(f"at fault: {plain(verdict.blame.party)}: {plain(verdict.blame.message)}")


def _indented(text: str) -> str:
    """Text of a stranger's, none of whose lines looks like one of ours."""
    return plain(text).replace("\n", "\n        ")


def _evidence_by_turn(trajectory: Trajectory, verdict: Verdict) -> tuple[dict[int, list[str]], dict[str, list[str]]]:
    """The evidence at the turns that it speaks of, and the rest by check."""
    turns = {message.step: turn for turn, message in enumerate(trajectory.messages) if message.step is not None}
    at_turn: dict[int, list[str]] = defaultdict(list)
    elsewhere: dict[str, list[str]] = defaultdict(list)
    for check in verdict.checks:
        for one in check.evidence:
            turn = one.turn if one.turn is not None else turns.get(one.step) if one.step is not None else None
            text = f"{_MARKS.get(one.kind, '[dim]·[/]')} {plain(check.name)}: {_indented(one.text)}"
            if turn is None or turn >= len(trajectory.messages):
                elsewhere[check.name].append(text)
            else:
                at_turn[turn].append(text)
        for pair in check.changes:
            elsewhere[check.name] += [*_pair(pair.record, pair.expected, pair.actual)]
    return at_turn, elsewhere


def _pair(record: str, expected: object, actual: object) -> Iterator[str]:
    yield f"{plain(record)}: expected {plain(str(expected or 'no change'))}"
    yield f"{' ' * len(record)}  actual   {plain(str(actual or 'no change'))}"


_MARKS = {
    "made": "[green]✓[/]",
    "told": "[green]✓[/]",
    "kept": "[green]✓[/]",
    "unclear": "[yellow]?[/]",
    "not_looked_at": "[yellow]?[/]",
    "missing": "[red]✗[/]",
    "wrong": "[red]✗[/]",
    "not_allowed": "[red]✗[/]",
    "not_told": "[red]✗[/]",
    "invented": "[red]✗[/]",
    "leaked": "[red]✗[/]",
    "broken": "[red]✗[/]",
}
