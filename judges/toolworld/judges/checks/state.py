"""Is the final state right: every required change made, and no other?

Records that a call created carry ids that depend on how many were issued before, so new records are
matched by structure: two runs are alike if one renaming of the new ids turns one into the other.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import islice, permutations
from typing import cast

from toolworld.datasets import CheckResult
from toolworld.environments import Delete, Insert, Op, SetValue, Update, comparable_ops, is_issued
from toolworld.ground import JsonValue, canonical, shortened
from toolworld.judges.context import JudgeContext

MAX_PAIRINGS = 5_000
"""How many assignments of new ids are tried."""
MAX_IDS = 1_000
"""How many ids a reference run may have issued."""
MAX_DIFFERENCES = 100
"""How many differences evidence names."""
MAX_CHARACTERS = 300
"""Characters of a value that evidence quotes."""


async def check_state(context: JudgeContext) -> CheckResult:
    """Compare the changes that were made with those of the ground truth, apart from volatile fields.

    The score of a failed check is the share of changes that both have, of all changes that either has
    (their Jaccard index), and always below 1.
    """
    task, trajectory, schema = context.task, context.trajectory, context.environment.state_schema
    if trajectory.final_digest == task.truth.digest:
        evidence = f"the final state is the expected one ({len(task.truth.changes)} changes)"
        return CheckResult(name="state", outcome="pass", score=1.0, evidence=(evidence,))
    wanted, made = comparable_ops(task.truth.changes, schema), comparable_ops(trajectory.changes, schema)
    wanted_ids = _new_ids(wanted, task.seed, MAX_IDS)
    made_ids = _new_ids(made, trajectory.seed, trajectory.log[-1].ids if trajectory.log else 0)
    renaming = _renaming(wanted, made, wanted_ids, made_ids)
    if renaming is not None:
        return CheckResult(name="state", outcome="pass", score=1.0, evidence=(_renaming_text(renaming),))
    score = _share(_bag(wanted, dict.fromkeys(wanted_ids, "\0")), _bag(made, dict.fromkeys(made_ids, "\0")))
    return CheckResult(name="state", outcome="fail", score=score, evidence=tuple(_differences(wanted, made)))


def _share(wanted: list[bytes], made: list[bytes]) -> float:
    """The Jaccard index of two multisets of changes. Alike but for how new ids are linked is still less than 1."""
    one, other = Counter(wanted), Counter(made)
    union = (one | other).total()
    return min((one & other).total(), union - 1) / union if union else 0.0


def _renaming(wanted: list[Op], made: list[Op], wanted_ids: list[str], made_ids: list[str]) -> dict[str, str] | None:
    """The reference's id for each new id of the run, such that all changes are equal; None if there is no such map."""
    if len(wanted) != len(made) or len(wanted_ids) != len(made_ids):
        return None
    target = _bag(wanted, {})
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
        if _bag(made, names) == target:
            return names
    return None


def _arrangements(groups: list[list[str]]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Every way to order the ids inside each group, one after the other: `product` would make all of them first."""
    if not groups:
        yield ()
        return
    for first in permutations(groups[0]):
        for others in _arrangements(groups[1:]):
            yield (first, *others)


def _new_ids(ops: list[Op], seed: int, count: int) -> list[str]:
    """The keys of new records that the episode issued; a key that the agent chose is not one of them."""
    return [op.key for op in ops if isinstance(op, Insert) and is_issued(op.key, seed, count)]


def _by_shape(ops: list[Op], ids: list[str]) -> dict[bytes, list[str]]:
    """Group new records by their content with a placeholder for every new id."""
    placeholders = dict.fromkeys(ids, "\0")
    groups: dict[bytes, list[str]] = {}
    for op in ops:
        if isinstance(op, Insert) and op.key in placeholders:
            groups.setdefault(canonical([op.collection, _renamed(op.record, placeholders)]), []).append(op.key)
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


def _renaming_text(renaming: dict[str, str]) -> str:
    pairs = ", ".join(f"{new} for {old}" for new, old in sorted(renaming.items()))
    return f"the changes are the expected ones{f', with {pairs}' if pairs else ', apart from fields not compared'}"


def _differences(wanted: list[Op], made: list[Op]) -> list[str]:
    """What is missing, wrong or not allowed, record by record."""
    expected, actual = {_place(op): op for op in wanted}, {_place(op): op for op in made}
    lines: list[str] = []
    for place in sorted({*expected, *actual}):
        want, got = expected.get(place), actual.get(place)
        if got is None and want is not None:
            lines.append(f"missing: {_describe(want)}")
        elif want is None and got is not None:
            lines.append(f"not allowed: {_describe(got)}")
        elif want is not None and got is not None and canonical(want.model_dump()) != canonical(got.model_dump()):
            lines.append(f"wrong: {_describe(got)}; expected: {_describe(want)}")
    more = [f"and {len(lines) - MAX_DIFFERENCES:,} more"] if len(lines) > MAX_DIFFERENCES else []
    return [*lines[:MAX_DIFFERENCES], *more] or ["the final state differs from the expected one"]


def _place(op: Op) -> tuple[str, str]:
    return ("", op.name) if isinstance(op, SetValue) else (op.collection, op.key)


def _describe(op: Op) -> str:
    match op:
        case Insert():
            return f"{op.collection} {op.key} created with {_quoted(op.record)}"
        case Update():
            return f"{op.collection} {op.key} changed to {_quoted(op.fields)}"
        case Delete():
            return f"{op.collection} {op.key} deleted"
        case SetValue():
            return f"{op.name} set to {_quoted(op.value)}"


def _quoted(value: object) -> str:
    return shortened(canonical(cast(JsonValue, value)).decode(), MAX_CHARACTERS)
