"""Documented errors as conditions: what their sentences say is refused, and nothing else is."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from tests.support.boat_hire import boat_hire

from toolworld.environments import (
    Call,
    DocumentedError,
    Environment,
    Operation,
    Runtime,
    SimulationPlan,
    compile_environment,
    compile_toolset,
    load_environments,
)
from toolworld.ground import JsonObject, JsonValue

HIRE = {"boat_id": "B1", "member_id": "M3", "hours": 2, "day": "2026-03-05", "until": "2026-03-06"}
"""Arguments of a hire that nothing speaks against."""


class Said(NamedTuple):
    """A sentence with arguments that it speaks against, and others that it does not."""

    tool: str
    code: str
    sentence: str
    refused: dict[str, JsonValue]
    allowed: dict[str, JsonValue]


MOTOR: dict[str, JsonValue] = {"boat_id": "B3"}
SENTENCES = [
    Said("hire_boat", "boat_taken", "The boat is hired.", {"boat_id": "B2"}, MOTOR),
    Said("hire_boat", "unavailable", "It is hired or in repair.", {"boat_id": "B4"}, MOTOR),
    Said("hire_boat", "boat_not_free", "Somebody has it, or it is being mended.", {"boat_id": "B4"}, {}),
    Said("hire_boat", "not_hireable", "A boat can be hired only while it is free.", {"boat_id": "B2"}, {}),
    Said("hire_boat", "card_lapsed", "The membership has expired.", {"member_id": "M2"}, {"member_id": "M1"}),
    Said("hire_boat", "lapses_first", "The membership ends before the day of the hire.", {"member_id": "M2"}, {}),
    Said("hire_boat", "too_difficult", "A motor boat for a beginner.", {**MOTOR, "member_id": "M1"}, MOTOR),
    Said("hire_boat", "too_long", "More than 8 hours.", {"hours": 9}, {"hours": 8}),
    Said("hire_boat", "too_long", "The hours exceed the boat's most.", {**MOTOR, "hours": 4}, {"hours": 4}),
    Said("hire_boat", "too_long", "It is more than 5 days long.", {"until": "2026-03-20"}, {}),
    Said("hire_boat", "too_far", "The day is more than 2 days ahead.", {}, {"day": "2026-03-04"}),
    Said("hire_boat", "bad_days", "The day is in the past.", {"day": "2026-03-01"}, {}),
    Said("hire_boat", "bad_days", "It ends before it begins.", {"until": "2026-03-04"}, {}),
    Said("hire_boat", "already_hired", "The member has hired it already.", {**MOTOR, "member_id": "M1"}, MOTOR),
    Said("hire_boat", "too_many_hires", "The member has one hire.", {"member_id": "M1"}, {"member_id": "M2"}),
    Said("hire_boat", "remark_needed", "A motor boat without a remark.", MOTOR, {**MOTOR, "remark": "x"}),
    Said("return_hire", "hire_over", "The hire is over.", {"hire_id": "H2"}, {"hire_id": "H1"}),
    Said("return_hire", "not_open", "It was returned before.", {"hire_id": "H2"}, {"hire_id": "H3"}),
    Said("return_hire", "extended_too_often", "It has been extended twice.", {"hire_id": "H1"}, {"hire_id": "H3"}),
    Said("pay_hire", "too_much", "More than is outstanding.", {"hire_id": "H3", "amount": 31}, {"amount": 30}),
    Said("pay_hire", "nothing_due", "Nothing is outstanding.", {"hire_id": "H2", "amount": 1}, {"amount": 1}),
    Said("pay_hire", "over_limit", "More than £50.00 at once.", {"hire_id": "H1", "amount": 51}, {"amount": 30}),
]
USUAL: dict[str, dict[str, Any]] = {"hire_boat": HIRE, "return_hire": {}, "pay_hire": {"hire_id": "H3"}}
"""Arguments that nothing speaks against, by tool."""


UNREADABLE = [
    "The wind is too strong.",
    "All boats of that kind are hired.",
    "It is hired by somebody else who has not come yet.",
    "The member has a boat of another club on hire.",
    "More than 20% above the price of last year.",
]
"""Sentences that speak of what the records do not say: no call is refused with them."""


def compiled(*errors: DocumentedError) -> Environment:
    return compile_toolset(boat_hire(*errors)).environment


async def code_of(environment: Environment, name: str, arguments: dict[str, Any]) -> str | None:
    runtime = Runtime(environment, simulation=SimulationPlan(trusted=True))
    event, _ = await runtime.step(runtime.start, Call(name=name, arguments=arguments))
    assert event.failure is None or event.failure.kind == "tool", event.failure
    return event.failure.code if event.failure is not None else None


@pytest.mark.parametrize("said", SENTENCES, ids=lambda said: said.sentence)
async def test_what_a_sentence_says_is_refused_and_nothing_else(said: Said) -> None:
    environment = compiled(DocumentedError(code=said.code, when=said.sentence))
    assert await code_of(environment, said.tool, {**USUAL[said.tool], **said.refused}) == said.code
    assert await code_of(environment, said.tool, {**USUAL[said.tool], **said.allowed}) is None


@pytest.mark.parametrize("sentence", UNREADABLE)
def test_what_the_records_do_not_say_is_not_guessed_at_and_named(sentence: str) -> None:
    tool = compiled(DocumentedError(code="left_alone", when=sentence)).tool("hire_boat")
    assert tool is not None
    assert tool.inferred is not None
    assert tool.inferred.unread == ("left_alone",)


async def test_keys_that_nothing_has_are_refused_with_the_error_that_the_document_has_for_them() -> None:
    environment = compiled()
    assert await code_of(environment, "get_hire", {"hire_id": "H9"}) == "hire_not_found"
    assert await code_of(environment, "hire_boat", {**HIRE, "member_id": "M9"}) == "member_not_found"
    assert await code_of(environment, "hire_boat", {**HIRE, "boat_id": "B9"}) == "boat_not_found"


async def test_who_gives_a_number_and_a_name_has_to_fit_both() -> None:
    environment = compiled()
    assert await code_of(environment, "find_member", {"member_id": "M1", "name": "ida falk"}) is None
    assert await code_of(environment, "find_member", {"member_id": "M1", "name": "Olu Ade"}) == "member_not_found"


async def test_what_is_made_and_changed_is_seen_by_others_and_not_done_twice() -> None:
    errors = [
        DocumentedError(code="boat_taken", when="The boat is hired."),
        DocumentedError(code="hire_over", when="The hire is over."),
    ]
    runtime = Runtime(compiled(*errors), simulation=SimulationPlan(trusted=True))
    at = runtime.start

    async def call(name: str, **arguments: JsonValue) -> Any:
        nonlocal at
        event, at = await runtime.step(at, Call(name=name, arguments=arguments))
        return event.result if event.failure is None else event.failure.code

    made = await call("hire_boat", **HIRE)
    assert await call("get_hire", hire_id=made["hire_id"]) == {**made, "member": "Pia Lund", "kind": "rowing"}
    assert await call("get_boat", boat_id="B1") == {"boat_id": "B1", "status": "hired"}
    assert await call("hire_boat", **HIRE) == "boat_taken"
    assert await call("pay_hire", hire_id="H3", amount=5) == {"hire_id": "H3", "paid": 15}
    assert (await call("return_hire", hire_id="H3"))["status"] == "returned"
    assert await call("return_hire", hire_id="H3") == "hire_over"


async def test_a_result_shows_what_other_records_say_of_its_own() -> None:
    runtime = Runtime(compiled(), simulation=SimulationPlan(trusted=True))
    event, _ = await runtime.step(runtime.start, Call(name="get_hire", arguments={"hire_id": "H1"}))
    assert event.result == {"hire_id": "H1", "status": "open", "member": "Pia Lund", "kind": "motor"}
    found: dict[str, JsonValue] = {"member_id": "M1", "name": "Ida Falk"}
    event, _ = await runtime.step(runtime.start, Call(name="find_member", arguments=found))
    assert event.result == {**found, "hires": 2}


def test_two_processes_compile_the_same_bytes() -> None:
    code = "from toolworld.environments import compile_environment, load_environments; "
    code += "print([compile_environment(one).version for one in load_environments(['library', 'bank_cards'])])"
    made = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert made[0] == made[1]


ODD = [
    DocumentedError(code="odd", when="More than 99999999999999999999 days."),
    DocumentedError(code="odd", when="More than " + "9" * 400 + "."),
    DocumentedError(code="odd", when='A "quote", a {brace} and a \\ in\none line.'),
    DocumentedError(code="odd", when="the hire is overdue, and " * 2_000),
]


@pytest.mark.parametrize("error", ODD, ids=lambda error: error.when[:30])
async def test_whatever_a_sentence_says_the_program_loads(error: DocumentedError) -> None:
    assert await code_of(compiled(error), "hire_boat", HIRE) in (None, "odd")


async def test_a_day_that_there_is_not_is_no_day() -> None:
    environment = compiled(DocumentedError(code="too_far", when="The day is more than 30 days ahead."))
    for day in ("2026-13-45", "2026-02-30", "²²²²-01-01", "soon"):
        assert await code_of(environment, "hire_boat", {**HIRE, "day": day}) is None


def test_parts_of_a_state_whose_names_read_alike_stay_apart() -> None:
    state: JsonObject = {"日本": {"a": {"x": 1}, "b": {"x": 2}}, "中国": {"c": {"x": 3}}, 'the"pat': {"d": {"y": "a"}}}
    toolset = replace(
        boat_hire(), states=(state,), operations=(Operation("_", "_", "Do it.", (), stated_effect="write"),)
    )
    collections = compile_toolset(toolset).environment.initial_state.collections
    assert sorted(len(one) for one in collections.values()) == [1, 1, 2]


def test_what_judges_do_not_compare_stays_so_and_the_policy_is_kept() -> None:
    [cards] = load_environments(["bank_cards"])
    made = compile_environment(cards)
    volatile = {name: one.volatile for name, one in cards.state_schema.collections.items() if one.volatile}
    assert volatile
    assert {name: made.state_schema.collections[name].volatile for name in volatile} == volatile
    assert (made.policy, made.rules, made.clock) == (cards.policy, cards.rules, cards.clock)
