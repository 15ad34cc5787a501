"""Many tasks evolved by models: evolved, merged, gated, and played like those that are sampled."""

import random
from collections.abc import AsyncIterator, Iterator

from toolworld.datasets import DraftCall, Scenario, Task, TaskDraft, TaskOrigin, TaskSuite, complete_draft, lineage_of
from toolworld.environments import RuntimePool
from toolworld.ground import SpecError, humanize
from toolworld.rollout.evolution.evolver import EvolutionModels, Evolved, Evolver
from toolworld.rollout.evolution.merging import facts_of, hidden_values, merged_request, told_values
from toolworld.rollout.synthesis.gates import failed_gate
from toolworld.rollout.synthesis.generator import OpenHost, RejectedTask, rejected_by
from toolworld.rollout.synthesis.memory import CorpusMemory, signature_of
from toolworld.rollout.synthesis.sampler import Sampler
from toolworld.rollout.synthesis.trial import try_out

MODE = "evolved"
"""What the origin of evolved tasks calls their mode."""
_TURNS = (1, 2, 3, 4)
MOST_TRIES = 3
"""How many conversations are evolved for each task that is asked for, at most, on average."""


class TaskEvolver:
    """Makes tasks by models.

    Args:
        runtimes: The environments, by id.
        models: Who plays the roles.
        seed: Decides everything but what the models say.
        memory: What there is already, and what is made.
    """

    def __init__(
        self, runtimes: RuntimePool, models: EvolutionModels, *, seed: int = 0, memory: CorpusMemory | None = None
    ) -> None:
        self._runtimes = runtimes
        self._models = models
        self._seed = seed
        self._memory = memory or CorpusMemory()
        self._samplers: dict[str, Sampler] = {}

    async def generate(self, count: int, open_host: OpenHost | None = None) -> AsyncIterator[Task | RejectedTask]:
        """Make so many tasks, with everything that was rejected on the way; fewer where too much is rejected.

        Args:
            count: How many.
            open_host: Opens a host for a suite, where each task is played: then it is kept if its right run passes.

        Raises:
            ModelError: a model does not answer.
            BudgetError: the budget is spent.
        """
        made = 0
        for number in range(count * MOST_TRIES):
            if made == count:
                return
            one = await self.try_one(number)
            if isinstance(one, Task) and open_host is not None:
                one = await self._played(one, open_host)
            made += isinstance(one, Task)
            yield one

    async def _played(self, task: Task, open_host: OpenHost) -> Task | RejectedTask:
        suite = TaskSuite(self._runtimes, (task,))
        async with open_host(suite) as host:
            why = (await try_out(task, suite.runtime_of(task), host)).broken_by
        return task if why is None else rejected_by("lawful", task, why)

    async def try_one(self, number: int) -> Task | RejectedTask:
        """One try: a task, or why it is none."""
        draw = random.Random(f"{self._seed}:{number}")
        names = [*self._runtimes]
        weights = [self._memory.weight("environment", one) for one in names]
        environment = draw.choices(names, weights)[0]
        if environment not in self._samplers:
            self._samplers[environment] = Sampler(self._runtimes[environment], self._memory)
        sampler = self._samplers[environment]
        evolved = await Evolver(sampler, self._models, self._memory).evolve(draw.choice(_TURNS), draw, self._seed)
        rejected = RejectedTask(number=number, environment=environment, mode=MODE, why="")
        if not evolved.turns:
            why = evolved.rejected[-1] if evolved.rejected else "there is no tool to ask for"
            return rejected.model_copy(update={"why": why})
        try:
            task = await self._task(evolved, sampler, number, draw)
        except SpecError as problem:
            return rejected.model_copy(update={"why": str(problem)})
        if task is None:
            return rejected.model_copy(update={"why": "no request says all that is needed and gives nothing away"})
        failure = await failed_gate(task, sampler.ways)
        if failure is not None:
            return rejected.model_copy(update={"gate": failure.gate, "why": failure.why})
        if self._memory.is_known("task", signature_of(task)):
            return rejected.model_copy(update={"gate": "new", "why": "a task with the same calls is there already"})
        self._memory.add_task(task)
        return task

    async def _task(self, evolved: Evolved, sampler: Sampler, number: int, draw: random.Random) -> Task | None:
        """The task of a conversation, with its turns as one request; None where there is no such request."""
        runtime = sampler.terrain.runtime
        draft = self._draft(evolved, sampler, number)
        task = await complete_draft(draft, runtime)
        lineage = lineage_of(task, runtime.environment)
        request = await merged_request(
            self._models.merger, evolved.turns, told_values(lineage), hidden_values(lineage), draw.randrange(2**31)
        )
        if request is None:
            return None
        patterns = ("several_intents",) if len(evolved.turns) > 1 else ()
        return task.model_copy(
            update={
                "request": request,
                "scenario": task.scenario.model_copy(update={"facts": facts_of(lineage)}),
                "origin": TaskOrigin(mode=MODE, style="direct", patterns=patterns, number=number),
            }
        )

    def _draft(self, evolved: Evolved, sampler: Sampler, number: int) -> TaskDraft:
        said = [turn.wish.text for turn in evolved.turns]
        known = [*_known(evolved, sampler), *said]
        return TaskDraft(
            id=f"{MODE}-{self._seed}-{number}",
            request=" ".join(said),
            scenario=Scenario(goal=f"You want what you say: {' '.join(said)}", known=" ".join(known)),
            calls=tuple(
                DraftCall(name=step.call.name, arguments=step.call.arguments, fails=step.event.failure is not None)
                for step in evolved.chain.steps
            ),
            seed=self._seed,
        )


def _known(evolved: Evolved, sampler: Sampler) -> Iterator[str]:
    """What the customer knows of themselves."""
    if evolved.person is not None:
        terrain = sampler.terrain
        record = terrain.runtime.start.state.get(*evolved.person) or {}
        for name, value in terrain.knowable(evolved.person[0], record).items():
            yield f"The {humanize(name)} is {value}."
