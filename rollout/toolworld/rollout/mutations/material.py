"""What a mistake is made from."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from toolworld.datasets import ReferenceRun, Task, run_reference
from toolworld.environments import Call, Runtime
from toolworld.ground import SpecError
from toolworld.rollout.players.script import Script


@dataclass(frozen=True, slots=True)
class Material:
    """A task with its right script, and what a mistake may be taken from."""

    task: Task
    right: Script
    runtime: Runtime
    others: Sequence[Task]
    """Tasks of the same environment."""
    chance: random.Random
    """Chooses among possible mistakes."""

    @property
    def made(self) -> tuple[Call, ...]:
        """The right calls with the values that they had, and no references."""
        return tuple(reference.call for reference in self.task.calls)

    async def run(self, calls: Sequence[Call], after: ReferenceRun | None = None) -> ReferenceRun | None:
        """The run of these calls; None where they break the simulator, or refer to what is not there."""
        try:
            return await run_reference(self.runtime, calls, self.task.seed, after)
        except SpecError:
            return None

    def with_call(self, place: int, made: Call) -> Script:
        """The right script with another call in a place; what refers to a result, and is the same, goes on doing so."""
        right, own = self.right.calls[place].arguments, self.made[place].arguments
        written = {
            name: right[name] if name in own and own[name] == value else value for name, value in made.arguments.items()
        }
        calls = self.right.calls
        changed = (*calls[:place], Call(name=made.name, arguments=written), *calls[place + 1 :])
        return replace(self.right, calls=changed)

    @property
    def writes(self) -> list[int]:
        """The positions of the changes; to leave one out that is refused is no mistake."""
        return [
            number
            for number, reference in enumerate(self.task.calls)
            if reference.error is None and self.runtime.tool(reference.call.name).effect == "write"
        ]

    def calls_of_others(self, names: frozenset[str]) -> list[Call]:
        """The calls of these tools in other tasks, in an order of chance, without those that the task itself makes."""
        calls = [
            reference.call
            for task in self.others
            for reference in task.calls
            if reference.call.name in names and reference.error is None and reference.call not in self.made
        ]
        self.chance.shuffle(calls)
        return calls
