"""The runs that an export is made of: those of a file, with their verdicts, as the options choose them."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args

import anyio
import typer

from toolworld.cli.commands.exporting.options import EnvironmentNames
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import PlayedUnder
from toolworld.cli.screen import count, note_torn, stdout_console
from toolworld.datasets import JudgedRun, Only, Selection, TaskSuite, Trajectory, Verdict, judged_runs
from toolworld.ground import RecordError, UsageError, each_line, read_lines
from toolworld.rollout import TRAJECTORIES, VERDICTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRuns:
    """The options by which runs are chosen."""

    runs: Annotated[Path, typer.Argument(help="A trajectories.jsonl, or a folder of `run` or `make`.")]
    env: EnvironmentNames
    faults: PlayedUnder = None
    verdicts: Annotated[
        Path | None,
        typer.Option(help="The verdicts of the runs; by default verdicts.jsonl beside them, if it is there."),
    ] = None
    only: Annotated[str, typer.Option(help="`pass`, `decided` (what has a reward), or `all` but void ones.")] = "all"
    min_reward: Annotated[
        float | None, typer.Option(min=0, max=1, help="Leave out runs with a lower reward, or none.")
    ] = None

    @contextmanager
    def opened(self, out: Path) -> Generator[tuple[Iterator[JudgedRun], Selection]]:
        """The runs that are chosen, and what was left out; it is told at the end.

        Raises:
            UsageError: an option makes no sense.
            RecordError: a file cannot be read, or no run was chosen.
        """
        runs = self.runs / TRAJECTORIES if self.runs.is_dir() else self.runs
        if runs.resolve() == out.resolve():
            raise UsageError(f"--out would replace {runs} itself")
        if self.only not in get_args(Only):
            raise UsageError(f"--only is one of {', '.join(get_args(Only))}, and not {self.only!r}")
        verdicts = self._verdicts(runs)
        suite = anyio.run(load_chosen_suite, SuiteOptions(tuple(self.env), faults=self.faults))
        lines = read_lines(runs, Trajectory)
        if not lines.records:
            raise RecordError(f"{runs} holds no trajectories")
        if self.verdicts is not None and not verdicts.keys() & {run.id for run in lines.records}:
            raise RecordError(f"{self.verdicts}: none of its verdicts is of a run in {runs}")
        selection = Selection(only=self.only, min_reward=self.min_reward)  # type: ignore[arg-type]
        yield selection.chosen(judged_runs(lines.records, verdicts, suite, str(runs))), selection
        note_torn(runs, lines.torn)
        if selection.left_out.total() == len(lines.records):
            raise RecordError(f"{runs}: all {len(lines.records)} runs were left out: {_reasons(selection)}")

    def _verdicts(self, runs: Path) -> dict[str, Verdict]:
        beside = runs.with_name(VERDICTS)
        place = self.verdicts or (beside if beside.is_file() else None)
        if place is None and (self.only in ("pass", "decided") or self.min_reward is not None):
            raise UsageError(
                f"--only and --min-reward need verdicts, and there are none beside {runs}: "
                "`toolworld judge` makes them, and --verdicts names them"
            )
        found: dict[str, Verdict] = {}
        for one in each_line(place, Verdict) if place is not None else ():
            if one.trajectory in found:
                raise RecordError(f"{place}: there are two verdicts of run {one.trajectory}")
            found[one.trajectory] = one
        return found


def show_written(out: Path, counts: dict[str, int], selection: Selection, noun: str) -> None:
    """Print what was written, and what was left out."""
    show = stdout_console().print
    show(f"{out}: {count(sum(counts.values()), noun)}", soft_wrap=True)
    if len(counts) > 1 or out.is_dir():
        show("  " + ", ".join(f"{name} {rows}" for name, rows in counts.items()))
    if selection.left_out:
        show(f"left out: {_reasons(selection)}")


def _reasons(selection: Selection) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in sorted(selection.left_out.items()))


def load_tasks(environments: list[str], faults: str | None = None, tasks: Path | None = None) -> TaskSuite:
    """The tasks of some environments: their own, or those of a file.

    Raises:
        UsageError: there are none.
    """
    suite = anyio.run(load_chosen_suite, SuiteOptions(tuple(environments), tasks=tasks, faults=faults))
    if not suite.tasks:
        raise UsageError(f"there are no tasks in {', '.join(environments)}; --tasks names a file of them")
    return suite
