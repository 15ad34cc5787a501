"""What a user speaks of, in words that tell it from what is like it."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from toolworld.ground import JsonObject, JsonValue, same
from toolworld.rollout.synthesis.lookup import Found
from toolworld.rollout.synthesis.terrain import Terrain

_MOST_MARKS = 3
"""How many fields a user says of a thing at most."""


class Subject(NamedTuple):
    """A record that a user speaks of."""

    collection: str
    key: str
    marks: Mapping[str, JsonValue]
    """Fields that tell it from the others that were shown beside it."""
    is_new: bool = False
    """Whether it was made in the conversation."""
    look_alikes: int = 0
    """How many others were shown beside it."""
    owner: "Subject | None" = None
    """What it was found through, where that is not the user."""


def subject_of(terrain: Terrain, found: Found, said: Mapping[str, JsonValue]) -> Subject | None:
    """A record that was looked up, as its user speaks of it; None where nothing that people know tells it apart.

    Args:
        terrain: The environment.
        found: The record, and what was shown beside it.
        said: What the user said of it anyway, as it was looked for.
    """
    if found.is_by_key:
        return Subject(found.collection, found.key, {terrain.key_fields[found.collection]: found.key})
    known = terrain.knowable(found.collection, found.shown)
    title = terrain.title_of(found.collection, found.shown)
    marks = _fewest(known, found.alike, first=[name for name, value in known.items() if str(value) == title])
    if marks is None:
        return None
    of_itself = {name: value for name, value in said.items() if name in known and same(known[name], value)}
    return Subject(found.collection, found.key, {**of_itself, **marks}, look_alikes=len(found.alike))


def _fewest(
    known: Mapping[str, str | int | float], others: Sequence[JsonObject], first: Sequence[str]
) -> Mapping[str, JsonValue] | None:
    """The fewest fields by which a record differs from all others, a title before others."""
    unlike_first = sorted((one for one in known if one not in first), key=lambda one: isinstance(known[one], float))
    names = [*first, *unlike_first]
    for count in range(_MOST_MARKS + 1):
        for chosen in combinations(names, count):
            if not any(all(same(other.get(name), known[name]) for name in chosen) for other in others):
                return {name: known[name] for name in chosen}
    return None
