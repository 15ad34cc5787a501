"""Making a dataset: tasks, their right runs and verdicts, in blocks that are written as they are done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from toolworld.datasets import Task
from toolworld.environments import RuntimePool
from toolworld.ground import JsonObject, JsonValue, RecordError, digest, each_line
from toolworld.rollout.dataset.files import REJECTED, TASKS, TRAJECTORIES, VERDICTS, DatasetFiles
from toolworld.rollout.synthesis.generator import BATCH, FaultShare, OpenHost, RejectedTask, Rewrite, TaskGenerator
from toolworld.rollout.synthesis.memory import CorpusMemory
from toolworld.rollout.synthesis.modes import Mode
from toolworld.rollout.synthesis.trial import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPlan:
    """What a dataset is to be."""

    count: int
    """How many tasks."""
    mode: Mode = "mixed"
    seed: int = 42
    is_steered: bool = True
    """Whether what there is less of is drawn more often."""
    faults: FaultShare | None = None
    """What gets in the way of calls in some of the tasks."""
    writer: str | None = None
    """The model that puts requests into words; by default a grammar does."""
    origin: JsonObject = field(default_factory=dict[str, JsonValue])
    """How its environments were asked for, by name."""

    def settings(self, runtimes: RuntimePool) -> JsonObject:
        """What a folder is gone on with by the same only; it may be made longer."""
        versions = sorted((name, runtimes.environment(name).version) for name in runtimes)
        faults = {"faults": self.faults.settings} if self.faults else {}
        writer = {"writer": self.writer} if self.writer else {}
        return {
            **self.origin,
            **faults,
            **writer,
            "seed": self.seed,
            "mode": self.mode,
            "corpus memory": self.is_steered,
            "environments": digest([list(one) for one in versions]),
        }


async def make_dataset(
    runtimes: RuntimePool,
    plan: DatasetPlan,
    folder: Path,
    open_host: OpenHost,
    on_task: Callable[[Task], None] = lambda _: None,
    rewrite: Rewrite | None = None,
) -> int:
    """Make the tasks of a dataset with their right runs and verdicts, and return how many there are.

    What the folder holds of it is not made again: stopped at any moment, the same call goes on, and ends in the same
    bytes. Fewer than asked for are made where too much is rejected; what was stands in `rejected.jsonl`.

    Args:
        runtimes: The environments.
        plan: What it is to be.
        folder: Where it is written.
        open_host: Opens a host, where the tasks are played.
        on_task: Told of each task, those that were there first.
        rewrite: Puts the request of a task into other words.

    Raises:
        RecordError: the folder holds another dataset, or cannot be written.
    """
    with DatasetFiles(folder, plan.settings(runtimes)) as files:
        generator = TaskGenerator(
            runtimes,
            plan.mode,
            seed=plan.seed,
            memory=_remembered(folder, plan.is_steered, on_task),
            faults=plan.faults,
            rewrite=rewrite,
        )
        generator.learn(files.progress.experience)
        made = files.progress.count
        if made > plan.count:
            raise RecordError(f"{folder} has {made} tasks already, and {plan.count} are asked for; ask for more")

        def keep(trial: Trial) -> None:
            files.append(TRAJECTORIES, trial.trajectory)
            files.append(VERDICTS, trial.verdict)

        while made < plan.count:
            before, wanted = made, min(BATCH, plan.count - made)
            async for one in generator.generate(wanted, open_host, keep):
                if isinstance(one, RejectedTask):
                    files.append(REJECTED, one)
                    continue
                files.append(TASKS, one)
                made += 1
                on_task(one)
            files.save(made, generator.experience)
            if made < before + wanted:
                break
    return made


def _remembered(folder: Path, is_steered: bool, on_task: Callable[[Task], None]) -> CorpusMemory:
    """The memory of what a folder holds."""
    memory = CorpusMemory(is_on=is_steered)
    for task in each_line(folder / TASKS, Task):
        memory.add_task(task)
        on_task(task)
    for rejected in each_line(folder / REJECTED, RejectedTask):
        if rejected.task is not None:
            memory.add_task(rejected.task)
    return memory
