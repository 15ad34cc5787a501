"""Difficulty: how often agents of graded skill pass each task, measured by playing it."""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from toolworld.datasets import (
    Task,
    TaskDifficulty,
    TaskSuite,
    TrialCounts,
    changed_arguments,
    difficulty_of,
)
from toolworld.environments import Call, Runtime
from toolworld.ground import for_each
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.players.script import Script, script_of
from toolworld.rollout.synthesis.trial import try_out

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Skill:
    """How well a scripted agent works."""

    name: str
    slips: float
    """In which share of its changes it does something else: leaves it out, or gives another value."""
    patience: int
    """After how many calls it thinks that it is done."""
    forgets: float
    """How often it does not tell what it has to."""


SKILLS = (Skill("careful", 0.01, 40, 0.02), Skill("average", 0.08, 12, 0.15), Skill("hasty", 0.2, 7, 0.4))
"""Agents without a model, the best first: they know what is right, and slip."""


def slipped_script(task: Task, runtime: Runtime, skill: Skill, draw: random.Random) -> Script:
    """The script of an agent of some skill: what is right, but where it slips."""
    right = script_of(task)
    calls: list[Call] = []
    places: list[int] = []
    for number, call in enumerate(right.calls[: skill.patience]):
        if task.calls[number].writes and draw.random() < skill.slips:
            others = [changed[number] for _, changed in changed_arguments(right.calls, number, runtime)]
            if not others or draw.random() < _LEFT_OUT:
                continue
            call = draw.choice(others)
        calls.append(call)
        places.append(number)
    forgets = bool(right.facts) and draw.random() < skill.forgets
    return replace(right, calls=tuple(calls), positions=tuple(places), facts=() if forgets else right.facts)


_LEFT_OUT = 0.5


async def measure_difficulty(
    suite: TaskSuite,
    host: Host,
    trials: int,
    *,
    skills: Sequence[Skill] = SKILLS,
    seed: int = 0,
    on_run: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, TrialCounts]]:
    """Play each task so often with an agent of each skill.

    Args:
        suite: Environments and tasks.
        host: Has them.
        trials: How often each agent plays each task.
        skills: The agents.
        seed: Decides where they slip.
        on_run: Told of each run.

    Returns:
        By agent and task: how many runs were judged, and passed.
    """
    counts: dict[str, dict[str, TrialCounts]] = {
        one.name: dict.fromkeys((task.id for task in suite.tasks), TrialCounts()) for one in skills
    }

    async def play_one(one: tuple[Task, Skill, int]) -> None:
        task, skill, trial = one
        runtime = suite.runtime_of(task)
        draw = random.Random(f"{seed}:{task.id}:{skill.name}:{trial}")
        played = await try_out(task, runtime, host, slipped_script(task, runtime, skill, draw))
        of = counts[skill.name]
        of[task.id] = of[task.id].with_outcome(played.verdict.outcome)
        on_run()

    await for_each(product(suite.tasks, skills, range(trials)), play_one, at_once=_AT_ONCE)
    return counts


def difficulties(counts: Mapping[str, Mapping[str, TrialCounts]]) -> dict[str, TaskDifficulty]:
    """The difficulty of each task, from the runs of several agents."""
    by_task: dict[str, dict[str, TrialCounts]] = defaultdict(dict)
    for agent, tasks in counts.items():
        for task, count in tasks.items():
            by_task[task][agent] = count
    return {task: difficulty_of(agents) for task, agents in by_task.items()}
