"""Many tasks: sampled in turn from environments, gated, and steered by what there is already."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from toolworld.datasets import Task, TaskOrigin, TaskSuite, complete_draft, rederive_under_faults
from toolworld.environments import Environment, FaultProfile, RuntimePool
from toolworld.ground import JsonObject, Record, SpecError, for_each
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.synthesis.drafting import draft_of, leaves_out
from toolworld.rollout.synthesis.experience import Experience
from toolworld.rollout.synthesis.gates import Gate, failed_gate
from toolworld.rollout.synthesis.memory import Aspect, CorpusMemory, signature_of
from toolworld.rollout.synthesis.modes import CHAIN_MODES, ChainMode, Mode, Sampled, patterns_of
from toolworld.rollout.synthesis.sampler import Sampler
from toolworld.rollout.synthesis.trial import Trial, try_out
from toolworld.rollout.synthesis.wording import STYLES, Style

T = TypeVar("T")
_ENOUGH_TRIES = 12
"""After how many tries in vain an environment is not tried any more, while there are others."""
Rewrite = Callable[[Task, Environment], Awaitable[Task]]
"""A task of an environment with its request in other words."""
OpenHost = Callable[[TaskSuite], AbstractAsyncContextManager[Host]]
"""Opens a host that has the environments and the tasks of a suite."""
BATCH, _AT_ONCE, _FEW = 64, 16, 60
"""How many tasks are played before the next ones are sampled, how many at a time, and how many tries there are at
least."""
MOST_TRIES = 6
"""How many chains are sampled for each task that is asked for, at most, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultShare:
    """Faults in the way of some tasks."""

    profile: FaultProfile
    share: float
    """Of the tasks, from 0 to 1."""

    @property
    def settings(self) -> JsonObject:
        """The same, as a dataset keeps it."""
        return {"profile": self.profile.model_dump(mode="json"), "share": self.share}


class RejectedTask(Record):
    """A chain that became no task."""

    number: int
    """Which try it was."""
    environment: str
    mode: str
    gate: Gate | None = None
    """The gate that it did not pass; None where no chain of its mode was found, or its truth could not be derived."""
    why: str
    task: Task | None = None
    """The task, where all that was wrong was its right run."""


