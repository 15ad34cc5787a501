"""Another person than the user is identified, or the user is by guessing."""

from collections.abc import Iterator
from dataclasses import replace

from toolworld.datasets import changed_arguments
from toolworld.environments import Before, Runtime
from toolworld.ground import JsonValue, leaves
from toolworld.rollout.mutations.material import Material
from toolworld.rollout.players.script import ADDED, Script

MAX_READ = 10
GUESSES = 3
"""Calls of an agent that guesses; nobody allows more than two tries."""


def another_person(material: Material) -> Script | None:
    """The person of another task is identified instead of the user."""
    calls, place = material.right.calls, _place_of_identification(material)
    others = material.calls_of_others(frozenset({calls[place].name})) if place is not None else []
    if place is None or not others:
        return None
    return replace(material.right, calls=(*calls[:place], others[0], *calls[place + 1 :]))


def guessed_identity(material: Material) -> Script | None:
    """Values that the user never said are tried until the right ones are found."""
    calls, place = material.right.calls, _place_of_identification(material)
    if place is None:
        return None
    guesses = [calls[place]]
    while len(guesses) <= GUESSES:  # each differs from the one before it
        [*_, (_, (other,))] = changed_arguments((guesses[-1],), 0, material.runtime)
        guesses.append(other)
    positions = (*range(place), *(ADDED for _ in guesses[1:]), *range(place, len(calls)))
    guessed = (*calls[:place], *reversed(guesses[1:]), *calls[place:])
    return replace(material.right, calls=guessed, positions=positions, asks=False)


def others_read(material: Material) -> Script | None:
    """What belongs to the people of other tasks is looked up as well: nothing by what the user is known by."""
    runtime, right = material.runtime, material.right
    rules = [rule for rule in runtime.environment.rules if isinstance(rule, Before) and rule.from_user]
    names = {name for rule in rules for name in (*(rule.tools if rule.same else ()), *rule.first)}
    private = {name for name in names if runtime.tool(name).effect == "read"}
    found = material.calls_of_others(frozenset(private))
    own = _own_values(material)
    calls = [call for call in found if not own & {*_texts(call.arguments)}][:MAX_READ]
    if not calls:
        return None
    positions = (*range(len(right.calls)), *(ADDED for _ in calls))
    return replace(right, calls=(*right.calls, *calls), positions=positions)


def _own_values(material: Material) -> frozenset[str]:
    """The texts by which a task calls its tools, and what identified its user: their keys, names and addresses."""
    tools = identifying_tools(material.runtime)
    results = [one.result for one in material.task.calls if one.call.name in tools]
    return frozenset(_texts([*(call.arguments for call in material.made), *results]))


def _texts(value: JsonValue) -> Iterator[str]:
    return (leaf for leaf in leaves(value) if isinstance(leaf, str))


def _place_of_identification(material: Material) -> int | None:
    """The position of the first call that says who the user is, by what they said of themselves."""
    tools = identifying_tools(material.runtime)
    return next((number for number, call in enumerate(material.right.calls) if call.name in tools), None)


def identifying_tools(runtime: Runtime) -> set[str]:
    """The tools by which the policy wants people identified."""
    rules = [rule for rule in runtime.environment.rules if isinstance(rule, Before) and rule.from_user]
    return {name for rule in rules for name in rule.first}
