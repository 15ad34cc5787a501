"""`toolworld env validate`: OpenEnv's checks of an environment, answered by playing it."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, progress, stderr_console, stdout_console, table
from toolworld.datasets import TaskSuite, load_suite
from toolworld.ground import UsageError
from toolworld.server import MOST_TASKS, ValidationReport
from toolworld.server import validate as validate_environment

_MARKS = {
    "pass": "[green]pass[/]",
    "fail": "[red]fail[/]",
    "not_run": "[dim]not run[/]",
    "not_applicable": "[dim]not ours[/]",
}


def validate(
    environments: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    tasks: Annotated[Path | None, typer.Option(help="A .jsonl of tasks; by default the environments' own.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many tasks of each environment are played.")] = MOST_TASKS,
    as_json: AsJson = False,
) -> None:
    """Answer OpenEnv's 46 checks of an environment, with evidence: those that apply are answered by playing its tasks,
    offline; the rest are named with the reason.

    Exit code 1 if a check fails that OpenEnv's policy fails for.

    Example: toolworld env validate library
    """
    reports = anyio.run(_validated, environments, tasks, most)
    if as_json:
        print_json([report.model_dump(mode="json") for report in reports])
    else:
        for report in reports:
            _show(report, whole=len(reports) == 1)
    if any(report.failed for report in reports):
        raise typer.Exit(1)


async def _validated(names: list[str], path: Path | None, most: int) -> list[ValidationReport]:
    suite: TaskSuite = await load_suite(names, path)
    reports: list[ValidationReport] = []
    played = {task.environment for task in suite.tasks}
    chosen = [environment for environment in suite.environments if environment.id in played]
    bare = [environment.id for environment in suite.environments if environment.id not in played]
    if bare:
        stderr_console().print(f"without tasks, so not played: {plain(', '.join(bare))}")
    if not chosen:
        raise UsageError("no environment has a task, so that there is nothing to play; --tasks names a file of them")
    with progress("validating") as bar:
        for environment in bar.track(chosen):
            reports.append(await validate_environment(suite, environment, most))
    return reports


def _show(report: ValidationReport, *, whole: bool) -> None:
    """Print a report; of many only what did not pass."""
    show = stdout_console().print
    counts = {name: report.count(name) for name in ("pass", "fail", "not_run", "not_applicable")}
    played = f"{count(report.tasks, 'task')} played{_rest(report)}"
    show(
        f"[bold]{plain(report.environment)}[/]: {played}; {counts['pass']} checks pass, {counts['fail']} fail, "
        f"{counts['not_run']} not run, {counts['not_applicable']} not of an environment"
    )
    shown = [check for check in report.checks if whole or check.status == "fail"]
    if shown:
        rows = table("", ("check", "status", "evidence"))
        for check in shown:
            remedy = f"\n[dim]{plain(check.remediation)}[/]" if check.remediation and check.status == "fail" else ""
            rows.add_row(check.check_id, _MARKS[check.status], plain(" ".join(check.evidence)) + remedy)
        show(rows)


def _rest(report: ValidationReport) -> str:
    return f" and {report.not_played} not (under faults, or past --most)" if report.not_played else ""
