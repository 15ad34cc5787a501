"""A scripted model that writes environments: small lending desks, each of another thing, right at every stage."""

import json
import re
from collections.abc import Callable
from typing import Any

from toolworld.llm import Request, ScriptedAnswer

THINGS = {
    "lamp": "Bulbs burn out, shades get torn, cables need checking every autumn.",
    "kayak": "Paddles and vests go along; nobody under ten rows alone.",
    "drill": "Bits wear down, batteries charge overnight, dust must be blown off.",
    "violin": "Strings snap in winter; a luthier looks at cracks each quarter.",
    "microscope": "Lenses are cleaned with spirit, slides counted before and after.",
    "tent": "Pegs go missing; canvas dries two days after rain.",
    "projector": "Fans clog, remote controls vanish, light hours are written down.",
    "costume": "Seams open during shows; laundry takes until Thursday.",
    "bicycle": "Brakes, tyres and bells are tried out before every trip.",
    "loom": "Warp threads, shuttles and reeds belong together, wool costs extra.",
    "anvil": "Two strong people carry it; hammers are handed out singly.",
}
PLACES = {
    "harbour": "Boats, ropes and moorings, hired by the day.",
    "school": "Instruments and tools that pupils take home over a term.",
    "theatre": "Everything that actors wear, for one evening or a tour.",
    "clinic": "Aids for patients after an operation, until they are well.",
    "village": "What neighbours own together and book by the hour.",
    "museum": "Pieces of an exhibition that travel to other houses.",
}


def stage_of(request: Request) -> str:
    """The stage that a request is of, by the form of its answer."""
    assert request.response_format is not None
    return request.response_format.name


def prompt_of(request: Request) -> str:
    """What is asked."""
    return request.messages[0].content or ""


def right_answer(request: Request) -> ScriptedAnswer:
    """The answer of a good author."""
    stage, prompt = stage_of(request), prompt_of(request)
    return ScriptedAnswer(value=_ANSWERS[stage](prompt))


def _count(prompt: str) -> int:
    found = re.search(r"exactly (\d+)", prompt)
    assert found is not None
    return int(found[1])


def _subfields(prompt: str) -> Any:
    field = re.search(r"The field: (.+)", prompt)
    assert field is not None
    start = 3 * (len(field[1]) % 2)
    names = [[*PLACES][(start + number) % len(PLACES)] for number in range(_count(prompt))]
    return {"subfields": [{"name": f"{name} stores of {field[1]}", "summary": PLACES[name]} for name in names]}


def _scenarios(prompt: str) -> Any:
    place = next(name for name in PLACES if f"{name} stores" in prompt)
    start = 2 * [*PLACES].index(place)
    things = [[*THINGS][(start + number) % len(THINGS)] for number in range(_count(prompt))]
    field = re.search(r"The field: (.+)", prompt)
    assert field is not None
    return {
        "scenarios": [
            {
                "title": f"{place.title()} {thing.title()} Desk",
                "summary": f"Lends a {thing} to people, in {field[1]}. {THINGS[thing]}",
                "jobs": [f"Borrow a {thing}.", f"Bring a {thing} back."],
            }
            for thing in things
        ]
    }


def thing_of(prompt: str) -> str:
    """The thing that a scenario is about."""
    found = re.search(r"Lends a (\w+) to", prompt)
    assert found is not None
    return found[1]


def _state(prompt: str) -> Any:
    thing = thing_of(prompt)
    properties = {
        f"{thing}_id": {"type": "string"},
        "label": {"type": "string"},
        "status": {"type": "string", "enum": ["free", "lent"]},
    }
    record = {"type": "object", "properties": properties, "required": [*properties]}
    return {"state_schema": json.dumps({"collections": {f"{thing}s": {"key": f"{thing}_id", "record": record}}})}


def _tools(prompt: str) -> Any:
    thing = thing_of(prompt)
    key = json.dumps({f"{thing}_id": {"type": "string"}})
    shown = {f"{thing}_id": {"type": "string"}, "label": {"type": "string"}, "status": {"type": "string"}}
    one, many = {"type": "object", "properties": shown}, {"type": "object", "properties": {"found": {"type": "array"}}}
    unknown = {"code": f"unknown_{thing}", "when": f"There is no {thing} of that id."}
    lent = {"code": "lent_already", "when": f"The {thing} is lent already."}
    free = {"code": "not_lent", "when": f"The {thing} is not lent."}

    def tool(name: str, effect: str, parameters: str, result: Any, *errors: Any) -> dict[str, Any]:
        required = [] if parameters == "{}" else [f"{thing}_id"]
        said = {"name": name, "description": f"{name.replace('_', ' ').capitalize()}.", "effect": effect}
        return {
            **said,
            "parameters": parameters,
            "required": required,
            "result": json.dumps(result),
            "errors": [*errors],
        }

    return {
        "tools": [
            tool(f"get_{thing}", "read", key, one, unknown),
            tool(f"list_{thing}s", "read", "{}", many),
            tool(f"lend_{thing}", "write", key, one, unknown, lent),
            tool(f"return_{thing}", "write", key, one, unknown, free),
        ]
    }


def _policy(prompt: str) -> Any:
    thing = thing_of(prompt)
    why = f"Ask for a clear yes before a {thing} is lent."
    rules = [{"kind": "confirm", "tools": [f"lend_{thing}"], "why": why}]
    return {"policy": f"# The desk\n\nYou lend things. {why} Be kind.", "rules": json.dumps(rules)}


def program_of(thing: str) -> str:
    """The program of a desk."""
    return f"""
def get_{thing}({thing}_id):
    found = get("{thing}s", {thing}_id)
    if found is None:
        fail("unknown_{thing}", "There is no {thing} " + {thing}_id + ".")
    return found


def list_{thing}s():
    return {{"found": rows("{thing}s")}}


def lend_{thing}({thing}_id):
    if get_{thing}({thing}_id)["status"] == "lent":
        fail("lent_already", "It is lent already.")
    return update("{thing}s", {thing}_id, {{"status": "lent"}})


def return_{thing}({thing}_id):
    if get_{thing}({thing}_id)["status"] != "lent":
        fail("not_lent", "It is not lent.")
    return update("{thing}s", {thing}_id, {{"status": "free"}})
"""


def _behaviour(prompt: str) -> Any:
    return {"program": program_of(thing_of(prompt))}


def _records(prompt: str) -> Any:
    thing = thing_of(prompt)
    rows = [
        {
            f"{thing}_id": f"{thing[0].upper()}{number}",
            "label": f"{thing} {number}",
            "status": ["free", "lent"][number % 2],
        }
        for number in range(1, 7)
    ]
    return {"initial_state": json.dumps({"collections": {f"{thing}s": rows}})}


_ANSWERS: dict[str, Callable[[str], Any]] = {
    "subfields": _subfields,
    "scenarios": _scenarios,
    "state": _state,
    "tools": _tools,
    "policy": _policy,
    "behaviour": _behaviour,
    "records": _records,
}
