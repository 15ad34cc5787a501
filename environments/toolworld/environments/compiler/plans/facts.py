"""Tools that ask for facts of the outside world: routes, prices, the weather. No state has them, and no rule does.

They are answered from a table that says that it is made up, with the same answer for the same arguments.
"""

from collections.abc import Mapping, Set

from toolworld.environments.compiler.data.facts import can_be_made_up
from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.layout.layout import Layout
from toolworld.environments.compiler.plans.parameters import is_day
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Reading
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import compact, first_word, singulars, word_set, words

MADE_UP = "made_up"
"""The single value of an environment that holds the tables of made-up facts, by tool."""
WHY = "it asks for facts of the outside world: its answers are made up, the same for the same arguments"
"""Why such a tool is held against no other."""
_NOW = word_set("date now time timestamp today")
_ASKING = word_set("estimate fetch find get list lookup query search show")
"""Verbs of what is asked, and not worked out."""
_CONTENTS = word_set("body code content essay expression sentence string text word words")
"""Words of arguments that say all that there is to say."""
_PLACES = 2
"""Between how many named things something is estimated."""
_ECHOES = word_set("error message result status success")
"""Fields of results that tell no fact by themselves."""


def asks_for_fact(operation: Operation, reading: Reading, layout: Layout) -> bool:
    """Whether a tool asks for what is outside: its result is described, and nothing of the state is called so.

    What can be told from the arguments alone is no such fact: a number is to be reckoned with, a list to be counted, a
    text to be looked at.
    """
    told = {*properties_of(operation.response)} - _ECHOES - {one.name for one in operation.parameters}
    is_taken = any(one.part == MADE_UP for one in layout.values)
    if reading.effect != "read" or not told or is_taken or operation.method is not None or not _asks(operation, told):
        return False
    known = _names(layout.collections) | {compact(one.name) for one in layout.values}
    holders = [{*singulars(one.part)} for one in layout.values if one.inner is None and one.holds(dict, list)]
    is_held = any({*singulars(reading.entity)} - {"id"} <= one for one in holders)
    return can_be_made_up(operation) and not is_held and not any(compact(one) in known for one in told)


def _asks(operation: Operation, told: Set[str]) -> bool:
    """Whether a tool asks, by its verb and by what it is given, and is told more than yes or no."""
    verb, given = first_word(operation.original), [one for one in operation.parameters if one.required]
    is_reckoned = any(plain_type(one.schema) in ("integer", "number", "array", "object") for one in given)
    named = [one for one in given if not is_day(one) and not {*words(one.original)} & _CONTENTS]
    asks_for_now = not given and any({*words(one)} & _NOW for one in told)
    properties = properties_of(operation.response)
    is_more = any(plain_type(properties[one]) not in ("boolean", None) for one in told)
    is_about_names = bool(named) == bool(given) and not (verb == "estimate" and len(named) < _PLACES)
    return verb in _ASKING and is_more and is_about_names and not is_reckoned and not asks_for_now


def _names(collections: Mapping[str, Collection]) -> set[str]:
    """The names of all that records which came with the tools are and have."""
    held = [one for one in collections.values() if one.is_in_state]
    return {compact(name) for one in held for name in (one.name, one.entity, one.key or "", *one.fields)}
