"""Properties of calls: sound programs of unusual kinds hold, and their defects do not."""

from typing import Literal

import pytest

from toolworld.environments import (
    DocumentedError,
    Environment,
    Runtime,
    SimulationPlan,
    ToolSpec,
    audit_by_calls,
    builtin_folders,
    load_folder,
)
from toolworld.environments.state.schema import CollectionSchema, StateDocument, StateSchema
from toolworld.ground import JsonObject, JsonSchema

LIBRARY = load_folder(builtin_folders()["library"])
RECORD: JsonSchema = {
    "type": "object",
    "properties": {
        "booking_id": {"type": "string"},
        "member_id": {"type": "string"},
        "parent": {"type": ["string", "null"]},
        "seats": {"type": "integer"},
        "status": {"type": "string"},
        "is_free": {"type": "boolean"},
    },
}


def desk(
    tool: str,
    program: str,
    properties: JsonObject,
    *,
    effect: Literal["read", "write"] = "write",
    required: tuple[str, ...] = (),
    errors: tuple[str, ...] = (),
) -> Environment:
    """An environment of bookings and members with one tool."""
    bookings: tuple[JsonObject, ...] = tuple(
        {
            "booking_id": f"B{number}",
            "member_id": f"M{number % 3}",
            "parent": None if number < 3 else f"B{number % 3}",
            "seats": number % 4 + 1,
            "status": "open",
            "is_free": number % 2 == 0,
        }
        for number in range(8)
    )
    members: tuple[JsonObject, ...] = tuple({"member_id": f"M{number}"} for number in range(3))
    member: JsonSchema = {"type": "object", "properties": {"member_id": {"type": "string"}}}
    schema: JsonSchema = {"type": "object", "properties": properties, "required": [*required]}
    whens = {"booking_not_found": "There is no such booking.", "not_yours": "It is another member's."}
    documented = tuple(DocumentedError(code=one, when=whens.get(one, one.replace("_", " "))) for one in errors)
    return LIBRARY.replaced(
        id="desk",
        rules=(),
        tools=(ToolSpec(name=tool, description=tool, effect=effect, input_schema=schema, errors=documented),),
        state_schema=StateSchema(
            collections={
                "bookings": CollectionSchema(key="booking_id", record=RECORD),
                "members": CollectionSchema(key="member_id", record=member),
            }
        ),
        initial_state=StateDocument(collections={"bookings": bookings, "members": members}),
        behaviour=program,
    )


async def broken(environment: Environment) -> set[str]:
    runtime = Runtime(environment, simulation=SimulationPlan(trusted=True))
    return {one.property for report in await audit_by_calls(runtime) for one in report.evidence}


BOOKING: JsonObject = {"booking_id": {"type": "string"}}
BOTH: JsonObject = {**BOOKING, "member_id": {"type": "string"}}
SEATS: JsonObject = {"seats": {"type": "integer", "description": "At least so many seats."}}
FREE: JsonObject = {"is_free": {"type": "boolean", "description": "Only those that are free, or not."}}
STATUS: JsonObject = {**BOOKING, "status": {"type": "string"}}
CANCEL = """
def cancel_booking(booking_id, member_id):
    booking = get("bookings", booking_id)
    if booking is None:
        fail("booking_not_found", "There is none.")
    if booking["member_id"] != member_id:
        fail("not_yours", "It is another's.")
    return update("bookings", booking_id, {"status": "cancelled"})
"""
DECLINE = """
def decline_other_bookings(booking_id):
    if get("bookings", booking_id) is None:
        fail("booking_not_found", "There is none.")
    for one in rows("bookings"):
        if one["booking_id"] != booking_id:
            update("bookings", one["booking_id"], {"status": "declined"})
    return {"left": booking_id}
"""
FIND = (
    'def find_bookings(seats=0):\n    return {"bookings": [one for one in rows("bookings") if one["seats"] >= seats]}\n'
)
RELATED = """
def list_related_bookings(booking_id):
    if get("bookings", booking_id) is None:
        fail("no_booking", "There is none.")
    return {"bookings": find("bookings", {"parent": booking_id})}
"""
RANKED = """
def list_bookings(is_free=None):
    found = [one for one in rows("bookings") if is_free is None or one["is_free"] == is_free]
    return {"bookings": [one | {"rank": place} for place, one in enumerate(found)]}
"""


@pytest.mark.parametrize(
    "environment",
    [
        desk("cancel_booking", CANCEL, BOTH, required=(*BOTH,), errors=("booking_not_found", "not_yours")),
        desk("decline_other_bookings", DECLINE, BOOKING, required=("booking_id",), errors=("booking_not_found",)),
        desk("find_bookings", FIND, SEATS, effect="read"),
        desk("list_related_bookings", RELATED, BOOKING, effect="read", required=(*BOOKING,), errors=("no_booking",)),
        desk("list_bookings", RANKED, FREE, effect="read"),
    ],
    ids=lambda one: one.tools[0].name,
)
async def test_a_sound_program_of_an_unusual_kind_holds(environment: Environment) -> None:
    assert await broken(environment) == set()


async def test_a_refusal_that_tells_how_something_stands_which_there_is_not_is_found() -> None:
    program = """
def end_booking(booking_id):
    booking = get("bookings", booking_id)
    if booking is None or booking["status"] != "open":
        fail("booking_not_open", "It is not open.")
    return update("bookings", booking_id, {"status": "ended"})
"""
    errors = ("booking_not_found", "booking_not_open")
    environment = desk("end_booking", program, BOOKING, required=("booking_id",), errors=errors)
    assert "refused_for_its_reason" in await broken(environment)


async def test_a_change_of_all_where_one_is_named_is_found() -> None:
    program = """
def set_booking(booking_id, status):
    if get("bookings", booking_id) is None:
        fail("booking_not_found", "There is none.")
    for one in rows("bookings"):
        update("bookings", one["booking_id"], {"status": status})
    return get("bookings", booking_id)
"""
    environment = desk("set_booking", program, STATUS, required=(*STATUS,), errors=("booking_not_found",))
    assert "named_changed" in await broken(environment)


async def test_a_filter_that_ignores_no_is_found() -> None:
    program = RANKED.replace("is_free is None or one", "not is_free or one")
    assert "search_complete" in await broken(desk("list_bookings", program, FREE, effect="read"))


async def test_a_filter_that_breaks_the_program_is_found() -> None:
    program = RANKED.replace("enumerate(found)", "enumerate(found if is_free is None else 1 / 0)")
    assert "valid_result" in await broken(desk("list_bookings", program, FREE, effect="read"))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "multipleOf": 10**30},
        {"type": "number", "maximum": 1e20},
        {"type": "integer", "minimum": -(10**25)},
    ],
)
async def test_numbers_that_json_has_not_everywhere_do_not_end_the_audit(schema: JsonSchema) -> None:
    program = 'def list_bookings(seats):\n    return {"bookings": []}\n'
    environment = desk("list_bookings", program, {"seats": schema}, effect="read", required=("seats",))
    assert await broken(environment) == set()
