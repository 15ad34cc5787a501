"""A boat hire as a toolset with a state: tools of which documents and records say what they do, and no program does."""

from toolworld.environments import DocumentedError, Effect, Operation, Parameter, Toolset
from toolworld.ground import JsonObject, JsonSchema, JsonValue


def _boat(key: str, kind: str, status: str, max_hours: int) -> JsonObject:
    return {"boat_id": key, "kind": kind, "status": status, "max_hours": max_hours, "seats": 4}


def _member(key: str, name: str, level: str, valid_until: str) -> JsonObject:
    return {"member_id": key, "name": name, "level": level, "valid_until": valid_until}


def _hire(key: str, boat: str, member: str, status: str, extended: int, paid: int) -> JsonObject:
    whose: JsonObject = {"hire_id": key, "boat_id": boat, "member_id": member}
    return {**whose, "status": status, "extended": extended, "amount": 40, "paid": paid}


STATE: JsonObject = {
    "boats": {
        "B1": _boat("B1", "rowing", "free", 6),
        "B2": _boat("B2", "motor", "hired", 3),
        "B3": _boat("B3", "motor", "free", 3),
        "B4": _boat("B4", "rowing", "in_repair", 6),
    },
    "members": {
        "M1": _member("M1", "Ida Falk", "beginner", "2027-01-01"),
        "M2": _member("M2", "Olu Ade", "skipper", "2026-01-01"),
        "M3": _member("M3", "Pia Lund", "skipper", "2028-01-01"),
    },
    "hires": {
        "H1": _hire("H1", "B2", "M3", "open", 2, 0),
        "H2": _hire("H2", "B1", "M1", "returned", 0, 40),
        "H3": _hire("H3", "B3", "M1", "open", 0, 10),
    },
}
TEXT: JsonSchema = {"type": "string"}
NUMBER: JsonSchema = {"type": "number"}
DAY: JsonSchema = {"type": "string", "description": "A day, such as 2026-03-05."}


def boat_hire(*errors: DocumentedError) -> Toolset:
    """The toolset, whose tools that write document some errors besides those for what is not there."""
    boat, member, hire = (
        DocumentedError(code=f"{one}_not_found", when=f"There is no such {one}.") for one in ("boat", "member", "hire")
    )
    given = {"boat_id": TEXT, "member_id": TEXT, "hours": NUMBER, "day": DAY, "until": DAY, "remark?": TEXT}
    payment = {"hire_id": TEXT, "amount": NUMBER}
    shown, person = {"hire_id": TEXT, "status": TEXT}, {"member_id": TEXT, "name": TEXT}
    return Toolset(
        id="boat-hire",
        title="Boat hire",
        domain="boats",
        description="Boats by the hour.",
        operations=(
            _tool("get_hire", {"hire_id": TEXT}, {**shown, "member": TEXT, "kind": TEXT}, (hire,), "read"),
            _tool("get_boat", {"boat_id": TEXT}, {"boat_id": TEXT, "status": TEXT}, (boat,), "read"),
            _tool("find_member", person, {**person, "hires": {"type": "integer"}}, (member,), "read"),
            _tool("hire_boat", given, shown, (boat, member, *errors), "write"),
            _tool("return_hire", {"hire_id": TEXT}, shown, (hire, *errors), "write"),
            _tool("pay_hire", payment, {"hire_id": TEXT, "paid": NUMBER}, (hire, *errors), "write"),
        ),
        states=(STATE,),
        start="2026-03-02T09:00:00Z",
    )


def _tool(
    name: str,
    given: dict[str, JsonSchema],
    shown: dict[str, JsonSchema],
    errors: tuple[DocumentedError, ...],
    effect: Effect,
) -> Operation:
    parameters = tuple(
        Parameter(one.rstrip("?"), one.rstrip("?"), schema, required=not one.endswith("?"))
        for one, schema in given.items()
    )
    properties: dict[str, JsonValue] = {**shown}
    returned: JsonSchema = {"type": "object", "properties": properties}
    said = f"{name.replace('_', ' ').capitalize()}."
    return Operation(name, name, said, parameters, returned, errors, stated_effect=effect)
