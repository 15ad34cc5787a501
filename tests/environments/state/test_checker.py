import pytest

from toolworld.environments import Delete, Insert, InvalidOpsError, Op, Runtime, SetValue, Update


def record(name: str, **fields: object) -> Insert:
    return Insert.model_validate(
        {"collection": "counters", "key": name, "record": {"name": name, "count": 0, **fields}}
    )


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (Insert(collection="nowhere", key="x", record={}), "no collection `nowhere`"),
        (record("a"), "already has a record 'a'"),
        (Insert(collection="counters", key="x", record={"name": "y", "count": 0}), "must be its key"),
        (record("x", count="many"), '"many" is not of type "integer"'),
        (record("x", count=-1), "less than the minimum"),
        (Insert(collection="counters", key="x", record={"name": "x"}), '"count" is a required property'),
        (record("x", next="ghost"), "`next` is 'ghost'"),
        (Update(collection="counters", key="ghost", fields={}), "no record 'ghost'"),
        (Update(collection="counters", key="a", fields={"name": "z"}), "cannot be changed"),
        (Update(collection="counters", key="a", fields={"count": None}), "null is not of type"),
        (Delete(collection="counters", key="ghost"), "no record 'ghost'"),
        (Delete(collection="counters", key="a"), "still referred to by 'b'"),
        (SetValue(name="nothing", value=1), "no singleton `nothing`"),
        (SetValue(name="shop", value=1), "singleton `shop`"),
    ],
)
def test_an_op_that_does_not_fit_is_refused_with_a_reason(counters: Runtime, op: Op, reason: str) -> None:
    with pytest.raises(InvalidOpsError) as refused:
        counters.checker.apply(counters.start.state, (op,))
    assert reason in str(refused.value)


def test_all_ops_are_applied_or_none(counters: Runtime) -> None:
    state = counters.start.state
    with pytest.raises(InvalidOpsError):
        counters.checker.apply(state, (record("x"), record("x")))
    assert state.get("counters", "x") is None


def test_references_hold_at_the_end_not_in_between(counters: Runtime) -> None:
    ops = (record("x", next="y"), record("y", next="x"))
    after = counters.checker.apply(counters.start.state, ops)
    gone = counters.checker.apply(
        after, (Delete(collection="counters", key="x"), Delete(collection="counters", key="y"))
    )
    assert gone.digest == counters.start.state.digest
