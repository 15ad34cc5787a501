"""What is known of how toolsets keep a state: counters, callers, switches, what stands inside of records, statuses."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.boat_hire import TEXT

from toolworld.environments import (
    Call,
    DocumentedError,
    Operation,
    Parameter,
    Runtime,
    SimulationPlan,
    Toolset,
    compile_toolset,
    self_check,
)
from toolworld.ground import JsonObject, JsonSchema, JsonValue

WHOLE: JsonSchema = {"type": "integer"}
TEXTS: JsonSchema = {"type": "array", "items": TEXT}
_PLACE: JsonObject = {"street": "Elm 1", "city": "Turin"}
STATE: JsonObject = {
    "jobs": {
        "7": {
            "id": 7,
            "title": "Sharpen",
            "status": "Open",
            "created_by": "ada",
            "tags": ["saw"],
            "urgent_enabled": False,
        },
        "8": {"id": 8, "title": "Oil", "status": "Open", "created_by": "ada", "tags": [], "urgent_enabled": True},
        "9": {"id": 9, "title": "Paint", "status": "Done", "created_by": "eve", "tags": [], "urgent_enabled": False},
    },
    "benches": {
        "B1": {"bench_id": "B1", "owner_id": "O1", "tools": [{"tool_id": "T1"}, {"tool_id": "T2"}], "status": "free"},
        "B2": {"bench_id": "B2", "owner_id": "O2", "tools": [{"tool_id": "T3"}], "status": "taken"},
        "B3": {"bench_id": "B3", "owner_id": "O1", "tools": [], "status": "free"},
    },
    "owners": {
        "O1": {"owner_id": "O1", "bench_ids": ["B1", "B3"], "cards": {"c1": {"id": "c1"}}, "place": _PLACE},
        "O2": {"owner_id": "O2", "bench_ids": ["B2"], "cards": {"c2": {"id": "c2"}}, "place": _PLACE},
    },
    "job_counter": 12,
    "current_user": "ada",
    "authenticated": False,
    "wish_list": ["lathe"],
    "lampState": "locked",
}
JOB: dict[str, JsonSchema] = {
    "id": WHOLE,
    "title": TEXT,
    "status": {"type": "string", "enum": ["Open", "Done", "Dropped"]},
    "created_by": TEXT,
    "tags": TEXTS,
}
BENCH: dict[str, JsonSchema] = {"bench_id": TEXT, "status": TEXT}


def tool(
    name: str, said: str, given: dict[str, JsonSchema], shown: dict[str, JsonSchema], *errors: str, reads: bool = False
) -> Operation:
    parameters = tuple(
        Parameter(one.rstrip("?"), one.rstrip("?"), schema, required=not one.endswith("?"))
        for one, schema in given.items()
    )
    properties: dict[str, JsonValue] = {**shown}
    documented = tuple(DocumentedError(code=f"error_{number}", when=when) for number, when in enumerate(errors, 1))
    made = Operation(name, name, said, parameters, {"type": "object", "properties": properties}, documented)
    return replace(made, stated_effect="read" if reads else "write")


LAMP: JsonSchema = {"type": "string", "enum": ["LOCK", "START", "off"]}
OPERATIONS = (
    tool("create_job", "Create a job.", {"title": TEXT, "tags?": TEXTS}, JOB),
    tool("get_job", "Get a job.", {"job_id": WHOLE}, JOB, reads=True),
    tool("drop_job", "Drops it; the status is set to 'Dropped'.", {"job_id": WHOLE}, JOB),
    tool("enable_urgent", "Make it urgent.", {"job_id": WHOLE}, {}),
    tool("disable_urgent", "Make it usual.", {"job_id": WHOLE}, {}),
    tool("publish_job", "Publish a job for the authenticated user.", {"job_id": WHOLE}, {}),
    tool("login", "Log in.", {"username": TEXT, "password": TEXT}, {"ok": {"type": "boolean"}}),
    tool("remove_item_from_wishlist", "Remove it.", {"item": TEXT}, {"wish_list": TEXTS}),
    tool("set_lamp", "Set the lamp.", {"lamp_state": LAMP}, {"lampState": TEXT}),
    tool("get_bench", "Get a bench.", {"bench_id": TEXT}, BENCH, reads=True),
    tool(
        "repair_tools",
        "Repair tools.",
        {"owner_id": TEXT, "bench_id": TEXT, "tool_ids": TEXTS, "card_id": TEXT},
        BENCH,
        "If the bench is not found",
        "If the tools do not exist",
        "If the card is not found",
    ),
    tool(
        "move_owner",
        "Change where an owner lives.",
        {"owner_id": TEXT, "street": TEXT, "city?": TEXT},
        {"owner_id": TEXT},
    ),
    tool("leave_free_bench", "Leave it.", {"bench_id": TEXT}, BENCH, "Non-free benches cannot be left"),
    tool("count_tools", "Check them.", {"bench_id": TEXT, "tools": TEXTS}, BENCH, "The number of tools does not match"),
)


class Workshop:
    """Calls one after the other."""

    def __init__(self, state: JsonObject = STATE) -> None:
        compiled = compile_toolset(Toolset("workshop", "Workshop", "crafts", "A workshop.", OPERATIONS, (state,)))
        assert self_check(compiled).failed == {}
        self.runtime = Runtime(compiled.environment, simulation=SimulationPlan(trusted=True))
        self.at = self.runtime.start

    async def __call__(self, name: str, **arguments: JsonValue) -> Any:
        event, self.at = await self.runtime.step(self.at, Call(name=name, arguments=arguments))
        return event.result if event.failure is None else event.failure.code

    def record(self, collection: str, key: str) -> JsonObject:
        """A record as it is now."""
        return dict(self.at.state.rows(collection))[key]


@pytest.fixture
def call() -> Workshop:
    return Workshop()


async def test_a_counter_gives_the_key_of_the_next_record_and_counts_on(call: Workshop) -> None:
    made = await call("create_job", title="Saw")
    assert (made["id"], call.at.state.value("job_counter")) == (12, 13)
    assert (await call("create_job", title="Plane"))["id"] == 13


async def test_a_counter_steps_over_the_keys_of_records_that_are_there() -> None:
    call = Workshop({**STATE, "job_counter": 7})
    assert (await call("create_job", title="Saw"))["id"] == 10
    assert call.at.state.value("job_counter") == 11


async def test_a_new_record_names_who_made_it_and_has_an_empty_list_where_none_was_given(call: Workshop) -> None:
    made = await call("create_job", title="Saw")
    assert (made["created_by"], made["tags"], made["status"]) == ("ada", [], "Open")
    assert (await call("create_job", title="Saw", tags=["x"]))["tags"] == ["x"]


async def test_a_description_says_which_status_a_tool_leads_to(call: Workshop) -> None:
    assert (await call("drop_job", job_id=7))["status"] == "Dropped"  # which no record has yet


async def test_a_verb_switches_on_and_off(call: Workshop) -> None:
    await call("enable_urgent", job_id=7)
    assert call.record("jobs", "7")["urgent_enabled"] is True
    await call("disable_urgent", job_id=7)
    assert call.record("jobs", "7")["urgent_enabled"] is False


async def test_what_is_for_the_authenticated_user_is_refused_while_nobody_is_logged_in(call: Workshop) -> None:
    assert await call("publish_job", job_id=7) == "unauthenticated"
    assert (await call("create_job", title="Saw"))["id"] == 12  # of which no document says so


async def test_a_name_says_from_which_list_something_is_removed(call: Workshop) -> None:
    assert await call("remove_item_from_wishlist", item="lathe") == {"wish_list": []}
    assert await call("remove_item_from_wishlist", item="lathe") == "not_found"


async def test_a_value_is_set_in_the_form_that_the_state_has(call: Workshop) -> None:
    assert await call("set_lamp", lamp_state="LOCK") == {"lampState": "locked"}
    assert await call("set_lamp", lamp_state="off") == {"lampState": "off"}


async def test_what_a_record_holds_is_looked_for_inside_of_it(call: Workshop) -> None:
    right: JsonObject = {"owner_id": "O1", "bench_id": "B1", "tool_ids": ["T2", "T1"], "card_id": "c1"}
    assert (await call("repair_tools", **right))["bench_id"] == "B1"  # of both that are named, the owner's bench
    wrong: dict[str, JsonObject] = {
        "not_found": {"bench_id": "B9"},
        "error_2": {"tool_ids": ["T1", "T3"]},
        "error_3": {"card_id": "c2"},
    }
    for code, given in wrong.items():
        assert await call("repair_tools", **(right | given)) == code


async def test_values_inside_of_an_object_are_changed_and_others_kept(call: Workshop) -> None:
    await call("move_owner", owner_id="O1", street="Oak 2")
    assert call.record("owners", "O1")["place"] == {"street": "Oak 2", "city": "Turin"}


async def test_a_status_before_the_noun_says_which_ones_are_meant(call: Workshop) -> None:
    assert await call("leave_free_bench", bench_id="B2") == "error_1"
    await call("leave_free_bench", bench_id="B1")
    assert call.record("benches", "B1")["status"] != "free"


async def test_a_number_that_does_not_match_is_one_of_elements(call: Workshop) -> None:
    assert await call("count_tools", bench_id="B1", tools=["hammer"]) == "error_1"
    assert (await call("count_tools", bench_id="B1", tools=["hammer", "saw"]))["bench_id"] == "B1"


def small(*operations: Operation, **state: JsonValue) -> Runtime:
    """A toolset with a state of its own."""
    compiled = compile_toolset(Toolset("small", "Small", "tests", "", operations, ({**state},)))
    assert self_check(compiled).failed == {}
    return Runtime(compiled.environment, simulation=SimulationPlan(trusted=True))


ORDERS: JsonObject = {
    key: {"order_id": key, "status": status} for key, status in (("A1", "open"), ("A2", "shipped"), ("A3", "open"))
}
READ = tool("get_order", "Get an order.", {"order_id": TEXT}, {"order_id": TEXT, "status": TEXT}, reads=True)


@pytest.mark.parametrize("name", ["email_order", "rate_order", "track_order", "tag_order"])
async def test_a_verb_that_is_no_status_leaves_the_status_alone(name: str) -> None:
    runtime = small(READ, tool(name, "Do it.", {"order_id": TEXT}, {"status": TEXT}), orders=ORDERS)
    event, _ = await runtime.step(runtime.start, Call(name=name, arguments={"order_id": "A1"}))
    assert (event.failure, event.ops) == (None, ())


async def test_a_verb_whose_past_is_a_status_leads_there_and_a_denial_does_not() -> None:
    approve = tool("approve_order", "Approve it.", {"order_id": TEXT}, {"status": TEXT})
    notify = tool(
        "notify_order", "The status must not be changed to 'cancelled'.", {"order_id": TEXT}, {"order_id": TEXT}
    )
    runtime = small(READ, approve, notify, orders=ORDERS)
    event, _ = await runtime.step(runtime.start, Call(name="approve_order", arguments={"order_id": "A1"}))
    assert event.result == {"status": "approved"}
    event, _ = await runtime.step(runtime.start, Call(name="notify_order", arguments={"order_id": "A1"}))
    assert event.ops == ()


async def test_what_is_for_people_who_are_not_logged_in_needs_no_login() -> None:
    login = tool("login", "Log in.", {"username": TEXT, "password": TEXT}, {"ok": {"type": "boolean"}})
    others = (
        tool("get_public_orders", "It does not need the user to be logged in.", {"order_id": TEXT}, {"order_id": TEXT}),
        tool("reset_order", "Reset the user's account when you cannot log in.", {"order_id": TEXT}, {"order_id": TEXT}),
    )
    runtime = small(READ, login, *others, orders=ORDERS, authenticated=False)
    for one in others:
        event, _ = await runtime.step(runtime.start, Call(name=one.name, arguments={"order_id": "A1"}))
        assert event.failure is None, one.name


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("count_words", {"text": TEXT}, {"words": WHOLE}),
        ("is_palindrome", {"text": TEXT}, {"answer": {"type": "boolean"}}),
        ("get_total", {"prices": {"type": "array", "items": WHOLE}}, {"amount": WHOLE}),
        ("validate_email", {"email": TEXT}, {"valid": {"type": "boolean"}}),
        ("find_age", {"birth_date": {"type": "string", "description": "A day, such as 2000-01-01."}}, {"age": WHOLE}),
        ("get_checksum", {"content": TEXT}, {"checksum": TEXT}),
    ],
)
def test_what_can_be_told_from_the_arguments_is_no_fact_of_the_outside_world(
    name: str, given: dict[str, JsonSchema], told: dict[str, JsonSchema]
) -> None:
    asked = tool(name, "Tell it.", given, told, reads=True)
    compiled = compile_toolset(Toolset("small", "Small", "tests", "", (READ, asked), ({"orders": ORDERS},)))
    found = compiled.environment.tool(name)
    assert found is not None
    assert found.inferred is not None
    assert found.inferred.reach == "none"


@pytest.mark.parametrize("odd", [None, 2, "A1", ""])
async def test_records_with_odd_keys_are_kept_apart(odd: JsonValue) -> None:
    rows: list[JsonValue] = [ORDERS["A1"], ORDERS["A2"], {"order_id": odd, "status": "open"}]
    runtime = small(READ, orders=rows)
    assert len(list(runtime.start.state.rows("orders"))) == 3
    event, _ = await runtime.step(runtime.start, Call(name="get_order", arguments={"order_id": "A2"}))
    assert event.failure is None
