"""A run as its page shows it: every call once, at the turn that made it, with what it changed and what it did wrong."""

from typing import Any

import pytest

from toolworld.datasets import Trajectory, Verdict
from toolworld.environments import Event, Runtime
from toolworld.server.viewer.pages.parted import part
from toolworld.server.viewer.pages.run import CALLS_A_PAGE, MAX_STOPS, RunPage, brief_evidence
from toolworld.server.viewer.runs.opened import OpenedRun
from toolworld.server.viewer.runs.row import RunRow


def row(**fields: Any) -> RunRow:
    found: dict[str, Any] = dict.fromkeys(RunRow.__dataclass_fields__, "")
    numbers = ("number", "source", "seed", "trial", "calls", "cost", "tokens", "fork_step", "offset", "length")
    found |= {**dict.fromkeys(numbers, 0), "outcome": "open", "reward": None, **fields}
    return RunRow(**found)


def event(step: int, **fields: Any) -> Event:
    call = {"name": "list_loans", "arguments": {"patron_id": f"B{step}"}}
    return Event.model_validate({"step": step, "at": "t", "call": call, "simulator": "behaviour", **fields})


def page(
    *messages: dict[str, Any], log: list[Event], runtime: Runtime | None = None, verdict: Any = None, **fields: Any
) -> RunPage:
    record = {"id": "r", "environment": "library", "environment_version": "v", "seed": 0, "agent": "a", "user": "u"}
    record |= {"initial_digest": "i", "final_digest": "f", "stop": "done", "messages": messages, "log": log, **fields}
    judged = (
        None
        if verdict is None
        else Verdict.model_validate(
            {"trajectory": "r", "task": "t", "seed": 0, "outcome": "fail", "reward": 0.0, "scores": {}} | verdict
        )
    )
    return RunPage(OpenedRun(row(), Trajectory.model_validate(record), True, judged, None, runtime))


def calling(*ids: str) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [{"id": one, "name": "list_loans", "arguments": {}} for one in ids]}


def answer(name: str, step: int | None) -> dict[str, Any]:
    return {"role": "tool", "content": "{}", "tool_call_id": name, "step": step}


def steps(shown: RunPage) -> list[tuple[int, list[int | None]]]:
    return [(turn.number, [call.step for call in turn.calls]) for turn in shown.turns]


def test_each_call_stands_at_the_turn_that_made_it_also_where_agents_use_ids_again() -> None:
    shown = page(
        calling("call_0", "call_1"), answer("call_0", 0), answer("call_1", 1),
        calling("call_0"), answer("call_0", 2),
        calling("call_0"), answer("call_0", None),
        log=[event(0), event(1), event(2)],
    )  # fmt: skip
    assert steps(shown) == [(0, [0, 1]), (3, [2]), (5, [None])]


def test_calls_that_no_message_tells_of_are_shown_where_they_came() -> None:
    shown = page(calling("x"), answer("x", 1), log=[event(0), event(1), event(2)], answer="Done.")
    assert [step for _, found in steps(shown) for step in found] == [0, 1, 2]
    assert shown.turns[-1].text == "Done."


@pytest.mark.parametrize("calls", [0, 1, CALLS_A_PAGE, CALLS_A_PAGE + 1, 1_000])
def test_pages_hold_every_call_once_in_order_and_every_mark_leads_to_its_page(calls: int) -> None:
    for shown in (
        page(log=[event(step) for step in range(calls)]),
        page(
            {"role": "user", "content": "hello"}, calling(*map(str, range(calls))),
            *(answer(str(step), step) for step in range(calls)), log=[event(step) for step in range(calls)],
        ),
    ):  # fmt: skip
        pages = shown.pages()
        assert [call.step for part in pages for turn in part for call in turn.calls] == [*range(calls)]
        assert all(sum(len(turn.calls) for turn in part) <= CALLS_A_PAGE for part in pages)
        stops = shown.stops(pages)
        assert len(stops) <= MAX_STOPS
        for stop in stops:
            assert any(call.step == stop.first for turn in pages[stop.page - 1] for call in turn.calls)
        assert [step for stop in stops for step in range(stop.first, stop.last + 1)] == [*range(calls)]


def test_evidence_stands_at_the_step_or_the_turn_that_it_speaks_of_and_only_what_is_held_against_the_run() -> None:
    op = {"op": "update", "collection": "loans", "key": "L1", "fields": {"due": "x"}}
    evidence = [
        {"text": "not allowed: loans L1 changed to {}", "kind": "not_allowed", "record": "loans/L1"},
        {"text": "missing: loans L2 changed to {}", "kind": "missing", "record": "loans/L2"},
        {"text": "nobody said 9", "kind": "invented", "turn": 0},
        {"text": "told: 3 (it is asserted)", "kind": "told", "turn": 0, "fact": -7},
    ]
    checks = [{"name": "state", "outcome": "fail", "score": 0.0, "evidence": evidence}]
    shown = page(
        {"role": "assistant", "content": "It is 9."}, log=[event(0, ops=[op]), event(1)], verdict={"checks": checks}
    )
    assert [len(call.against) for call in shown.calls] == [1, 0]
    first = shown.turns[0]
    assert [held.evidence.kind for held in first.against] == ["invented"]
    assert first.told == ("3",)


def test_evidence_in_a_line_leaves_out_the_values_that_stand_beside_it() -> None:
    evidence = Verdict.model_validate(
        {"trajectory": "r", "task": "t", "seed": 0, "outcome": "fail", "reward": 0.0, "scores": {}}
        | {"checks": [{"name": "state", "outcome": "fail", "score": 0.0, "evidence": [
            {"text": 'wrong: loans L1 created with {"a":"{"}; expected: loans L1 created with {"a":1}',
             "kind": "wrong", "record": "loans/L1"},
            {"text": "step 3: it is {so}", "kind": "broken", "step": 3},
        ]}]}
    ).checks[0].evidence  # fmt: skip
    assert [brief_evidence(one) for one in evidence] == [
        "wrong: loans L1 created otherwise than expected",
        "it is {so}",
    ]


def test_two_runs_part_where_a_word_a_call_or_a_result_differs() -> None:
    said = {"role": "user", "content": "hello"}
    one = page(said, calling("a"), answer("a", 0), log=[event(0, result=1), event(1)])
    for other in (
        page(said, calling("b"), answer("b", 0), log=[event(0, result=2), event(1)]),
        page(said, calling("b"), answer("b", None), log=[event(1)]),
    ):
        found = part(one, other)
        assert [turn.number for turn in found.alike] == [0]
    assert part(one, one).rest_of_one == ()
