"""`toolworld env check`: an environment held against its language, its state, their types, and its own tasks."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NamedTuple

import anyio
import typer

from toolworld.cli.commands.demo import play_demo
from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console, table
from toolworld.datasets import load_suite, task_findings, told_findings
from toolworld.environments import (
    NOT_STATED,
    POLICY_CHECKS,
    Finding,
    HeldSentence,
    PolicySentence,
    audit,
    find_folder,
    has_type_checker,
    load_environments,
    load_policy_checks,
    policy_findings,
    policy_table,
    ways_held,
)
from toolworld.ground import ToolworldError
from toolworld.rollout import play_finding


class _Played(NamedTuple):
    """What playing found, and how much was played."""

    findings: list[Finding]
    tasks: int = 0
    mistakes: int = 0


def check(
    folder: Annotated[str, typer.Argument(help="A folder or a built-in name.")],
    play: Annotated[bool, typer.Option(help="Play every task right, and with each mistake.")] = True,
    as_json: AsJson = False,
) -> None:
    """Check an environment: its program against the language, its tools, its state and their types, its tasks by
    playing them, and how each sentence of its policy is held.

    Exit code 1 if there is an error.

    Example: toolworld env check my_environment/
    """
    place = find_folder(folder)
    found: list[Finding] = []
    held: list[PolicySentence] = []
    played = _Played([])
    try:
        checks = load_policy_checks(place)
        held = [one for environment in load_environments([folder]) for one in policy_table(environment, checks)]
        found += anyio.run(_audit, folder)
        if not _has_error(found):
            played = anyio.run(_check_tasks, folder, play, checks)
    except ToolworldError as problem:
        found.append(_finding(place, problem))
    found += played.findings
    if as_json:
        sentences = [one.model_dump(mode="json", exclude_none=True) for one in held]
        print_json({"findings": [finding.model_dump() for finding in found], "policy": sentences})
    else:
        _show_policy(held, (place / POLICY_CHECKS).is_file())
        _show_findings(found)
        _show_summary(place, found, played)
    if _has_error(found):
        raise typer.Exit(1)


def _has_error(findings: list[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _show_findings(found: list[Finding]) -> None:
    for finding in found:
        tool = f" {finding.tool}:" if finding.tool else ""
        colour = "red" if finding.severity == "error" else "yellow"
        text = plain(f"{finding.where}:{tool} {finding.message}")
        stdout_console().print(f"[{colour}]{finding.severity}[/] {text}", soft_wrap=True)


def _show_policy(held: list[PolicySentence], has_checks: bool) -> None:
    """The table where the author says how each sentence is held, and how many are in each way."""
    if not held:
        return
    if has_checks:
        rows = table("The policy, sentence by sentence", ("sentence", "held by"))
        for one in held:
            rows.add_row(plain(one.sentence), plain("\n".join(_ways(one.held))))
        stdout_console().print(rows)
    counted = ", ".join(f"{way} {number}" for way, number in ways_held(held).items())
    hint = "" if has_checks else f" ({POLICY_CHECKS} may state it, see docs/environments.md)"
    stdout_console().print(f"policy, {count(len(held), 'sentence')}, held by: {counted}{hint}", soft_wrap=True)


def _ways(held: HeldSentence | None) -> list[str]:
    if held is None:
        return [NOT_STATED]
    return [f"{way}: {what}" for way, what in held.ways.items()] + ([f"({held.note})"] if held.note else [])


def _show_summary(place: Path, found: list[Finding], played: _Played) -> None:
    errors = sum(finding.severity == "error" for finding in found)
    counted = f"{count(errors, 'error')}, {count(len(found) - errors, 'warning')}"
    stdout_console().print(f"{plain(str(place))}: {counted}", soft_wrap=True)
    if errors and not played.tasks:
        stdout_console().print("types are checked, and tasks played, once there is no error")
        return
    runs = f"{count(played.tasks, 'task')} played right, and {count(played.mistakes, 'run')} with mistakes"
    types = "types checked" if has_type_checker() else "types not checked: pip install 'toolworld\\[check]'"
    stdout_console().print(f"{runs if played.tasks else 'no task played'}; {types}", soft_wrap=True)


async def _audit(folder: str) -> list[Finding]:
    environments = load_environments([folder])
    return [finding for environment in environments for finding in audit(environment)]


async def _check_tasks(folder: str, play: bool, checks: Sequence[HeldSentence] | None) -> _Played:
    suite = await load_suite([folder])  # its tasks can be done
    found = task_findings(suite)
    for one in suite.environments:
        found += policy_findings(one, checks, [task.id for task in suite.tasks])
    if not play or not suite.tasks or _has_error(found):
        return _Played(found)
    with TemporaryDirectory() as scratch:
        played = await play_demo(suite, Path(scratch) / "played")
    right = [play_finding(run.task, verdict) for run, _, verdict in played.right.rows]
    wrong = [
        play_finding(run.task, verdict, mutation)
        for mutation, rows in played.wrong.items()
        for run, _, verdict in rows.rows
    ]
    found += sorted((finding for finding in right + wrong if finding), key=lambda finding: finding.where)
    found += told_findings(suite, (trajectory for _, trajectory, _ in played.right.rows))
    return _Played(found, len(right), len(wrong))


def _finding(place: Path, problem: ToolworldError) -> Finding:
    """A finding for an error, without the place twice."""
    where, _, message = str(problem).removeprefix(f"{place}/").partition(": ")
    if message:
        return Finding(severity="error", where=where, message=message)
    return Finding(severity="error", where=str(place), message=str(problem))
