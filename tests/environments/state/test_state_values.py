"""`State` compared with a plain dictionary as its model."""

import copy
from typing import Any

import jsonpatch  # pyright: ignore[reportMissingTypeStubs]
from hypothesis import given
from hypothesis import strategies as st

from toolworld.environments import Delete, Insert, Op, SetValue, State, Update, json_patch
from toolworld.environments.state.baseline import Baseline
from toolworld.environments.state.draft import applied

KEYS = ["a", "b", "c", "d"]
START: dict[str, Any] = {"rows": {"a": {"id": "a", "n": 1}, "b": {"id": "b", "n": 2}}, "other": {}}


def fresh() -> State:
    return State(Baseline(copy.deepcopy(START), {"flag": False, "sum": 0}))


@st.composite
def runs_of_ops(draw: st.DrawFn) -> list[Op]:
    """Lists of ops, each of which fits the state after the earlier ones."""
    there = {name: set(rows) for name, rows in START.items()}
    ops: list[Op] = []
    for _ in range(draw(st.integers(0, 12))):
        name = draw(st.sampled_from(sorted(there)))
        key = draw(st.sampled_from(KEYS))
        value = draw(st.integers(0, 3))
        if draw(st.booleans()) and draw(st.booleans()):
            ops.append(SetValue(name=draw(st.sampled_from(["flag", "sum"])), value=value))
        elif key not in there[name]:
            ops.append(Insert(collection=name, key=key, record={"id": key, "n": value}))
            there[name].add(key)
        elif draw(st.booleans()):
            ops.append(Update(collection=name, key=key, fields={"n": value}))
        else:
            ops.append(Delete(collection=name, key=key))
            there[name].discard(key)
    return ops


def modelled(ops: list[Op]) -> dict[str, Any]:
    model: dict[str, Any] = {"collections": copy.deepcopy(START), "singletons": {"flag": False, "sum": 0}}
    for op in ops:
        match op:
            case SetValue():
                model["singletons"][op.name] = op.value
            case Insert():
                model["collections"][op.collection][op.key] = op.record
            case Update():
                model["collections"][op.collection][op.key] = {
                    **model["collections"][op.collection][op.key],
                    **op.fields,
                }
            case Delete():
                del model["collections"][op.collection][op.key]
    return model


@given(runs_of_ops())
def test_a_state_is_what_a_dictionary_would_be(ops: list[Op]) -> None:
    state = applied(fresh(), ops)
    model = modelled(ops)
    assert state.document() == model
    for name, rows in model["collections"].items():
        assert dict(state.rows(name)) == rows
        assert all(state.get(name, key) == rows.get(key) for key in KEYS)


def test_records_keep_their_order_and_new_ones_come_last() -> None:
    state = applied(
        fresh(),
        [
            Insert(collection="rows", key="z", record={"id": "z"}),
            Insert(collection="rows", key="c", record={"id": "c"}),
            Update(collection="rows", key="a", fields={"n": 9}),
            Delete(collection="rows", key="z"),
            Insert(collection="rows", key="z", record={"id": "z"}),
        ],
    )
    assert [key for key, _ in state.rows("rows")] == ["a", "b", "c", "z"]


@given(runs_of_ops(), st.integers(0, 3))
def test_find_gives_what_a_scan_would(ops: list[Op], wanted: int) -> None:
    state = applied(fresh(), ops)
    scanned = [key for key, record in state.rows("rows") if record["n"] == wanted]
    assert [key for key, _ in state.find("rows", {"n": wanted})] == scanned


@given(runs_of_ops())
def test_the_diff_leads_from_the_start_to_the_end(ops: list[Op]) -> None:
    start = fresh()
    end = applied(start, ops)
    assert applied(start, end.diff(start)).document() == end.document()
    assert end.diff(end) == ()


@given(runs_of_ops())
def test_the_json_patch_leads_there_too(ops: list[Op]) -> None:
    start = fresh()
    end = applied(start, ops)
    patched: Any = jsonpatch.apply_patch(start.document(), json_patch(end.diff(start)))  # pyright: ignore[reportUnknownMemberType]
    assert patched == end.document()


@given(runs_of_ops())
def test_the_digest_depends_on_the_content_and_not_on_the_way(ops: list[Op]) -> None:
    end = applied(fresh(), ops)
    document: Any = end.document()
    direct = State(Baseline(document["collections"], document["singletons"]))
    assert end.digest == direct.digest
    assert (end.digest == fresh().digest) == (not end.diff(fresh_like(end)))


def fresh_like(state: State) -> State:
    return State(state.baseline)


@given(runs_of_ops())
def test_a_state_is_never_changed_in_place(ops: list[Op]) -> None:
    start = fresh()
    before = copy.deepcopy(start.document())
    applied(start, ops)
    assert start.document() == before


def test_find_looks_into_lists_and_maps_and_can_ignore_case() -> None:
    rows: Any = {"x": {"id": "x", "who": {"name": "Ann"}, "lines": [{"sku": "1"}, {"sku": "2"}], "by": {"k": {"v": 7}}}}
    state = State(Baseline({"rows": rows}, {}))
    assert [key for key, _ in state.find("rows", {"lines.*.sku": "2"})] == ["x"]
    assert [key for key, _ in state.find("rows", {"by.*.v": 7})] == ["x"]
    assert [key for key, _ in state.find("rows", {"who.name": "ANN"}, fold=True)] == ["x"]
    assert list(state.find("rows", {"who.name": "ANN"})) == []
    assert list(state.find("rows", {"who.name": "Ann", "id": "y"})) == []


def test_a_field_that_goes_away_is_a_deletion_and_an_insertion() -> None:
    start = fresh()
    end = applied(start, [Delete(collection="rows", key="a"), Insert(collection="rows", key="a", record={"id": "a"})])
    assert [op.op for op in end.diff(start)] == ["delete", "insert"]
