"""New records of two runs matched by structure: their ids depend on how many were issued before.

Two runs are alike if one renaming of the new ids turns one into the other.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, permutations

from toolworld.environments import Insert, Op, is_issued
from toolworld.ground import JsonValue, canonical

MAX_PAIRINGS = 5_000
"""How many assignments of new ids are tried."""
MAX_IDS = 1_000
"""How many ids a reference run may have issued."""
MAX_NEAREST = 200
"""How many new records are compared with each other to find which are nearest."""


def new_ids(ops: Sequence[Op], seed: int, count: int) -> list[str]:
    """The keys of new records that the episode issued; a key that the agent chose is not one of them."""
    return [op.key for op in ops if isinstance(op, Insert) and is_issued(op.key, seed, count)]


def renaming(
    wanted: Sequence[Op], made: Sequence[Op], wanted_ids: Sequence[str], made_ids: Sequence[str]
) -> dict[str, str] | None:
    """The reference's id for each new id of the run, such that all changes are equal; None if there is no such map."""
    if len(wanted) != len(made) or len(wanted_ids) != len(made_ids):
        return None
    target = bag(wanted, {})
    wanted_groups, made_groups = _by_shape(wanted, wanted_ids), _by_shape(made, made_ids)
    if {shape: len(ids) for shape, ids in wanted_groups.items()} != {
        shape: len(ids) for shape, ids in made_groups.items()
    }:
        return None
    # Only records of the same shape can stand for each other, so what has to be tried is the product of the
    # permutations inside each group; records that differ in any value make groups of one.
    shapes = sorted(wanted_groups)
    for arrangement in islice(_arrangements([made_groups[shape] for shape in shapes]), MAX_PAIRINGS):
        names = {
            new: old
            for shape, ids in zip(shapes, arrangement, strict=True)
            for new, old in zip(ids, wanted_groups[shape], strict=True)
        }
        if bag(made, names) == target:
            return names
    return None


def nearest_renaming(
    wanted: Sequence[Op], made: Sequence[Op], wanted_ids: Sequence[str], made_ids: Sequence[str]
) -> dict[str, str]:
    """The reference's ids for those new ids of the run that are most alike, where the changes are not all equal.

    Each new record is paired with the one of its collection that shares most of its fields, the surest pairs first.
    """
    expected = [op for op in wanted if isinstance(op, Insert) and op.key in {*wanted_ids}][:MAX_NEAREST]
    actual = [op for op in made if isinstance(op, Insert) and op.key in {*made_ids}][:MAX_NEAREST]
    placeholders = dict.fromkeys([*wanted_ids, *made_ids], "\0")
    scored = sorted(
        (
            (-_shared(want, got, placeholders), place, other)
            for place, want in enumerate(expected)
            for other, got in enumerate(actual)
            if want.collection == got.collection
        ),
    )
    names: dict[str, str] = {}
    for _, place, other in scored:
        if actual[other].key not in names and expected[place].key not in names.values():
            names[actual[other].key] = expected[place].key
    return names


def _shared(one: Insert, other: Insert, names: dict[str, str]) -> int:
    """How many fields two records share."""
    left, right = renamed(one.record, names), renamed(other.record, names)
    assert isinstance(left, dict)
    assert isinstance(right, dict)
    return sum(name in right and canonical(right[name]) == canonical(value) for name, value in left.items())


def _arrangements(groups: list[list[str]]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Every way to order the ids inside each group, one after the other: `product` would make all of them first."""
    if not groups:
        yield ()
        return
    for first in permutations(groups[0]):
        for others in _arrangements(groups[1:]):
            yield (first, *others)


def _by_shape(ops: Sequence[Op], ids: Sequence[str]) -> dict[bytes, list[str]]:
    """Group new records by their content with a placeholder for every new id."""
    placeholders = dict.fromkeys(ids, "\0")
    groups: dict[bytes, list[str]] = {}
    for op in ops:
        if isinstance(op, Insert) and op.key in placeholders:
            groups.setdefault(canonical([op.collection, renamed(op.record, placeholders)]), []).append(op.key)
    return groups


def bag(ops: Sequence[Op], names: dict[str, str]) -> list[bytes]:
    """Ops as sorted JSON, with ids renamed."""
    return sorted(canonical(renamed(op.model_dump(mode="json"), names)) for op in ops)


def renamed(value: JsonValue, names: dict[str, str]) -> JsonValue:
    """A value with ids renamed, wherever they stand."""
    if not names:
        return value
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [renamed(element, names) for element in value]
    if isinstance(value, dict):
        return {names.get(key, key): renamed(inner, names) for key, inner in value.items()}
    return value
