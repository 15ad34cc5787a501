"""Chains of facts: each says something of what the one before led to, and stands in a later result."""

from collections.abc import Iterator, Sequence
from itertools import islice

from toolworld.ground import digest
from toolworld.rollout.facts.facts import ShownFact, facts_of
from toolworld.rollout.facts.items import items_in
from toolworld.rollout.facts.thread import connected
from toolworld.rollout.facts.values import is_name, names_said
from toolworld.rollout.questions.leakage import plain
from toolworld.rollout.trees.node import Node
from toolworld.rollout.trees.seeds import Seed

_LONGEST, _MOST_FACTS, _MOST_NEXT = 6, 1200, 12
_MOST_STEPS = 20_000
"""How many beginnings of chains are looked at."""

Chain = tuple[ShownFact, ...]


def chains_of(path: Sequence[Node], start: Seed, least: int, seed: int = 0) -> list[Chain]:
    """The chains of a path: those that start with the seed first, and among equals in a drawn order.

    Args:
        path: The nodes.
        start: What exploration started from; a chain starts with it, or with what facts lead to from there.
        least: How many facts a chain has at least, and from how many different results.
        seed: Decides the order of equals.
    """
    found = [fact for step, node in enumerate(path) for fact in facts_of(step, node.result, node.action.parameters)]
    begins = names_said(" ".join([start.content, *map(str, start.kwargs.values())]))
    distances = connected(found, [start.content, *begins])
    facts = _telling_one(found, _shared_names(path))[:_MOST_FACTS]
    by_subject: dict[str, list[ShownFact]] = {}
    for fact in facts:
        by_subject.setdefault(fact.subject.casefold(), []).append(fact)
    shown = [f" {plain(node.observation)} " for node in path]
    firsts = [fact for fact in facts if is_name(fact.subject) and fact.subject.casefold() in distances]
    firsts.sort(key=lambda fact: distances[fact.subject.casefold()])
    longer = (chain for first in firsts for chain in _longer((first,), by_subject))
    chains = [
        chain
        for chain in islice(longer, _MOST_STEPS)
        if len({fact.step for fact in chain}) >= least and _is_asked_for(chain, shown)
    ]

    def rank(chain: Chain) -> tuple[int, bool, str]:
        ends_in_key = chain[-1].label.endswith((" id", "number", "code"))
        return distances[chain[0].subject.casefold()], ends_in_key, digest([seed, [list(fact) for fact in chain]])

    return sorted(chains, key=rank)


def _shared_names(path: Sequence[Node]) -> set[str]:
    """Names that two different things have, such as two pages with one title."""
    places: dict[str, set[str]] = {}
    for node in path:
        for item in items_in(node.result, {}):
            name = next((item.fields[one] for one in ("title", "name") if one in item.fields), None)
            place = next((item.fields[one] for one in ("url", "section_id", "id") if one in item.fields), None)
            if name is not None and place is not None:
                places.setdefault(str(name).casefold(), set()).add(str(place))
    return {name for name, of in places.items() if len(of) > 1}


def _telling_one(facts: Sequence[ShownFact], shared: set[str]) -> list[ShownFact]:
    """The facts whose subject and relation lead to one value only, each the first time that it is shown.

    Args:
        facts: The facts.
        shared: Names that several things have, so that nothing is said of any of them.
    """
    values: dict[tuple[str, str, str], set[str]] = {}
    for fact in facts:
        values.setdefault(_asked_of(fact), set()).add(fact.value.casefold())
    first: dict[tuple[str, str, str], ShownFact] = {}
    for fact in facts:
        place = _asked_of(fact)
        if len(values[place]) == 1 and fact.subject.casefold() not in {fact.value.casefold(), *shared}:
            first.setdefault(place, fact)
    return [*first.values()]


def _asked_of(fact: ShownFact) -> tuple[str, str, str]:
    """What a fact tells, without its value: of which subject, and which relation."""
    return fact.subject.casefold(), fact.subject_kind, f"{fact.label} {fact.thing}"


def _longer(chain: Chain, by_subject: dict[str, list[ShownFact]]) -> Iterator[Chain]:
    yield chain
    if len(chain) == _LONGEST:
        return
    seen = {chain[0].subject.casefold(), *(fact.value.casefold() for fact in chain)}
    taken = 0
    for fact in by_subject.get(chain[-1].value.casefold(), ()):
        goes_on = fact.step > chain[-1].step or (fact.step == chain[-1].step and chain[-1].is_identity)
        is_new = fact.value.casefold() not in seen and not (fact.is_identity and chain[-1].is_identity)
        if goes_on and is_new and chain[-1].leads_to(fact) and taken < _MOST_NEXT:
            taken += 1
            yield from _longer((*chain, fact), by_subject)


def _is_asked_for(chain: Chain, shown: Sequence[str]) -> bool:
    """Whether a chain ends in what no result says up to the one that its last fact goes on from."""
    last = chain[-1]
    if last.is_identity and not is_name(last.value):
        return False
    earlier = range(chain[-2].step + 1 if len(chain) > 1 else 0)
    return not any(f" {plain(last.value)} " in shown[step] for step in earlier)
