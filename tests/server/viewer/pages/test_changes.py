"""What calls changed, beside what was there before; and what was expected beside what was made."""

from toolworld.datasets import ChangePair, CheckResult, GroundTruth, Scenario, Task, Trajectory
from toolworld.environments import Delete, Insert, Op, Runtime, SetValue, State, Update
from toolworld.ground import JsonValue
from toolworld.server.viewer.html.values import ABSENT
from toolworld.server.viewer.pages.changes import ChangingState, FieldChange, compared_records, deep_changes

LOAN = ("loans", "L5101")


def start(library: Runtime) -> State:
    return library.start.state


def test_each_change_stands_beside_what_was_there_before_it_and_not_beside_the_start(library: Runtime) -> None:
    state = ChangingState(start(library))
    first = Update(collection=LOAN[0], key=LOAN[1], fields={"renewals": 1})
    second = Update(collection=LOAN[0], key=LOAN[1], fields={"renewals": 2, "due": "2026-04-01"})
    [one], [two] = state.apply([first]), state.apply([second])
    before = start(library).get(*LOAN)
    assert before is not None
    assert one.fields == (FieldChange("renewals", before["renewals"], 1),)
    assert two.fields == (FieldChange("renewals", 1, 2), FieldChange("due", before["due"], "2026-04-01"))


def test_a_record_that_is_made_changed_and_deleted_is_followed(library: Runtime) -> None:
    state = ChangingState(start(library))
    made, changed, gone, again = state.apply(
        [
            Insert(collection="loans", key="new", record={"loan_id": "new", "due": "a"}),
            Update(collection="loans", key="new", fields={"due": "b"}),
            Delete(collection="loans", key="new"),
            Insert(collection="loans", key="new", record={"loan_id": "new"}),
        ]
    )
    assert (made.kind, changed.kind, gone.kind) == ("created", "changed", "deleted")
    assert changed.fields == (FieldChange("due", "a", "b"),)
    assert gone.fields == (FieldChange("loan_id", "new", ABSENT), FieldChange("due", "b", ABSENT))
    assert again.fields == (FieldChange("loan_id", ABSENT, "new"),)


def test_the_changes_of_a_log_are_those_between_the_states_before_and_after_each_call(library: Runtime) -> None:
    ops: list[Op] = [Update(collection="loans", key="L5101", fields={"renewals": number}) for number in range(1, 4)]
    shown, real = ChangingState(start(library)), start(library)
    for op in ops:
        [change] = shown.apply([op])
        after = library.checker.apply(real, (op,))
        old, new = real.get(*LOAN), after.get(*LOAN)
        assert old is not None
        assert new is not None
        assert [(line.old, line.new) for line in change.fields] == [(old["renewals"], new["renewals"])]
        real = after


def test_without_the_environment_the_new_values_are_shown_all_the_same() -> None:
    [change, other] = ChangingState(None).apply(
        [Update(collection="loans", key="L1", fields={"due": "b"}), SetValue(name="rules", value={"a": 1})]
    )
    assert change.fields == (FieldChange("due", ABSENT, "b"),)
    assert other.fields == (FieldChange("", ABSENT, {"a": 1}),)


def test_inside_of_lists_and_objects_only_what_differs_is_told() -> None:
    old: JsonValue = {"a": [1, 2, {"b": 3}], "c": 4}
    new: JsonValue = {"a": [1, 5, {"b": 3}], "d": 6}
    assert [(one.path, one.old, one.new) for one in deep_changes("x", old, new)] == [
        ("x.a.1", 2, 5),
        ("x.c", 4, ABSENT),
        ("x.d", ABSENT, 6),
    ]
    assert [*deep_changes("x", 1, 1.0)] == []
    assert len([*deep_changes("x", 1, True)]) == 1


def task(*changes: Op) -> Task:
    truth = GroundTruth(changes=changes, digest="d")
    scenario = Scenario(goal="g")
    return Task(
        id="t", environment="library", environment_version="v", request="r", scenario=scenario, calls=(), truth=truth
    )


def trajectory(*changes: Op) -> Trajectory:
    return Trajectory.model_validate(
        {"id": "r", "environment": "library", "environment_version": "v", "seed": 0, "agent": "a", "user": "u"}
        | {"initial_digest": "i", "final_digest": "f", "stop": "done", "changes": changes}
    )


def test_a_record_is_compared_field_by_field_and_what_is_wrong_stands_first(library: Runtime) -> None:
    right = Update(collection="loans", key="L5102", fields={"renewals": 1})
    wanted = Update(collection="loans", key="L5101", fields={"due": "2026-03-23", "renewals": 1})
    made = Update(collection="loans", key="L5101", fields={"due": "2026-03-24", "renewals": 1})
    check = CheckResult(
        name="state",
        outcome="fail",
        evidence=(),
        changes=(ChangePair(record="loans/L5101", expected=wanted, actual=made, fields=("due",)),),
    )
    wrong, same = compared_records(trajectory(made, right), task(wanted, right), check, start(library))
    assert (wrong.place, wrong.mark) == ("loans/L5101", "wrong")
    [cell] = wrong.differing
    before = start(library).get(*LOAN)
    assert before is not None
    assert (cell.path, cell.before, cell.expected, cell.made) == ("due", before["due"], "2026-03-23", "2026-03-24")
    assert (same.place, same.mark, same.differing) == ("loans/L5102", "same", [])


def test_what_was_left_undone_and_what_nobody_asked_for_keep_what_was_there(library: Runtime) -> None:
    wanted = Update(collection="loans", key="L5101", fields={"renewals": 1})
    extra = Update(collection="loans", key="L5102", fields={"renewals": 7})
    pairs = (ChangePair(record="loans/L5101", expected=wanted), ChangePair(record="loans/L5102", actual=extra))
    check = CheckResult(name="state", outcome="fail", evidence=(), changes=pairs)
    undone, unasked = compared_records(trajectory(extra), task(wanted), check, start(library))
    assert (undone.mark, undone.cells[0].expected, undone.cells[0].made) == ("missing", 1, 0)
    assert (unasked.mark, unasked.cells[0].expected, unasked.cells[0].made) == ("extra", 1, 7)


def test_a_deletion_has_a_line_of_its_own(library: Runtime) -> None:
    pair = ChangePair(record="loans/L5101", expected=Delete(collection="loans", key="L5101"))
    check = CheckResult(name="state", outcome="fail", evidence=(), changes=(pair,))
    [one] = compared_records(trajectory(), task(), check, start(library))
    assert [(cell.expected, cell.made) for cell in one.cells] == [("deleted", "there")]


def test_without_a_check_of_the_state_nothing_is_called_right_or_wrong(library: Runtime) -> None:
    wanted = Update(collection="loans", key="L5101", fields={"renewals": 1})
    made = Update(collection="loans", key="L5102", fields={"renewals": 7})
    skipped = CheckResult(name="state", outcome="skipped", evidence=())
    for check in (None, skipped):
        found = compared_records(trajectory(made), task(wanted), check, start(library))
        assert [(one.place, one.mark) for one in found] == [("loans/L5101", "unjudged"), ("loans/L5102", "unjudged")]
        assert [(one.cells[0].expected, one.cells[0].made) for one in found] == [(1, 0), (1, 7)]
        assert not [cell for one in found for cell in one.cells if cell.differs]


def test_a_pair_of_nothing_is_left_out(library: Runtime) -> None:
    check = CheckResult(name="state", outcome="fail", evidence=(), changes=(ChangePair(record="loans/L5101"),))
    assert compared_records(trajectory(), task(), check, start(library)) == []
