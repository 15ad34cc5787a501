"""`toolworld tasks metrics`, `diversity`, `difficulty` and `mutations`: what tasks are, measured."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.tasks_check import open_host
from toolworld.cli.options.types import AsJson, Environments, TasksFile
from toolworld.cli.screen import count, plain, print_json, progress, stdout_console, table
from toolworld.datasets import (
    TaskDifficulty,
    TaskStatistics,
    TaskSuite,
    TrialCounts,
    Verdict,
    load_suite,
    pass_rates,
    shown_ks,
)
from toolworld.environments import SimulationPlan
from toolworld.ground import UsageError, each_line, write_lines
from toolworld.rollout import (
    DIFFERENCES,
    MISTAKES,
    SKILLS,
    Kills,
    Mode,
    compare_memory,
    difficulties,
    measure_difficulty,
    play_with_mistakes,
    task_figures,
)

TrustPrograms = Annotated[
    bool, typer.Option("--trust", help="Run programs that are not toolworld's own in this process, which is faster.")
]


async def _suite(names: Sequence[str], path: Path | None, trust: bool) -> TaskSuite:
    suite = await load_suite(names, path, SimulationPlan(trusted=trust))
    if not suite.tasks:
        raise UsageError("there is no task to measure")
    return suite.with_tasks(suite.tasks)  # refuses tasks of other versions


def metrics(environments: Environments, tasks: TasksFile = None, as_json: AsJson = False) -> None:
    """Measure tasks: where their arguments come from, how long they are, what they have, and what is said twice.

    Example: toolworld tasks metrics dataset/environments.jsonl --tasks dataset/tasks.jsonl
    """
    suite = anyio.run(_suite, environments, tasks, False)
    statistics = TaskStatistics()
    with progress("counting") as bar:
        for task in bar.track(suite.tasks):
            statistics.add(task, suite.runtime_of(task).environment)
    if as_json:
        print_json(statistics.metrics.model_dump(mode="json"))
        return
    rows = table(f"What {count(len(suite.tasks), 'task')} are", ("figure", "value"))
    for name, value in task_figures(statistics.metrics):
        rows.add_row(name, value)
    stdout_console().print(rows)


def diversity(
    environments: Environments,
    n: Annotated[int, typer.Option("--n", min=2, max=100_000, help="How many tasks for each seed, either way.")] = 100,
    seeds: Annotated[int, typer.Option(min=2, max=100, help="How many seeds.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="The first of the seeds.")] = 42,
    mode: Annotated[Mode, typer.Option(help="What kind of chains of calls.")] = "mixed",
    trust: TrustPrograms = False,
    as_json: AsJson = False,
) -> None:
    """Compare how diverse tasks are with the memory of the corpus and without, over the same seeds.

    Example: toolworld tasks diversity library clinic --n 100 --seeds 5
    """
    suite = anyio.run(load_suite, environments, None, SimulationPlan(trusted=trust))
    with progress("making tasks") as bar:
        line = bar.add_task("", total=2 * seeds * n)
        chosen = [*range(seed, seed + seeds)]
        found = anyio.run(compare_memory, suite.runtimes, n, chosen, mode, lambda: bar.advance(line))
    if as_json:
        print_json(
            [
                {
                    "measure": one.name,
                    "with_memory": one.with_memory.model_dump(),
                    "without": one.without.model_dump(),
                    "difference": one.difference.model_dump(),
                }
                for one in found
            ]
        )
        return
    numbers = ("with", "without", "difference")
    rows = table(f"{n} tasks a seed, {seeds} seeds", ("measure", *numbers, "95 %"), fixed=(*numbers, "95 %"))
    for one in found:
        interval = f"{one.difference.low:+.3f} to {one.difference.high:+.3f}"
        values = (one.with_memory.value, one.without.value)
        rows.add_row(one.name, *(f"{value:.3f}" for value in values), f"{one.difference.value:+.3f}", interval)
    stdout_console().print(rows)


def difficulty(
    environments: Environments,
    tasks: TasksFile = None,
    trials: Annotated[int, typer.Option(min=1, max=100, help="How often each agent plays each task.")] = 4,
    verdicts: Annotated[
        list[Path] | None, typer.Option(help="Verdicts of other agents' runs, of `run` or `judge` (repeat).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the tasks with their difficulty to this new file.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides where the scripted agents slip.")] = 0,
    trust: TrustPrograms = False,
    as_json: AsJson = False,
) -> None:
    """Measure how difficult tasks are: how often agents pass them, scripted ones of graded skill, and yours.

    pass^k is the chance that all of k runs of a task pass. A task is easy if the mean pass rate over the agents is two
    thirds and more, medium from one third, hard below.

    Example: toolworld tasks difficulty library --trials 4 --out measured.jsonl
    """
    if out is not None and (out.suffix != ".jsonl" or out.exists()):
        raise UsageError(f"{out}: --out takes a new .jsonl file")
    suite = anyio.run(_suite, environments, tasks, trust)
    counts = anyio.run(_measured, suite, trials, seed)
    for path in verdicts or ():
        counts[str(path)] = _counted(path, suite)
    found = difficulties(counts)
    if out is not None:
        write_lines(out, [one.model_copy(update={"difficulty": found[one.id]}) for one in suite.tasks])
    if as_json:
        print_json({name: one.model_dump(mode="json") for name, one in found.items()})
        return
    _show_difficulty(counts, found, trials)


async def _measured(suite: TaskSuite, trials: int, seed: int) -> dict[str, dict[str, TrialCounts]]:
    async with open_host(suite) as host:
        with progress("playing") as bar:
            line = bar.add_task("", total=len(suite.tasks) * trials * len(SKILLS))
            return await measure_difficulty(suite, host, trials, seed=seed, on_run=lambda: bar.advance(line))


def _counted(path: Path, suite: TaskSuite) -> dict[str, TrialCounts]:
    """How many runs of each task were judged, and passed."""
    found = {task.id: TrialCounts() for task in suite.tasks}
    known = False
    for one in each_line(path, Verdict):
        if one.task in found:
            found[one.task] = found[one.task].with_outcome(one.outcome)
            known = True
    if not known:
        raise UsageError(f"{path} has no verdict of these tasks")
    return found


def _show_difficulty(
    counts: Mapping[str, Mapping[str, TrialCounts]], found: Mapping[str, TaskDifficulty], trials: int
) -> None:
    ks = [one for one in shown_ks(trials) if one <= _MOST_KS]
    names = [f"pass^{k}" for k in ks]
    rows = table("How often agents pass", ("agent", *names), fixed=names)
    for agent, tasks in counts.items():
        rates = [pass_rates(tasks, k).pass_hat_k for k in ks]
        rows.add_row(plain(agent), *("-" if one is None else f"{one.value:.2f}" for one in rates))
    console = stdout_console()
    console.print(rows)
    for agent, tasks in counts.items():
        one = pass_rates(tasks, 1).pass_hat_k
        if one is not None:
            console.print(f"{plain(agent)}: pass^1 {one.value:.2f}, 95 % interval {one.low:.2f} to {one.high:.2f}")
    tiers = Counter(one.tier or "not judged" for one in found.values())
    console.print(", ".join(f"{name}: {count(tiers[name], 'task')}" for name in _TIERS if tiers[name]))


_MOST_KS = 4
_TIERS = ("easy", "medium", "hard", "not judged")


def mutations(
    environments: Environments,
    tasks: TasksFile = None,
    out: Annotated[Path | None, typer.Option(help="Write the runs that passed all the same to this new file.")] = None,
    trust: TrustPrograms = False,
    as_json: AsJson = False,
) -> None:
    """Play each task with each kind of mistake that agents make, and show how many of these runs fail, as they should.

    Each is played right as well, in other words, another order and whatever else is right: these should pass. Exit
    code 1 if a run with a mistake passes, or a right one does not.

    Example: toolworld tasks mutations library --out survivors.jsonl
    """
    if out is not None and (out.suffix != ".jsonl" or out.exists()):
        raise UsageError(f"{out}: --out takes a new .jsonl file")
    suite = anyio.run(_suite, environments, tasks, trust)
    kills = anyio.run(_killed, suite)
    if out is not None:
        write_lines(out, kills.survivors)
    if as_json:
        rates = [{**one.model_dump(mode="json"), "share": one.share} for one in kills.rates]
        print_json(
            {
                "rates": rates,
                "survivors": [one.model_dump(mode="json") for one in kills.survivors],
                "variants": [{**one.model_dump(mode="json"), "share": one.share} for one in kills.variants],
                "alarms": [one.model_dump(mode="json") for one in kills.alarms],
            }
        )
    else:
        _show_kills(kills)
    if kills.survivors or kills.alarms:
        raise typer.Exit(1)


async def _killed(suite: TaskSuite) -> Kills:
    async with open_host(suite) as host:
        with progress("playing with mistakes") as bar:
            line = bar.add_task("", total=len(suite.tasks) * (len(MISTAKES) + len(DIFFERENCES)))
            return await play_with_mistakes(suite, host, on_run=lambda: bar.advance(line))


def _show_kills(kills: Kills) -> None:
    numbers = ("runs", "failed", "undecided", "share")
    rows = table("Runs with mistakes", ("mistake", "what the agent does", *numbers), fixed=numbers)
    for one in kills.rates:
        share = "-" if one.share is None else f"{one.share:.1%}"
        rows.add_row(one.mutation, MISTAKES[one.mutation], str(one.runs), str(one.failed), str(one.undecided), share)
    console = stdout_console()
    console.print(rows)
    rights = table("Right runs that go otherwise", ("variant", "what the agent does", *_RIGHT), fixed=_RIGHT)
    for variant in kills.variants:
        share = "-" if variant.share is None else f"{variant.share:.1%}"
        shown = (variant.variant, DIFFERENCES[variant.variant], str(variant.runs), str(variant.passed), share)
        rights.add_row(*shown)
    console.print(rights)
    for alarm in kills.alarms[:_SHOWN]:
        console.print(f"[red]failed[/] {plain(alarm.task)} with {alarm.variant}: {plain(alarm.why)}")
    for one in kills.survivors[:_SHOWN]:
        console.print(f"[red]passed[/] {plain(one.task)} with {one.mutation}")
    if len(kills.survivors) > _SHOWN:
        console.print(f"and {len(kills.survivors) - _SHOWN} more")


_RIGHT = ("runs", "passed", "false alarms")
_SHOWN = 12
