"""Chains of facts: each says something of what the one before led to, and stands in a later result."""

from collections.abc import Iterator, Sequence

from toolworld.ground import digest
from toolworld.rollout.facts.facts import Fact, facts_of
from toolworld.rollout.facts.values import is_name
from toolworld.rollout.trees.node import Node
from toolworld.rollout.trees.seeds import Seed

_LONGEST, _MOST_FACTS = 6, 1200
_MOST_CHAINS = 400

Chain = tuple[Fact, ...]


def chains_of(path: Sequence[Node], start: Seed, least: int, seed: int = 0) -> list[Chain]:
    """The chains of a path: those that start with the seed first, and among equals in a drawn order.

    Args:
        path: The nodes.
        start: What exploration started from.
        least: How many facts a chain has at least.
        seed: Decides the order of equals.
    """
    facts = [fact for step, node in enumerate(path) for fact in facts_of(step, node.result, node.action.parameters)]
    facts = _telling_one(facts)[:_MOST_FACTS]
    by_subject: dict[str, list[Fact]] = {}
    for fact in facts:
        by_subject.setdefault(fact.subject.casefold(), []).append(fact)
    shown = [node.observation.casefold() for node in path]
    found: list[Chain] = []
    for first in facts:
        if is_name(first.subject):
            for chain in _longer((first,), by_subject):
                if len(chain) >= least and _is_asked_for(chain, shown):
                    found.append(chain)
                if len(found) >= _MOST_CHAINS:
                    break
    begins = " ".join([start.content, *map(str, start.kwargs.values())]).casefold()
    return sorted(found, key=lambda chain: (-_worth(chain, begins), digest([seed, [list(fact) for fact in chain]])))


def _telling_one(facts: Sequence[Fact]) -> list[Fact]:
    """The facts whose subject and relation lead to one value only, each the first time that it is shown."""
    values: dict[tuple[str, str, str], set[str]] = {}
    for fact in facts:
        values.setdefault((fact.subject.casefold(), fact.label, fact.thing), set()).add(fact.value.casefold())
    first: dict[tuple[str, str, str], Fact] = {}
    for fact in facts:
        place = (fact.subject.casefold(), fact.label, fact.thing)
        if len(values[place]) == 1 and fact.subject.casefold() != fact.value.casefold():
            first.setdefault(place, fact)
    return [*first.values()]


def _longer(chain: Chain, by_subject: dict[str, list[Fact]]) -> Iterator[Chain]:
    yield chain
    if len(chain) == _LONGEST:
        return
    seen = {chain[0].subject.casefold(), *(fact.value.casefold() for fact in chain)}
    for fact in by_subject.get(chain[-1].value.casefold(), ()):
        goes_on = fact.step > chain[-1].step or (fact.step == chain[-1].step and chain[-1].is_identity)
        if goes_on and fact.value.casefold() not in seen and not (fact.is_identity and chain[-1].is_identity):
            yield from _longer((*chain, fact), by_subject)


def _is_asked_for(chain: Chain, shown: Sequence[str]) -> bool:
    """Whether a chain ends in something to ask for, that no result says before its last one."""
    last = chain[-1]
    if last.is_identity and not is_name(last.value):
        return False
    earlier = range(chain[-2].step + 1) if len(chain) > 1 else range(0)
    return not any(last.value.casefold() in shown[step] for step in earlier)


def _worth(chain: Chain, begins: str) -> int:
    """What speaks for a chain: that it starts with the seed, and that it does not end in a key."""
    last = chain[-1]
    is_told = not last.label.endswith((" id", "number"))
    return is_told + (2 if chain[0].subject.casefold() in begins else 0)
