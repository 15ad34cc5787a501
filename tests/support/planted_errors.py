"""Errors that authors make, planted one by one in the parking office of `tests/support/permits`."""

from typing import NamedTuple

PROGRAM, SPEC, STATE, TASKS = "behaviour.py", "environment.json", "state.json", "tasks.json"


class Planted(NamedTuple):
    """An error: in a file, a text stands in place of another one."""

    name: str
    file: str
    old: str
    new: str


def _in(file: str, *errors: tuple[str, str, str]) -> list[Planted]:
    return [Planted(name, file, old, new) for name, old, new in errors]


PLANTED = [
    *_in(
        PROGRAM,
        # names
        ("misspelt collection", 'get("zones", zone_id)', 'get("zone", zone_id)'),
        ("misspelt collection in `rows`", 'rows("zones")', 'rows("zoness")'),
        ("misspelt singleton", 'get("office")', 'get("offices")'),
        ("misspelt singleton in `set`", 'set("office"', 'set("ofice"'),
        ("misspelt path in `find`", '{"plate": plate}) if', '{"plat": plate}) if'),
        ("misspelt inner path in `find`", '"holder.resident_id"', '"holder.residentid"'),
        (
            "misspelt field in `update`",
            '{"plate": plate})\n    return {"permit_id": c',
            '{"plates": plate})\n    return {"permit_id": c',
        ),
        ("misspelt field in `insert`", '"plate": plate,\n            "kind"', '"plat": plate,\n            "kind"'),
        ("a required field left out of `insert`", '            "kind": kind,\n', ""),
        ("misspelt field that is read", 'permit["until"],\n', 'permit["untill"],\n'),
        ("misspelt field of a singleton", 'office["limit"]', 'office["limits"]'),
        ("misspelt inner field that is read", '"name": resident["surname"]', '"name": resident["name"]'),
        ("misspelt helper", "resident = _resident(", "resident = _residnt("),
        (
            "misspelt variable",
            'fail("plate_has_permit", f"The plate {plate}',
            'fail("plate_has_permit", f"The plate {plates}',
        ),
        ("misspelt method", "sorted(rows", "rows.sort(rows"),
        ("misspelt host function", "add_days(today()", "adddays(today()"),
        # values
        ("impossible value in `update`", '{"status": "cancelled", "until"', '{"status": "canceled", "until"'),
        ("impossible value in `insert`", '"status": "active",', '"status": "actve",'),
        ("impossible value in a comparison", 'p["status"] == "active"', 'p["status"] == "aktive"'),
        ("impossible value in a list", '("expired", "cancelled")', '("expired", "canceled")'),
        (
            "impossible value in `find`",
            'find("permits", {"plate": plate})',
            'find("permits", {"plate": plate, "kind": "residents"})',
        ),
        ("a number where a text belongs", 'new_id("P")', "new_id(5)"),
        ("a text where a number belongs", "30 * months)", '"30")'),
        (
            "text and number added",
            '"The office issues no more permits this year."',
            '"The office issues " + office["limit"]',
        ),
        ("a text compared with a number", 'office["issued"] >= office["limit"]', 'office["phone"] >= office["limit"]'),
        (
            "a record that may not be there",
            '    if zone is None:\n        fail("zone_not_found", f"There is no zone {zone_id}.")\n    active',
            "    active",
        ),
        # calls
        ("an argument too many", "_price(zone, months)}", "_price(zone, months, plate)}"),
        ("an argument left out", "_price(zone, months)}", "_price(zone)}"),
        ("an unknown keyword", "fold=True", "ignore_case=True"),
        (
            "`fail` without a message",
            'fail("permit_not_active", f"The permit is {permit[\'status\']}.")\n    changed',
            'fail("permit_not_active")\n    changed',
        ),
        ("`update` without the key", 'update("permits", permit_id, {"plate"', 'update("permits", {"plate"'),
        # the language
        ("an import", "ZONES_SHOWN = 5", "import math\nZONES_SHOWN = 5"),
        ("a loop that is not in the language", "    left = days", "    while False:\n        pass\n    left = days"),
        (
            "an exception",
            "    left = days",
            "    try:\n        pass\n    except Exception:\n        pass\n    left = days",
        ),
        ("a clock of Python", "days_between(today(),", "days_between(datetime.now(),"),
        (
            "a record changed in place",
            '    update("permits", permit_id, {"status"',
            '    permit["status"] = "cancelled"\n    update("permits", permit_id, {"status"',
        ),
        # what it does
        (
            "a write that is forgotten",
            '    update("permits", permit_id, {"status": "cancelled", "until": today()})\n',
            "",
        ),
        (
            "a result that is forgotten",
            'return {"permit_id": changed["permit_id"], "plate": changed["plate"]}',
            "changed = None",
        ),
        (
            "a read tool that writes",
            "    permit = _permit(permit_id)\n    zone =",
            '    permit = update("permits", permit_id, {"status": "active"})\n    zone =',
        ),
        ("a result that its schema forbids", '"days_left": max(0, left)', '"days_left": str(left)'),
        ("a field of the result left out", '"until": permit["until"], "price"', '"price"'),
        ("an error that nobody documents", 'fail("no_more_permits"', 'fail("limit_reached"'),
        (
            "an error that is never raised",
            'fail("plate_has_permit", f"The plate {plate} has the permit {active[0][\'permit_id\']}.")',
            'fail("zone_not_found", "No.")',
        ),
        ("a variable that is never read", "    left = days", "    used = 5\n    left = days"),
        (
            "a helper that is never called",
            "def find_resident",
            "def _fee(months):\n    return months * 2\n\n\ndef find_resident",
        ),
        ("a wrong sum", "full * 0.9", "full * 0.8"),
    ),
    *_in(
        SPEC,
        ("a tool without a function", '"name": "change_plate",', '"name": "change_number_plate",'),
        (
            "a parameter that the function lacks",
            '"plate": {"type": "string"}, "months"',
            '"plate": {"type": "string"}, "colour": {"type": "string"}, "months"',
        ),
        (
            "a choice that no record can have",
            '"kind": {"enum": ["resident", "visitor"], "default"',
            '"kind": {"enum": ["residents", "visitors", "resident"], "default"',
        ),
        (
            "misspelt arguments go unnoticed",
            '"required": ["surname"], "additionalProperties": false}',
            '"required": ["surname"]}',
        ),
        (
            "a required parameter that is not declared",
            '"required": ["permit_id", "plate"], "additionalProperties"',
            '"required": ["permit_id", "plates"], "additionalProperties"',
        ),
        ("a rule on an unknown tool", '"first": ["find_resident"]', '"first": ["find_residents"]'),
        ("a `never` on an unknown argument", '"arguments": {"kind": "visitor"}', '"arguments": {"type": "visitor"}'),
        ("a `never` on an impossible value", '"arguments": {"kind": "visitor"}', '"arguments": {"kind": "visitors"}'),
        ("a reference to an unknown collection", '"zone": "zones"', '"zone": "zone"'),
        ("a key that records lack", '"key": "zone_id"', '"key": "id"'),
    ),
    *_in(
        STATE,
        ("a reference that leads nowhere", '"zone": "Z2"', '"zone": "Z9"'),
        ("a record that its schema forbids", '"monthly": 12.25', '"monthly": "12.25"'),
        ("a key used twice", '"zone_id": "Z2", "name"', '"zone_id": "Z1", "name"'),
    ),
    *_in(
        TASKS,
        (
            "a call that is refused",
            '"arguments": {"permit_id": "P100"}},\n      {"name": "cancel',
            '"arguments": {"permit_id": "P109"}},\n      {"name": "cancel',
        ),
        (
            "a truth that breaks a rule",
            '      {"name": "find_resident", "arguments": {"surname": "Lindqvist"}},\n      {"name": "change',
            '      {"name": "change',
        ),
        ("a fact that nothing gives", '"99.90|99.9"', '"98.70|98.7"'),
        ("a fact that no tool gives", '"facts": ["30"]', '"facts": ["0551 402211"]'),
        (
            "a task that asks for nothing",
            """    "calls": [
      {"name": "find_resident", "arguments": {"surname": "Lindqvist"}},
      {"name": "change_plate", "arguments": {"permit_id": "P100", "plate": "KL 300 Z"}}
    ],
    "facts": ["KL 300 Z"]
""",
            '    "calls": [],\n    "facts": []\n',
        ),
    ),
]
"""64 errors."""
