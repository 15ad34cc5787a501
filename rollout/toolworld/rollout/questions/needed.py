"""Which calls of a path lead to an answer: those that hops cite, those that their arguments come from, and changes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from toolworld.environments import Call, Environment
from toolworld.ground import JsonValue, leaves
from toolworld.rollout.facts.items import is_key
from toolworld.rollout.questions.checks import shown_text
from toolworld.rollout.questions.leakage import plain, stands_in
from toolworld.rollout.questions.question import Draft
from toolworld.rollout.trees.node import Node

_LITERAL = re.compile(r"'((?:[^']|'')*)'|\"([^\"]*)\"")
"""A text in a program or query."""
_REFERABLE = re.compile(r"[A-Za-z_][\w.-]*")
"""A place in a result that a task can refer to."""
_COUNT = 100
"""Up to which a number is a count that anybody may choose, where its parameter is no key."""


class NeededCalls(NamedTuple):
    """The calls that lead to an answer."""

    places: tuple[int, ...]
    """Their positions on the path."""
    calls: tuple[Call, ...]
    """As a task writes them: what an earlier one of them returned is referred to."""


class Ungrounded(NamedTuple):
    """An argument that nobody can know."""

    why: str


def needed_calls(
    draft: Draft, path: Sequence[Node], environment: Environment, given: Mapping[str, JsonValue]
) -> NeededCalls | Ungrounded:
    """The calls that a solver has to make who follows the hops.

    Args:
        draft: A question whose steps say which nodes they cite.
        path: The nodes.
        environment: Their environment.
        given: The seed's arguments, which the question's reader is given.
    """
    position = {node.id: place for place, node in enumerate(path)}
    waiting = sorted({position[step.node] for step in draft.reasoning_steps if step.node in position}, reverse=True)
    needed = {place for place, node in enumerate(path[: waiting[0]]) if node.changes} if waiting else set[int]()
    waiting += sorted(needed)
    known = plain(" ".join([draft.question, *map(str, given.values())]))
    while waiting:
        place = waiting.pop()
        needed.add(place)
        for value in _leaves(path[place], environment):
            source = _source(value, place, path, known)
            if source is None:
                call = path[place].action.tool_name
                return Ungrounded(f"nothing tells {value[:80]!r}, which {call} is asked with at step {place + 1}")
            if source >= 0 and source not in needed:
                waiting.append(source)
    places = tuple(sorted(needed))
    return NeededCalls(places, tuple(_written(places, path)))


def _leaves(node: Node, environment: Environment) -> Iterator[str]:
    """The texts and larger numbers that a call is made with; of a program or a query, the texts in it."""
    tool = environment.tool(node.action.tool_name)
    free = tool.free_text if tool else frozenset[str]()
    for name, value in node.action.parameters.items():
        for one in leaves(value):
            is_count = isinstance(one, int | float) and abs(one) <= _COUNT and not is_key(name)
            if isinstance(one, bool) or is_count:
                continue
            if name not in free:
                yield str(one)
            elif name != "goal":
                yield from (found[1] or found[2] for found in _LITERAL.finditer(str(one)) if found[1] or found[2])


def _source(value: str, place: int, path: Sequence[Node], known: str) -> int | None:
    """The step that shows a value, the latest; -1 where the question says it, None where nothing does."""
    words = plain(value)
    if not words or stands_in(words, known) or all(word in known.split() for word in words.split()):
        return -1
    for step in range(place - 1, -1, -1):
        if stands_in(words, shown_text(path[step])):
            return step
    return None


def _written(places: Sequence[int], path: Sequence[Node]) -> Iterator[Call]:
    """The calls, with references to results of earlier ones where an argument is a value of one."""
    for number, place in enumerate(places):
        action = path[place].action
        results = [path[one].result for one in places[:number]]
        yield Call(
            name=action.tool_name,
            arguments={name: _referred(value, results) for name, value in action.parameters.items()},
        )


def _referred(value: JsonValue, results: Sequence[JsonValue]) -> JsonValue:
    if isinstance(value, list):
        return [_referred(one, results) for one in value]
    if not isinstance(value, str):
        return value
    for number in range(len(results) - 1, -1, -1):
        found = next(_paths(results[number], value, ()), None)
        if found is not None:
            return f"${number}.{'.'.join(found)}"
    return value


def _paths(result: JsonValue, value: str, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(result, str):
        if result == value and _REFERABLE.fullmatch(".".join(at)) and not any("." in part for part in at):
            yield at
    elif isinstance(result, dict):
        for name, one in result.items():
            yield from _paths(one, value, (*at, name))
    elif isinstance(result, list):
        for number, one in enumerate(result):
            yield from _paths(one, value, (*at, str(number)))
