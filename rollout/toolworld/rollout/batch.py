"""A batch: tasks played by scripted players, right or with a mistake planted, or by models, and judged."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from toolworld.datasets import Shelf, Task, Trajectory, Verdict
from toolworld.ground import read_lines, write_lines
from toolworld.judges import judge
from toolworld.llm import Model
from toolworld.rollout.host import Host
from toolworld.rollout.mistake import Mistake, Script, plant, script_of
from toolworld.rollout.model_agent import ModelAgent
from toolworld.rollout.model_user import ModelUser
from toolworld.rollout.play import Limits, run_id
from toolworld.rollout.runner import Players, Tally, run_many, seed_of
from toolworld.rollout.scripted_agent import ScriptedAgent
from toolworld.rollout.scripted_user import ScriptedUser

TRAJECTORIES, VERDICTS = "trajectories.jsonl", "verdicts.jsonl"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the script where no model is named."""

    agent: Model | None = None
    user: Model | None = None
    temperature: float = 0.0

    def players(self, task: Task, script: Script, seed: int) -> Players:
        """Give the players of a run."""
        return Players(
            ScriptedAgent(script) if self.agent is None else ModelAgent(self.agent, seed, self.temperature),
            ScriptedUser(task) if self.user is None else ModelUser(self.user, task, seed, self.temperature),
        )


@dataclass(frozen=True, slots=True)
class Played:
    """What a batch came to: every run with its task and its verdict."""

    tally: Tally
    runs: tuple[tuple[Task, Trajectory, Verdict], ...]

    @property
    def counts(self) -> dict[str, int]:
        """Count what became of the runs; asked = passed + failed + void, and those that the budget stopped are void."""
        outcomes = Counter(verdict.outcome for _, _, verdict in self.runs)
        return {
            "asked": self.tally.asked,
            "played": self.tally.delivered,
            "resumed": self.tally.resumed,
            "passed": outcomes["pass"],
            "failed": outcomes["fail"],
            "void": outcomes["void"],
            "stopped": self.tally.stopped,
        }

    @property
    def simulation(self) -> dict[str, int]:
        """Count who answered the calls, and what became of the models' answers."""
        events = [event for _, run, _ in self.runs for event in run.log]
        by = Counter(event.simulator for event in events)
        failed = [event for event in events if event.failure and event.failure.kind == "simulator"]
        return {
            "calls": len(events),
            **{f"by_{name}": by[name] for name in ("check", "behaviour", "cache", "model")},
            "completions": sum(event.usage.completions for event in events if event.usage),
            "repaired": sum(bool(event.rejected) for event in events) - sum(bool(event.rejected) for event in failed),
            "voided": len(failed),
        }


async def choose_scripts(shelf: Shelf, mistake: Mistake | None = None, seed: int | None = None) -> dict[str, Script]:
    """Give a script for every task, or for every task that leaves room for the mistake."""
    scripts: dict[str, Script] = {}
    for task in shelf.tasks:
        right = script_of(task)
        script = (
            right if mistake is None else await plant(task, mistake, shelf.runtime_of(task), shelf.tasks, seed or 0)
        )
        if script is not None:
            scripts[task.id] = script
    return scripts


async def play_and_judge(
    shelf: Shelf,
    scripts: dict[str, Script],
    host: Host,
    out: Path,
    seed: int | None = None,
    concurrency: int = 8,
    on_end: Callable[[Trajectory], None] | None = None,
    cast: Cast | None = None,
    limits: Limits | None = None,
) -> Played:
    """Play the tasks that have a script, judge the runs, and write both under a folder.

    Args:
        cast: Who plays; by default the scripts.

    Raises:
        RecordError: a file cannot be written, or holds runs of another version of an environment.
    """
    chosen = [task for task in shelf.tasks if task.id in scripts]

    async def players(task: Task) -> Players:
        return (cast or Cast()).players(task, scripts[task.id], seed_of(task, seed))

    tally = await run_many(chosen, host, players, out / TRAJECTORIES, seed, concurrency, limits, on_end)
    held = {run.id: run for run in read_lines(out / TRAJECTORIES, Trajectory).records}
    own = [(task, held[run_id(task, seed_of(task, seed))]) for task in chosen]
    runs = tuple((task, run, judge(task, run, shelf.runtime_of(task))) for task, run in own)
    _write_verdicts(out, {verdict.trajectory: verdict for _, _, verdict in runs})
    return Played(tally, runs)


def _write_verdicts(out: Path, new: dict[str, Verdict]) -> None:
    """Write the verdicts in the order of the trajectories; those of runs with other seeds or tasks are kept."""
    path = out / VERDICTS
    old = {verdict.trajectory: verdict for verdict in read_lines(path, Verdict).records} if path.exists() else {}
    known = {**old, **new}
    runs = read_lines(out / TRAJECTORIES, Trajectory).records
    write_lines(path, [known[run.id] for run in runs if run.id in known])
