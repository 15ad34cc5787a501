"""An explorer without a model: it follows what results lead to, and seeks tools and values that were not used yet."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from toolworld.environments import Environment
from toolworld.ground import canonical, digest
from toolworld.rollout.facts.facts import facts_of
from toolworld.rollout.facts.relations import label_of, singular
from toolworld.rollout.facts.thread import connected
from toolworld.rollout.facts.values import names_said, shown_values
from toolworld.rollout.trees.actions import signature, with_seed_arguments
from toolworld.rollout.trees.arguments import Arguments, Candidate
from toolworld.rollout.trees.explorer import Proposals, Situation
from toolworld.rollout.trees.node import Action, Node

_NEXT, _DEEP, _KNOWN, _ELSEWHERE = 6.0, 0.5, -4.0, -2.0
"""What it is worth to ask about something that facts lead to and nothing is known of, each fact on the way to it, about
something that is known, and about something that has nothing to do with the start."""
_MADE_ELSEWHERE = -3.0
"""What it is worth to do what another branch did."""
_IN_VAIN = -3.0
"""What a tool is worth that has told nothing on the path."""
_LATEST, _FRESH, _REPEATED_TOOL, _WRITES = 1.0, 2.0, -0.3, -0.5
"""What a value of the latest result is worth, a tool that the path has not used, each use of it, and a change."""
_DEEPEST = 6


class _Ranked(NamedTuple):
    worth: float
    order: str
    """Decides between equals: drawn from the run's seed."""
    candidate: Candidate


class ScriptedExplorer:
    """Proposes the calls that are worth most.

    Args:
        environment: The environment.
        description: What seeds are.
        seed: Decides between calls that are worth the same.
    """

    def __init__(self, environment: Environment, description: str = "", seed: int = 0) -> None:
        self._arguments = Arguments(environment, description)
        self._description = description
        self._seed = seed

    async def propose(self, situation: Situation) -> Proposals:
        """The calls that are worth most, of those that nobody has made."""
        known = {signature(action) for action in situation.used}
        ranked = sorted(self._ranked(situation), key=lambda one: (-one.worth, one.order))
        chosen: list[Action] = []
        for one in ranked:
            tool = one.candidate.tool
            action = Action(tool_name=tool.name, parameters=one.candidate.arguments, intent=_intent(one.candidate))
            action = with_seed_arguments(action, tool, situation.seed.kwargs)
            if signature(action) not in known:
                known.add(signature(action))
                chosen.append(action)
            if len(chosen) == situation.width:
                break
        return Proposals(chosen)

    def _ranked(self, situation: Situation) -> list[_Ranked]:
        known = _Known.of(situation, self._description)
        elsewhere = {signature(action) for action in situation.elsewhere}
        found: list[_Ranked] = []
        for tool in situation.tools:
            for candidate in self._arguments.candidates(tool, situation.seed, situation.path):
                again = signature(Action(tool_name=tool.name, parameters=candidate.arguments)) in elsewhere
                order = digest([self._seed, situation.place, tool.name, canonical(candidate.arguments).decode()])
                found.append(_Ranked(known.worth(candidate) + again * _MADE_ELSEWHERE, order, candidate))
        return found


@dataclass
class _Known:
    """What a path knows."""

    latest: int
    used: Counter[str]
    in_vain: frozenset[str]
    """Tools that have told nothing."""
    distances: Mapping[str, int]
    """How far from the start each value is that facts lead to."""
    subjects: frozenset[str]
    """What facts are known of."""
    labels: frozenset[str]
    """The relations of values that nothing is known of: a table may be called so."""

    @classmethod
    def of(cls, situation: Situation, description: str) -> "_Known":
        """What the path of a situation knows."""
        path = situation.path
        facts = [fact for step, node in enumerate(path) for fact in facts_of(step, node.result, node.action.parameters)]
        start = names_said(" ".join([situation.seed.content, *map(str, situation.seed.kwargs.values())]))
        subjects = frozenset(fact.subject.casefold() for fact in facts)
        distances = connected(facts, [situation.seed.content, *start])
        open_ones = [
            fact for fact in facts if fact.value.casefold() in distances and fact.value.casefold() not in subjects
        ]
        labels = {fact.label.removesuffix(" id") for fact in open_ones}
        labels |= {*label_of(description).split()} if not subjects & {*distances} else set()
        told = {path[fact.step].action.tool_name for fact in facts}
        in_vain = {node.action.tool_name for node in path if node.failure or not _says_something(node)} - told
        return cls(
            latest=len(path) - 1,
            used=Counter(node.action.tool_name for node in path),
            in_vain=frozenset(in_vain),
            distances=distances,
            subjects=subjects,
            labels=frozenset(labels),
        )

    def worth(self, candidate: Candidate) -> float:
        """What a call is worth."""
        tool = candidate.tool
        worth = _REPEATED_TOOL * self.used[tool.name] + (0 if self.used[tool.name] else _FRESH)
        worth += _IN_VAIN if tool.name in self.in_vain else 0
        worth += _WRITES if tool.effect == "write" else 0
        worth += _LATEST if candidate.step == self.latest >= 0 else 0
        return worth + self._worth_of(candidate.about.casefold())

    def _worth_of(self, about: str) -> float:
        if about == "":
            return 0
        if about in self.subjects:
            return _KNOWN
        if about in self.distances:
            return _NEXT + _DEEP * min(self.distances[about], _DEEPEST)
        if singular(about.rpartition(".")[0]) in self.labels:  # the file of a table
            return _NEXT
        return _ELSEWHERE


def _intent(candidate: Candidate) -> str:
    if candidate.step < 0:
        return f"Begin with {candidate.tool.name.replace('_', ' ')}."
    return f"Follow what step {candidate.step + 1} showed, with {candidate.tool.name.replace('_', ' ')}."


def _says_something(node: Node) -> bool:
    """Whether a result has a text: one without any found nothing."""
    return any(isinstance(shown.value, str) for shown in shown_values(node.result))
