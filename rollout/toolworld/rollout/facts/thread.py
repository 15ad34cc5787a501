"""What a path has led to: values that facts connect with where it began."""

from collections.abc import Iterable, Mapping, Sequence

from toolworld.rollout.facts.facts import ShownFact


def connected(facts: Sequence[ShownFact], start: Iterable[str]) -> Mapping[str, int]:
    """How many facts away from the start each value is, of those that facts lead to.

    Args:
        facts: In the order in which they were seen.
        start: What exploration began with.
    """
    found = {name.casefold(): 0 for name in start}
    edges: dict[str, list[str]] = {}
    for fact in facts:
        edges.setdefault(fact.subject.casefold(), []).append(fact.value.casefold())
    waiting = [*found]
    for name in waiting:  # it grows while it is gone through
        for value in edges.get(name, ()):
            if value not in found:
                found[value] = found[name] + 1
                waiting.append(value)
    return found
