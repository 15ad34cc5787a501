"""Tools that ask for facts of the outside world: routes, prices, the weather. No state has them, and no rule does.

They are answered from a table that says that it is made up, with the same answer for the same arguments.
"""

from collections.abc import Mapping

from toolworld.environments.compiler.data.facts import can_be_made_up
from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.layout.layout import Layout
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Reading
from toolworld.environments.normaliser.shape import properties_of
from toolworld.environments.normaliser.words import compact, singulars, word_set, words

MADE_UP = "made_up"
"""The single value of an environment that holds the tables of made-up facts, by tool."""
WHY = "it asks for facts of the outside world: its answers are made up, the same for the same arguments"
"""Why such a tool is held against no other."""
_NOW = word_set("date now time timestamp today")
_ECHOES = word_set("error message result status success")
"""Fields of results that tell no fact by themselves."""


def asks_for_fact(operation: Operation, reading: Reading, layout: Layout) -> bool:
    """Whether a tool asks for what is outside: its result is described, and nothing of the state is called so.

    A number that it is given is one to be reckoned with, by a formula that is not known.
    """
    told = {*properties_of(operation.response)} - _ECHOES - {one.name for one in operation.parameters}
    given = [plain_type(one.schema) for one in operation.parameters if one.required]
    is_reckoned = bool({"integer", "number"} & {*given})
    asks_for_now = not given and any({*words(one)} & _NOW for one in told)
    if reading.effect != "read" or not told or is_reckoned or asks_for_now or operation.method is not None:
        return False
    known = _names(layout.collections) | {compact(one.name) for one in layout.values}
    holders = [{*singulars(one.part)} for one in layout.values if one.inner is None and one.holds(dict, list)]
    is_held = any({*singulars(reading.entity)} - {"id"} <= one for one in holders)
    return can_be_made_up(operation) and not is_held and not any(compact(one) in known for one in told)


def _names(collections: Mapping[str, Collection]) -> set[str]:
    """The names of all that records which came with the tools are and have."""
    held = [one for one in collections.values() if one.is_in_state]
    return {compact(name) for one in held for name in (one.name, one.entity, one.key or "", *one.fields)}
