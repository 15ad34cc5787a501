"""Evolution: an evolver asks for something, a solver does it in the live environment, and a judge says whether it fits.

What the solver did must be what the evolver meant, in its tool and its values, and must have changed something; only
then the judge reads the turn. A turn that is rejected is asked for again, with the reason, and after some rejections
the task ends with the turns that it has.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from toolworld.environments import Event, ToolSpec
from toolworld.ground import SpecError, humanize, same
from toolworld.llm import Model
from toolworld.rollout.evolution.sources import arguments_from
from toolworld.rollout.evolution.turn import (
    FINISH,
    VERDICT_FORM,
    EvolvedTurn,
    Wish,
    asked,
    call_form,
    prompt,
    shown_calls,
    shown_tools,
    wish_form,
)
from toolworld.rollout.synthesis.chain import Chain
from toolworld.rollout.synthesis.memory import CorpusMemory
from toolworld.rollout.synthesis.sampler import Sampler
from toolworld.rollout.synthesis.terrain import Terrain

MAX_CALLS = 6
"""How many calls a solver makes for one turn."""
MAX_RETRIES = 2
"""How often a turn is asked for again that was rejected."""
_RECORDS = 8
"""How many of their records a customer is said to know."""


@dataclass(frozen=True, slots=True)
class EvolutionModels:
    """Who evolves tasks; the same model may play all roles."""

    evolver: Model
    solver: Model
    judge: Model
    merger: Model


@dataclass(slots=True)
class Evolved:
    """A conversation as it evolves."""

    chain: Chain
    person: tuple[str, str] | None
    turns: list[EvolvedTurn] = field(default_factory=list[EvolvedTurn])
    rejected: list[str] = field(default_factory=list[str])
    """Why turns were rejected, in their order."""

    @property
    def events(self) -> list[Event]:
        """All calls so far."""
        return [step.event for step in self.chain.steps]

    @property
    def history(self) -> str:
        """What was asked and done, as a model reads it."""
        told = [
            f"Customer: {turn.wish.text}\n{shown_calls(self.events[turn.calls.start : turn.calls.stop])}"
            for turn in self.turns
        ]
        return "\n".join(told) or "(nothing)"


class Evolver:
    """Evolves conversations in an environment.

    Args:
        sampler: Knows the environment.
        models: Who plays the roles.
        memory: Steers which tools are asked for.
    """

    def __init__(self, sampler: Sampler, models: EvolutionModels, memory: CorpusMemory) -> None:
        self.terrain: Terrain = sampler.terrain
        self._models = models
        self._memory = memory

    async def evolve(self, turns: int, draw: random.Random, seed: int) -> Evolved:
        """Evolve a conversation of at most so many turns; of fewer where one is rejected too often.

        Raises:
            ModelError: a model does not answer.
            BudgetError: the budget is spent.
        """
        terrain = self.terrain
        people = terrain.records(terrain.people[0]) if terrain.people else ()
        person = (terrain.people[0], draw.choice(people)) if people else None
        evolved = Evolved(Chain(terrain.runtime, seed, terrain.runtime.start), person)
        while len(evolved.turns) < turns:
            if not await self._turn(evolved, draw):
                break
        return evolved

    async def _turn(self, evolved: Evolved, draw: random.Random) -> bool:
        """One turn more; False where none was accepted."""
        target = self._target(evolved, draw)
        if target is None:
            return False
        complaints: list[str] = []
        for attempt in range(MAX_RETRIES + 1):
            seed = draw.randrange(2**31)
            why = await self._tried(evolved, target, complaints, seed)
            if why is None:
                return True
            complaints.append(why)
            evolved.rejected.append(f"turn {len(evolved.turns)}, try {attempt}: {why}")
        return False

    def _target(self, evolved: Evolved, draw: random.Random) -> ToolSpec | None:
        """A tool that changes something, and was not asked for yet; one that was used less is likelier."""
        before = {turn.wish.tool for turn in evolved.turns}
        tools = [one for one in self.terrain.writers if one.name not in before]
        name = self.terrain.runtime.environment.id
        weights = [self._memory.weight("tool", f"{name}/{one.name}") for one in tools]
        return draw.choices(tools, weights)[0] if tools else None

    async def _tried(self, evolved: Evolved, target: ToolSpec, complaints: Sequence[str], seed: int) -> str | None:
        """Try one turn, and keep it; or say why it is rejected."""
        wish = await self._wish(evolved, target, complaints, seed)
        if wish is None:
            return "the evolver gave no turn that can be used"
        tried, first = evolved.chain.fork(), len(evolved.chain.steps)
        why = await self._solved(evolved, tried, wish, seed) or self._differs(tried, first, wish)
        why = why or await self._judged(tried, first, wish, seed)
        if why is None:
            evolved.chain.become(tried)
            evolved.turns.append(EvolvedTurn(wish, range(first, len(tried.steps))))
        return why

    async def _wish(self, evolved: Evolved, target: ToolSpec, complaints: Sequence[str], seed: int) -> Wish | None:
        text = prompt("evolver").substitute(
            policy=self.terrain.runtime.environment.policy or "(nothing is said)",
            tools=shown_tools(self.terrain.tools),
            scene=self.scene(evolved),
            history=evolved.history,
            target=target.name,
        )
        if complaints:
            text += f"\nYour last turn was rejected: {complaints[-1]}\n"
        found = await asked(self._models.evolver, text, wish_form(target), seed=seed)
        if found is None:
            return None
        keys = self.terrain.keys_of(target)
        values = {
            name: value for name, value in found["values"].items() if name in target.parameters and name not in keys
        }
        return Wish(str(found["turn"]).strip(), target.name, values)

    def scene(self, evolved: Evolved) -> str:
        """The customer and their things, as people know them."""
        if evolved.person is None:
            return "a customer"
        collection, key = evolved.person
        state, terrain = evolved.chain.snapshot.state, self.terrain
        lines = [f"{humanize(collection)}: {terrain.knowable(collection, state.get(collection, key) or {})}"]
        for name in terrain.distances(collection):
            for one in terrain.records_of(evolved.person, name)[:_RECORDS]:
                lines.append(f"{humanize(name)}: {terrain.knowable(name, state.get(name, one) or {})}")
        return "\n".join(lines)

    async def _solved(self, evolved: Evolved, tried: Chain, wish: Wish, seed: int) -> str | None:
        """Have the solver make the calls for a turn in a fork of the chain; or say why that failed."""
        first = len(tried.steps)
        said = "\n".join([*(turn.wish.text for turn in evolved.turns), wish.text, self._named(evolved)])
        for number in range(MAX_CALLS + 1):
            text = prompt("solver").substitute(
                policy=self.terrain.runtime.environment.policy or "(nothing is said)",
                tools=shown_tools(self.terrain.tools),
                person=self._named(evolved) or "a customer",
                history=evolved.history,
                turn=wish.text,
                calls=shown_calls([step.event for step in tried.steps[first:]]),
            )
            found = await asked(self._models.solver, text, call_form(self.terrain.tools), seed=seed + number)
            if found is None:
                return "the solver gave no call that can be used"
            if found["name"] == FINISH:
                return None
            if number == MAX_CALLS:
                return f"the solver was not through after {MAX_CALLS} calls"
            tool = self.terrain.runtime.tool(found["name"])
            events = [step.event for step in tried.steps]
            try:
                await tried.make(tool, arguments_from(found["arguments"], events, said))
            except SpecError as problem:
                return str(problem)
        return None

    def _named(self, evolved: Evolved) -> str:
        """Who the customer is."""
        if evolved.person is None:
            return ""
        record = evolved.chain.snapshot.state.get(*evolved.person) or {}
        return "; ".join(
            f"{humanize(name)} {value}" for name, value in self.terrain.knowable(evolved.person[0], record).items()
        )

    def _differs(self, tried: Chain, first: int, wish: Wish) -> str | None:
        """Where what the solver did is not what the evolver meant."""
        made = [step.event for step in tried.steps[first:] if step.event.ops]
        if not made:
            return "the solver changed nothing"
        if [one.call.name for one in made] != [wish.tool]:
            return f"the solver called {', '.join(one.call.name for one in made)}, and {wish.tool} was meant"
        given = made[0].call.arguments
        for name, value in wish.values.items():
            if not same(given.get(name), value):
                return f"the solver gave {name} {given.get(name)!r}, and {value!r} was meant"
        return None

    async def _judged(self, tried: Chain, first: int, wish: Wish, seed: int) -> str | None:
        """Why the judge rejects a turn."""
        calls = shown_calls([step.event for step in tried.steps[first:]])
        text = prompt("judge").substitute(turn=wish.text, calls=calls)
        found = await asked(self._models.judge, text, VERDICT_FORM, seed=seed)
        if found is None:
            return "the judge gave no verdict that can be used"
        return None if found["verdict"] == "accept" else f"the judge: {found['why']}"
