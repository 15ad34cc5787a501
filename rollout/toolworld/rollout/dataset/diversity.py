"""What the memory of the corpus is worth: the same number of tasks with it and without, over several seeds."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from toolworld.datasets import (
    Estimate,
    Task,
    coverage,
    entropy,
    evenness,
    jaccard_dissimilarity,
    mean_with_interval,
)
from toolworld.environments import RuntimePool
from toolworld.rollout.synthesis.generator import TaskGenerator
from toolworld.rollout.synthesis.memory import CorpusMemory
from toolworld.rollout.synthesis.modes import Mode


@dataclass(frozen=True, slots=True)
class MeasureCompared:
    """One measure of diversity, with the memory and without."""

    name: str
    with_memory: Estimate
    without: Estimate
    difference: Estimate
    """Over the seeds: the measure with the memory less the measure without it."""


def diversity_of(tasks: Sequence[Task], tools: Mapping[str, frozenset[str]]) -> dict[str, float]:
    """How diverse tasks are, by measure; each is higher where they are more so.

    Args:
        tasks: The tasks.
        tools: The tools that each environment has, by its id.
    """
    available = frozenset(f"{name}/{tool}" for name, of in tools.items() for tool in of)
    used = Counter(f"{one.environment}/{call.call.name}" for one in tasks for call in one.calls)
    buckets = Counter(_bucket(one) for one in tasks)
    return {
        "entropy of tools (nats)": entropy(used),
        "entropy of tool combinations and patterns (nats)": entropy(buckets),
        "evenness over environments": evenness(Counter(one.environment for one in tasks), len(tools)),
        "share of the tools that are called": coverage(used, available),
        "Jaccard dissimilarity of tools": jaccard_dissimilarity(
            [{f"{one.environment}/{call.call.name}" for call in one.calls} for one in tasks]
        ),
    }


def _bucket(task: Task) -> str:
    """The tools of a task and its patterns, as data-generator counts them."""
    origin = task.origin
    tools = sorted({f"{task.environment}/{one.call.name}" for one in task.calls})
    return " ".join([*tools, *((origin.mode, *origin.patterns) if origin else ())])


async def compare_memory(
    runtimes: RuntimePool,
    count: int,
    seeds: Sequence[int],
    mode: Mode = "mixed",
    on_task: Callable[[], None] = lambda: None,
) -> tuple[MeasureCompared, ...]:
    """Make tasks with the memory and without, and compare how diverse they are.

    Args:
        runtimes: The environments.
        count: How many tasks for each seed and either way.
        seeds: Of the runs; the same for both.
        mode: What kind of chains.
        on_task: Told of each task.
    """
    tools = {name: frozenset(one.name for one in runtimes.environment(name).tools_of("agent")) for name in runtimes}
    found: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for seed in seeds:
        for is_on in (True, False):
            generator = TaskGenerator(runtimes, mode, seed=seed, memory=CorpusMemory(is_on=is_on))
            tasks: list[Task] = []
            async for one in generator.generate(count):
                if isinstance(one, Task):
                    tasks.append(one)
                    on_task()
            found[is_on].append(diversity_of(tasks, tools))
    return tuple(_compared(name, found[True], found[False]) for name in found[True][0])


def _compared(name: str, on: Sequence[Mapping[str, float]], off: Sequence[Mapping[str, float]]) -> MeasureCompared:
    with_memory, without = [one[name] for one in on], [one[name] for one in off]
    differences = [one - other for one, other in zip(with_memory, without, strict=True)]
    return MeasureCompared(name, _mean(with_memory), _mean(without), _mean(differences))


def _mean(values: Sequence[float]) -> Estimate:
    found = mean_with_interval(values)
    return found or Estimate(value=0.0, low=0.0, high=0.0, tasks=0)
