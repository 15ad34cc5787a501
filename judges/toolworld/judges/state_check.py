"""Is the final state right: every required change made, and no other?

Records that a call created carry ids that depend on how many were issued before, so new records are
matched by structure: two runs are alike if one renaming of the new ids turns the one into the other.
"""

from itertools import islice, permutations, product
from typing import cast

from toolworld.datasets import Check, Task, Trajectory
from toolworld.environments import Delete, Environment, Insert, Op, SetValue, Update, comparable_ops, is_issued
from toolworld.ground import JsonValue, canonical

_MOST_PAIRINGS = 5_000
MOST_IDS = 1_000
"""How many ids a reference run may have issued."""


def check_state(task: Task, trajectory: Trajectory, environment: Environment) -> Check:
    """Hold the changes that were made against the expected ones."""
    if trajectory.final_digest == task.expected.digest:
        made = len(task.expected.changes)
        return Check(name="state", outcome="pass", evidence=(f"the final state is the expected one ({made} changes)",))
    wanted = comparable_ops(task.expected.changes, environment.state_schema)
    made = comparable_ops(trajectory.changes, environment.state_schema)
    ours = _new_ids(wanted, task.seed, MOST_IDS)
    theirs = _new_ids(made, trajectory.seed, trajectory.log[-1].ids if trajectory.log else 0)
    renaming = _renaming(wanted, made, ours, theirs)
    if renaming is not None:
        return Check(name="state", outcome="pass", evidence=(_alike(renaming),))
    return Check(name="state", outcome="fail", evidence=tuple(_differences(wanted, made)))


def _renaming(wanted: list[Op], made: list[Op], ours: list[str], theirs: list[str]) -> dict[str, str] | None:
    """Find new ids of the run to stand for those of the reference, such that all changes are equal."""
    if len(wanted) != len(made) or len(ours) != len(theirs):
        return None
    target = _bag(wanted, {})
    groups_of_ours, groups_of_theirs = _by_shape(wanted, ours), _by_shape(made, theirs)
    if {shape: len(ids) for shape, ids in groups_of_ours.items()} != {
        shape: len(ids) for shape, ids in groups_of_theirs.items()
    }:
        return None
    shapes = sorted(groups_of_ours)
    arrangements = product(*(permutations(groups_of_theirs[shape]) for shape in shapes))
    for arrangement in islice(arrangements, _MOST_PAIRINGS):
        names = {
            new: old
            for shape, ids in zip(shapes, arrangement, strict=True)
            for new, old in zip(ids, groups_of_ours[shape], strict=True)
        }
        if _bag(made, names) == target:
            return names
    return None


def _new_ids(ops: list[Op], seed: int, count: int) -> list[str]:
    """Give the keys of new records that the episode issued; a key that an agent chose is not one of them."""
    return [op.key for op in ops if isinstance(op, Insert) and is_issued(op.key, seed, count)]


def _by_shape(ops: list[Op], ids: list[str]) -> dict[bytes, list[str]]:
    """Group new records by what is left of them when every new id is blotted out."""
    blots = dict.fromkeys(ids, "\0")
    groups: dict[bytes, list[str]] = {}
    for op in ops:
        if isinstance(op, Insert) and op.key in blots:
            groups.setdefault(canonical([op.collection, _renamed(op.record, blots)]), []).append(op.key)
    return groups


def _bag(ops: list[Op], names: dict[str, str]) -> list[bytes]:
    return sorted(canonical(_renamed(op.model_dump(mode="json"), names)) for op in ops)


def _renamed(value: JsonValue, names: dict[str, str]) -> JsonValue:
    if not names:
        return value
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_renamed(element, names) for element in value]
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(inner, names) for key, inner in value.items()}
    return value


def _alike(renaming: dict[str, str]) -> str:
    pairs = ", ".join(f"{new} for {old}" for new, old in sorted(renaming.items()))
    return f"the changes are the expected ones{f', with {pairs}' if pairs else ', apart from fields not compared'}"


def _differences(wanted: list[Op], made: list[Op]) -> list[str]:
    """Say what is missing, what is wrong and what is too much, place by place."""
    expected, actual = {_place(op): op for op in wanted}, {_place(op): op for op in made}
    lines: list[str] = []
    for place in sorted({*expected, *actual}):
        want, got = expected.get(place), actual.get(place)
        if got is None and want is not None:
            lines.append(f"missing: {_say(want)}")
        elif want is None and got is not None:
            lines.append(f"not allowed: {_say(got)}")
        elif want is not None and got is not None and canonical(want.model_dump()) != canonical(got.model_dump()):
            lines.append(f"wrong: {_say(got)}; expected: {_say(want)}")
    return lines or ["the final state differs from the expected one"]


def _place(op: Op) -> tuple[str, str]:
    return ("", op.name) if isinstance(op, SetValue) else (op.collection, op.key)


def _say(op: Op) -> str:
    match op:
        case Insert():
            return f"{op.collection} {op.key} created with {_text(op.record)}"
        case Update():
            return f"{op.collection} {op.key} changed to {_text(op.fields)}"
        case Delete():
            return f"{op.collection} {op.key} deleted"
        case SetValue():
            return f"{op.name} set to {_text(op.value)}"


def _text(value: object) -> str:
    text = canonical(cast(JsonValue, value)).decode()
    return text if len(text) <= 300 else text[:297] + "..."
