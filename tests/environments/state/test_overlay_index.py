"""`find` with many changed records: an index finds what going through all of them finds, in the same order."""

import random
from typing import Any

import pytest

from toolworld.environments import Delete, Insert, Op, State, Update
from toolworld.environments.state.baseline import Baseline
from toolworld.environments.state.draft import Draft
from toolworld.environments.state.frozen import freeze
from toolworld.environments.state.path import has_value

QUERIES: list[dict[str, Any]] = [
    {"kind": "x"},
    {"kind": "X"},
    {"n": 1},
    {"tags.*": "red"},
    {"kind": "y", "n": 2},
    {"absent": None},
]


def record(key: str, rng: random.Random) -> dict[str, Any]:
    tags = rng.sample(["red", "blue", "red"], rng.randrange(3))
    return {"id": key, "kind": rng.choice("xyX"), "n": rng.randrange(3), "tags": tags}


def an_op(state: State, rng: random.Random) -> Op:
    key = f"k{rng.randrange(60)}"
    if state.get("rows", key) is None:
        return Insert(collection="rows", key=key, record=record(key, rng))
    if rng.random() < 0.3:
        return Delete(collection="rows", key=key)
    return Update(collection="rows", key=key, fields={"kind": rng.choice("xyX"), "n": rng.randrange(3)})


def gone_through(state: State, where: dict[str, Any], fold: bool) -> list[str]:
    def fits(row: dict[str, Any]) -> bool:
        wanted = {path: value.casefold() if fold and isinstance(value, str) else value for path, value in where.items()}
        return all(has_value(row, path, _target(value), fold) for path, value in wanted.items())

    return [key for key, row in state.rows("rows") if fits(row)]


def _target(value: Any) -> bytes | str:
    return value if isinstance(value, str) else str(value).encode() if value is not None else b"null"


@pytest.mark.parametrize("seed", range(12))
def test_what_is_found_is_what_is_there(seed: int) -> None:
    rng = random.Random(seed)
    base = {f"k{number}": freeze(record(f"k{number}", rng)) for number in range(30)}
    states = [State(Baseline({"rows": base}, {}))]
    for _ in range(40):
        before = rng.choice(states[-3:])  # also a state whose index a later draft has taken
        draft = Draft(before)
        for _ in range(rng.randrange(1, 12)):
            draft.add(an_op(draft, rng))
            where, fold = rng.choice(QUERIES), rng.random() < 0.5
            assert [key for key, _ in draft.find("rows", where, fold)] == gone_through(draft, where, fold)
        if rng.random() < 0.8:  # the others are given up, as those of a call that fails
            states.append(draft.finish())
        for state in (before, states[-1]):
            for where in QUERIES:
                assert [key for key, _ in state.find("rows", where)] == gone_through(state, where, False)
    assert max(state.changed for state in states) > 32