class TaskGenerator:
    """Makes tasks in environments.

    Args:
        runtimes: The environments, by id; each is asked for when it is drawn.
        mode: The kind of chains; with `mixed` each kind in turn, those first that there are fewest of.
        seed: Decides everything.
        memory: What there is already, and what is made: it steers unless it is off.
        faults: What gets in the way of calls in some of the tasks; by default nothing does.
        rewrite: Puts the request of a task that passes its gates into other words.
    """

    def __init__(
        self,
        runtimes: RuntimePool,
        mode: Mode = "mixed",
        *,
        seed: int = 0,
        memory: CorpusMemory | None = None,
        faults: FaultShare | None = None,
        rewrite: Rewrite | None = None,
    ) -> None:
        self._runtimes = runtimes
        self._rewrite = rewrite
        self._faults = faults
        self._names = [*runtimes]
        self._modes: tuple[ChainMode, ...] = CHAIN_MODES if mode == "mixed" else (mode,)
        self._tried, self._kept = Counter[str](), Counter[str]()
        self._seed = seed
        self._memory = memory or CorpusMemory()
        self._samplers: dict[str, Sampler] = {}
        self._number = 0

    async def generate(
        self, count: int, open_host: OpenHost | None = None, on_trial: Callable[[Trial], None] | None = None
    ) -> AsyncIterator[Task | RejectedTask]:
        """Make so many tasks, with everything that was rejected on the way; fewer where too much is rejected.

        Args:
            count: How many.
            open_host: Opens a host for a suite, where the tasks are played: then only those are kept whose right run
                passes its verdict.
            on_trial: Told of the right run of each task that is kept, before the task is given.
        """
        made, end = 0, self._number + count * MOST_TRIES + _FEW
        while made < count and self._number < end:
            batch: list[Task] = []
            while len(batch) < min(count - made, BATCH) and self._number < end:
                one = await self.try_one(self._number)
                self._number += 1
                if isinstance(one, Task):
                    batch.append(one)
                else:
                    yield one
            batch = await self._rewritten(batch)
            if open_host is None:
                trials: list[Trial | Task] = [*batch]
            else:
                trials = [*await self._played(batch, open_host)]
            for one in trials:
                task = one if isinstance(one, Task) else one.task
                why = one.broken_by if isinstance(one, Trial) else None
                if why is None and isinstance(one, Trial) and on_trial is not None:
                    on_trial(one)
                made += why is None
                yield task if why is None else rejected_by("lawful", task, why)

    async def _rewritten(self, tasks: list[Task]) -> list[Task]:
        """The tasks with their requests in other words, in their order."""
        rewrite = self._rewrite
        if rewrite is None:
            return tasks
        done: dict[str, Task] = {}

        async def rewrite_one(task: Task) -> None:
            done[task.id] = await rewrite(task, self._runtimes.under(task.environment, task.faults).environment)

        await for_each(tasks, rewrite_one, at_once=_AT_ONCE)
        return [done[task.id] for task in tasks]

    async def _played(self, tasks: Sequence[Task], open_host: OpenHost) -> list[Trial]:
        """The right runs of tasks, in their order."""
        suite = TaskSuite(self._runtimes, tuple(tasks))
        done: dict[str, Trial] = {}
        async with open_host(suite) as host:

            async def play_one(task: Task) -> None:
                done[task.id] = await try_out(task, suite.runtime_of(task), host)

            await for_each(tasks, play_one, at_once=_AT_ONCE)
        return [done[task.id] for task in tasks]

    @property
    def experience(self) -> Experience:
        """What was learned on the way."""
        return Experience(
            number=self._number,
            tried=dict(self._tried),
            kept=dict(self._kept),
            environments={name: sampler.experience for name, sampler in self._samplers.items()},
        )

    def learn(self, experience: Experience) -> None:
        """Go on from where another generator of the same settings was."""
        self._number = experience.number
        self._tried, self._kept = Counter(experience.tried), Counter(experience.kept)
        for name, known in experience.environments.items():
            self._sampler(name).learn(known)

    async def try_one(self, number: int) -> Task | RejectedTask:
        """One try: a task, or why it is none."""
        draw = random.Random(f"{self._seed}:{number}")
        environment = self._environment(draw)
        self._tried[environment] += 1
        mode = self._mode(environment, draw)
        style = self._drawn("style", STYLES, draw)
        sampler = self._sampler(environment)
        try:
            sampled = await sampler.sample(mode, draw, self._episode_seed(number))
        except SpecError as problem:
            sampled = str(problem)
        if isinstance(sampled, str):
            return RejectedTask(number=number, environment=environment, mode=mode, why=sampled)
        return await self._gated(sampled, sampler, style, number, draw)

    def _environment(self, draw: random.Random) -> str:
        """An environment; one of which little was kept of what was tried is drawn less often."""
        shares = {one: (1 + self._kept[one]) / (1 + self._tried[one]) for one in self._names}
        weights = [self._memory.weight("environment", one) * shares[one] for one in self._names]
        hopeless = [self._tried[one] >= _ENOUGH_TRIES and not self._kept[one] for one in self._names]
        if not all(hopeless):
            weights = [0.0 if is_vain else weight for is_vain, weight in zip(hopeless, weights, strict=True)]
        return draw.choices(self._names, weights)[0]

    def _mode(self, environment: str, draw: random.Random) -> ChainMode:
        """A mode; one that the environment seldom allows is drawn less often in it."""
        places = [f"{environment}/{one}" for one in self._modes]
        shares = [(1 + self._kept[one]) / (1 + self._tried[one]) for one in places]
        weights = [share * self._memory.weight("mode", one) for share, one in zip(shares, self._modes, strict=True)]
        mode = draw.choices(self._modes, weights)[0]
        self._tried[f"{environment}/{mode}"] += 1
        return mode

    def _drawn(self, aspect: Aspect, values: Sequence[T], draw: random.Random) -> T:
        return draw.choices(values, [self._memory.weight(aspect, str(one)) for one in values])[0]

    def _sampler(self, environment: str) -> Sampler:
        if environment not in self._samplers:
            self._samplers[environment] = Sampler(self._runtimes[environment], self._memory)
        return self._samplers[environment]

    async def _gated(
        self, sampled: Sampled, sampler: Sampler, style: Style, number: int, draw: random.Random
    ) -> Task | RejectedTask:
        runtime = sampler.terrain.runtime
        environment = runtime.environment
        name = f"{sampled.mode}-{self._seed}-{number}"
        draft = draft_of(sampled, sampler.terrain, style, name, draw, self._episode_seed(number))
        rejected = RejectedTask(number=number, environment=environment.id, mode=sampled.mode, why="")
        if sampled.mode == "clarification_first" and not leaves_out(draft):
            return rejected.model_copy(update={"why": "its user leaves nothing out that the first call needs"})
        try:
            task = await complete_draft(draft, runtime)
        except SpecError as problem:
            return rejected.model_copy(update={"why": str(problem)})
        origin = TaskOrigin(mode=sampled.mode, style=style, patterns=patterns_of(sampled), number=number)
        task = task.model_copy(update={"origin": origin})
        failure = await failed_gate(task, sampler.ways)
        if failure is not None:
            if failure.argument is not None:
                sampler.unseen.add(failure.argument)
            return rejected.model_copy(update={"gate": failure.gate, "why": failure.why})
        if self._memory.is_known("task", signature_of(task)):
            return rejected.model_copy(update={"gate": "new", "why": "a task with the same calls is there already"})
        try:
            task = await self._under_faults(task, number)
        except SpecError as problem:
            return rejected.model_copy(update={"gate": "oracle", "why": str(problem)})
        self._kept.update((task.environment, f"{task.environment}/{sampled.mode}"))
        self._memory.add_task(task)
        return task

    async def _under_faults(self, task: Task, number: int) -> Task:
        """The task, in its share of all cases with faults in the way of its calls, which it gets over."""
        if self._faults is None or not self._is_faulty(number):
            return task
        faulty = self._runtimes.under(task.environment, self._faults.profile)
        made = await rederive_under_faults(task, self._runtimes[task.environment], faulty)
        if made.origin is None or len(made.calls) == len(task.calls):
            return made
        return made.model_copy(update={"origin": made.origin.with_pattern("fault")})

    def _is_faulty(self, number: int) -> bool:
        return self._faults is not None and random.Random(f"{self._seed}:{number}:faults").random() < self._faults.share

    def _episode_seed(self, number: int) -> int:
        """The seed of the episode of a task; where it decides the faults as well, each task has its own."""
        if not self._is_faulty(number):
            return self._seed
        return random.Random(f"{self._seed}:{number}:episode").randrange(2**31)


def rejected_by(gate: Gate, task: Task, why: str) -> RejectedTask:
    """A task that did not pass a gate."""
    mode, number = (task.origin.mode, task.origin.number) if task.origin else ("", 0)
    return RejectedTask(number=number, environment=task.environment, mode=mode, gate=gate, why=why, task=task)
