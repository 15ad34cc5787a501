"""Sampling: chains of intents over the live state, in the mode that is asked for."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from toolworld.environments import Runtime, ToolSpec
from toolworld.ground import JsonValue
from toolworld.rollout.synthesis.chain import Argument, Chain
from toolworld.rollout.synthesis.experience import SamplerExperience
from toolworld.rollout.synthesis.intents import Intent, Intents, wanted_status
from toolworld.rollout.synthesis.lookup import Lookups
from toolworld.rollout.synthesis.memory import CorpusMemory, combination_of, length_of
from toolworld.rollout.synthesis.modes import KINDS, ChainMode, Sampled, not_of_mode
from toolworld.rollout.synthesis.strangers import wish_for_another
from toolworld.rollout.synthesis.terrain import Terrain
from toolworld.rollout.synthesis.values import value_for
from toolworld.rollout.synthesis.ways import Ways

MAX_CALLS = 20
"""How many calls a chain has at most."""
_LENGTHS = (3, 4, 5, 5, 6, 6, 7, 8, 9, 10, 12, 14, 17, 20)
"""How long chains are that may be long: one of these is aimed at."""
_STAFF, _OTHERS = 0.35, 0.3
"""How often somebody of the staff asks, and how often it is about others than those whom the desk serves first."""
_TRIES = 16
"""How often an intent is tried before the chain is as long as it gets."""
_ENOUGH_TRIES = 10
"""After how many tries in vain a tool is drawn less often."""
_PATTERNS = {kind: float(weight) for kind, weight in KINDS if kind != "change"}
"""How usual the patterns of tasks are meant to be, among themselves."""


class Sampler:
    """Samples chains in an environment.

    Args:
        runtime: The environment.
        memory: Knows what there is already, and makes it less likely; by default nothing is known.
    """

    def __init__(self, runtime: Runtime, memory: CorpusMemory | None = None) -> None:
        self.terrain = Terrain(runtime)
        self._memory = memory or CorpusMemory(is_on=False)
        self.ways = Ways(self.terrain)
        self._tried, self._used = Counter[str](), Counter[str]()
        self._unidentified: set[tuple[str, str] | None] = set()
        self.unseen: set[tuple[str, str]] = set()
        """Values of which nobody sees what they are, by tool and parameter: they are not asked for."""
        self._may: dict[tuple[str | None, bool, str], bool] = {}

    @property
    def experience(self) -> SamplerExperience:
        """What was found out about the environment."""
        return SamplerExperience(
            tried=dict(self._tried),
            used=dict(self._used),
            unseen=tuple(sorted(self.unseen)),
            unidentified=tuple(sorted(one for one in self._unidentified if one is not None)),
            ways=self.ways.vain_tries,
            places=dict(self.ways.right_places),
        )

    def learn(self, experience: SamplerExperience) -> None:
        """Go on from what another sampler of the same environment found out."""
        self._tried, self._used = Counter(experience.tried), Counter(experience.used)
        self.unseen, self._unidentified = {*experience.unseen}, {*experience.unidentified}
        self.ways.learn(experience.ways, experience.places)

    async def sample(self, mode: ChainMode, draw: random.Random, seed: int) -> Sampled | str:
        """Sample a chain, or say why there is none.

        Args:
            mode: What kind of chain.
            draw: Decides everything.
            seed: Of the episode, which decides the ids that calls issue.
        """
        if self.terrain.serves_staff:
            return "its staff may do what their roles allow, which its policy says and no rule holds"
        began = await self._began(draw, seed)
        if began is None:
            return "nobody could be identified"
        chain, intents, said = began
        identification = len(chain.steps)
        lengths = [self._memory.need("length", length_of(one)) for one in _LENGTHS]
        wanted = 2 if mode == "short" else draw.choices(_LENGTHS, lengths)[0]
        made: list[Intent] = []
        for _ in range(_TRIES):
            if len(chain.steps) - identification >= wanted or (mode == "short" and made):
                break
            tried = chain.fork()
            known, changed, asked = {**intents.subjects}, {*intents.changed}, {*intents.asked}
            found = await self._intent(intents, tried, mode, made)
            most = min(MAX_CALLS, wanted + (0 if mode == "short" else 3))
            if found and len(tried.steps) - identification <= most:
                chain.become(tried)
                made += found
            else:
                intents.subjects, intents.changed, intents.asked = known, changed, asked
        made[:1] = [replace(one, said={**said, **one.said}) for one in made[:1]]
        sampled = Sampled(chain, tuple(made), mode, intents.person, intents.is_own, identification)
        return not_of_mode(sampled) or sampled

    async def _began(self, draw: random.Random, seed: int) -> tuple[Chain, Intents, Mapping[str, JsonValue]] | None:
        """A chain with somebody whom it is about, who is identified where the policy wants that."""
        terrain = self.terrain
        for _ in range(_TRIES):
            person = self._person(draw)
            is_own = draw.random() >= _STAFF or bool(terrain.identifying)
            intents = Intents(terrain, Lookups(self.ways, draw), draw, person, is_own, self.unseen)
            chain = Chain(terrain.runtime, seed, terrain.runtime.start)
            said = await intents.identify(chain)
            if said is not None:
                return chain, intents, said
            self._unidentified.add(person)
        return None

    def _person(self, draw: random.Random) -> tuple[str, str] | None:
        if not self.terrain.people:
            return None
        others = self.terrain.people[1:]
        collection = draw.choice(others) if others and draw.random() < _OTHERS else self.terrain.people[0]
        people = [
            (collection, key) for key in self.terrain.records(collection) if self.terrain.is_adult(collection, key)
        ]
        known = [one for one in people if one not in self._unidentified]
        return draw.choice(known) if known else None

    async def _intent(self, intents: Intents, chain: Chain, mode: ChainMode, made: Sequence[Intent]) -> list[Intent]:
        """One intent more, or two where the second stands in for the first; none where none was found."""
        kinds = [kind for kind, _ in KINDS]
        weights = [weight * self._memory.balance("pattern", kind, _PATTERNS) for kind, weight in KINDS]
        kind = intents.draw.choices(kinds, weights)[0] if made else "change"
        if mode == "parallel" and kind in ("correction", "fallback"):
            kind = "change"
        if kind == "question":
            collections = [*self.terrain.key_fields]
            found = await intents.question(chain, intents.draw.choice(collections)) if collections else None
            return [found] if found else []
        tool = self._tool(intents, made)
        if tool is None:
            return []
        match kind:
            case "change":
                change = await intents.change(chain, tool)
                self._tried[tool.name] += 1
                self._used[tool.name] += change is not None
                return [change] if change else []
            case "correction":
                return await self._correction(intents, chain, tool)
            case "not_theirs":
                wish = await wish_for_another(intents, chain, tool)
                return [wish] if wish and not any(one.kind == "not_theirs" for one in made) else []
            case "condition":
                return await self._condition(intents, chain, tool)
            case _:
                return await self._refusal(intents, chain, tool, is_replaced=kind == "fallback")

    def _tool(self, intents: Intents, made: Sequence[Intent] = ()) -> ToolSpec | None:
        """A tool that changes something: one that was used less is likelier, one that never could be used is not."""
        tools = [one for one in self.terrain.writers if self._may_ask(intents, one)]
        if not tools:
            return None
        before = [one.tool.name for one in made if one.tool.effect == "write"]
        weights = [self._weight(one.name, before) for one in tools]
        return intents.draw.choices(tools, weights)[0]

    def _may_ask(self, intents: Intents, tool: ToolSpec) -> bool:
        asking = (intents.person[0] if intents.person else None, intents.is_own, tool.name)
        if asking not in self._may:
            self._may[asking] = intents.may_ask(tool)
        return self._may[asking]

    def _weight(self, tool: str, before: Sequence[str]) -> float:
        vain = 1 if self._used[tool] or self._tried[tool] < _ENOUGH_TRIES else self._tried[tool]
        name = self.terrain.runtime.environment.id
        together = self._memory.need("combination", combination_of(name, [*before, tool])) if before else 1.0
        return self._memory.weight("tool", f"{name}/{tool}") * together / vain

    async def _correction(self, intents: Intents, chain: Chain, tool: ToolSpec) -> list[Intent]:
        """A change that the user wants otherwise as soon as it is made: one of its values is another."""
        made = await intents.change(chain, tool, "correction")
        if made is None or not made.subjects:
            return []
        open_values = [name for name in made.values if name not in tool.required and name != "amount"]
        places = {name: (one.collection, one.key) for name, one in made.subjects.items()}
        if not open_values or {*places} != {*tool.required}:
            return []  # what makes something would make another one
        name = intents.draw.choice(open_values)
        other = value_for(
            self.terrain,
            tool,
            name,
            collection=intents.collection_of(tool, places),
            before=made.values[name],
            draw=intents.draw,
        )
        if other is None:
            return []
        arguments = {one: Argument(place[1], chain.keys[place]) for one, place in places.items()}
        arguments |= {one: Argument(value) for one, value in {**made.values, name: other}.items()}
        event = await chain.make(tool, arguments)
        if event.failure is not None or not event.ops:
            return []
        calls = range(made.calls.start, len(chain.steps))
        return [replace(made, second={name: other}, calls=calls)]

    async def _condition(self, intents: Intents, chain: Chain, tool: ToolSpec) -> list[Intent]:
        """A change that is wanted only while a record has the status that it has, or has not any more."""
        if intents.draw.random() < _HALF:
            made = await intents.change(chain, tool, "condition")
            status = self._status(made) if made else None
            return [replace(made, asked=str(status))] if made and status and not _is_told_by_status(made) else []
        tried = chain.fork()
        refused = await intents.change(tried, tool, "refusal")
        wanted = wanted_status(refused.code) if refused else None
        fact = intents.status_fact(tried, refused) if refused else None
        if refused is None or wanted is None or fact is None or _is_told_by_status(refused):
            return []
        tried.steps.pop()  # who looks first need not run into the refusal
        chain.become(tried)
        calls = range(refused.calls.start, len(chain.steps))
        return [replace(refused, kind="condition", asked=wanted, facts=(fact,), calls=calls)]

    def _status(self, made: Intent) -> JsonValue:
        """The status that a record had before a change, if it had one."""
        state = self.terrain.runtime.start.state
        for subject in made.subjects.values():
            record = state.get(subject.collection, subject.key) or {}
            if subject.collection not in self.terrain.people and isinstance(record.get("status"), str):
                return record["status"]
        return None

    async def _refusal(self, intents: Intents, chain: Chain, tool: ToolSpec, *, is_replaced: bool) -> list[Intent]:
        """A change that is refused, with what is told instead, or what is done in its place."""
        refused = await intents.change(chain, tool, "refusal")
        if refused is None:
            return []
        if is_replaced:
            other = self._tool(intents)
            instead = await intents.change(chain, other, "fallback") if other else None
            return [refused, instead] if instead else []
        fact = intents.status_fact(chain, refused)
        return [replace(refused, facts=(fact,))] if fact and not _is_told_by_status(refused) else []


def _is_told_by_status(intent: Intent) -> bool:
    """Whether the user says the status of what they speak of, so that it is no condition, and nothing to be told."""
    return any("status" in one.marks for one in intent.subjects.values())


_HALF = 0.5
