"""`toolworld compare`: two sets of runs of the same tasks, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console, table
from toolworld.datasets import Estimate, compare, read_verdicts

MAX_ROWS = 40
"""Tasks that the table shows."""


def compare_runs(
    first: Annotated[Path, typer.Argument(help="A folder of `run`, or a verdicts.jsonl.")],
    second: Annotated[Path, typer.Argument(help="Another one.")],
    as_json: AsJson = False,
) -> None:
    """Compare two sets of runs: mean rewards, their paired difference, and the tasks that differ.

    Example: toolworld compare out/small out/large
    """
    found = compare(read_verdicts(first), read_verdicts(second))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    console = stdout_console()
    rows = table("Mean reward", ("runs", "mean", "95 % interval"))
    for name, estimate in ((str(first), found.first), (str(second), found.second), ("difference", found.difference)):
        rows.add_row(plain(name), f"{estimate.value:.3f}", _interval(estimate))
    console.print(rows)
    console.print(
        f"{count(found.first.tasks, 'task')} in both: {found.better} better in the second, {found.worse} worse, "
        f"{found.same} the same (sign test p = {found.p_value:.3g})"
    )
    if found.only_first or found.only_second or any(found.void):
        console.print(
            f"not counted: {found.only_first} tasks only in the first, {found.only_second} only in the second, "
            f"{found.void[0]} and {found.void[1]} runs without a reward"
        )
    if found.differences:
        rows = table("Tasks that differ", ("task", "first", "second"))
        for one in found.differences[:MAX_ROWS]:
            rows.add_row(plain(one.task), f"{one.first:.3g}", f"{one.second:.3g}")
        console.print(rows)
        if len(found.differences) > MAX_ROWS:
            console.print(f"and {len(found.differences) - MAX_ROWS} more (--json has them all)")


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.3f} to {estimate.high:.3f}"
