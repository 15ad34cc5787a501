"""The audit by calls: sound programs pass, planted defects are found, and the same seed makes the same report."""

import ast
import subprocess
import sys
from collections.abc import Callable
from typing import Literal

import pytest

from toolworld.environments import (
    DocumentedError,
    Environment,
    Runtime,
    SimulationPlan,
    Tally,
    ToolSpec,
    audit_by_calls,
    audit_page,
    builtin_folders,
    load_folder,
    wilson_lower,
)
from toolworld.environments.audit.reliability.values import forbidden, value_of
from toolworld.environments.state.schema import CollectionSchema, StateDocument, StateSchema
from toolworld.ground import JsonObject, JsonSchema, Schema

BUILTIN = tuple(builtin_folders())


def runtime_of(environment: Environment) -> Runtime:
    return Runtime(environment, simulation=SimulationPlan(trusted=True))


@pytest.mark.parametrize("name", BUILTIN)
async def test_the_built_in_environments_hold(name: str) -> None:
    reports = await audit_by_calls(runtime_of(load_folder(builtin_folders()[name])))
    assert [one for report in reports for one in report.evidence] == []
    assert all(report.is_answered for report in reports)
    assert min(report.reliability for report in reports) > 0.5
    assert sum(len(report.reached) for report in reports) > sum(len(report.not_reached) for report in reports) / 2


class _Changed(ast.NodeTransformer):
    """A program with one kind of defect wherever it fits."""

    def __init__(self, kind: str, environment: Environment) -> None:
        self.kind = kind
        self.readers = {one.function_name for one in environment.tools if one.effect == "read"}
        self.codes = {one.function_name: [each.code for each in one.errors] for one in environment.tools}
        self.within: list[str] = []
        self.places = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.within = self.codes.get(node.name, [])
        self.generic_visit(node)
        if self.kind == "a reader that writes" and node.name in self.readers:
            self.places += 1
            node.body.insert(0, ast.parse('new_id("x")\nfor one in _WRITES:\n    set(one, 0)').body[1])
        if self.kind == "a result that is none" and node.name in self.readers:
            self.places += 1
            node.body = [ast.parse("return None").body[0]]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name):
            return node
        if self.kind == "a refusal for another reason" and node.func.id == "fail":
            code = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            others = sorted((one for one in self.within if one != code), key=lambda one: one.endswith("ed"))
            node.args[0] = ast.Constant(others[-1]) if others else node.args[0]
            self.places += bool(others)
            return node
        change = _CHANGES.get((self.kind, node.func.id))
        made = change(node) if change is not None else None
        self.places += made is not None
        return made or node


def _expression(text: str, **parts: ast.expr) -> ast.expr:
    """An expression in which names stand for parts of a program."""

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return parts.get(node.id, node)

    return Filled().visit(ast.parse(text, mode="eval").body)


def _other_code(node: ast.Call) -> ast.AST:
    node.args[0] = ast.Constant("something_else")
    return node


def _other_value(node: ast.Call) -> ast.AST:
    wrong = 'dict([(k, "other" if isinstance(v, str) and k in _GIVEN else v) for k, v in ARG.items()])'
    node.args[-1] = _expression(wrong, ARG=node.args[-1])
    return node


def _other_record(node: ast.Call) -> ast.AST | None:
    return _expression("[one for one in rows(NAME)][0]", NAME=node.args[0]) if len(node.args) == 2 else None


def _other_key(node: ast.Call) -> ast.AST | None:
    node.args[1] = _expression("rows(NAME)[-1][_KEYS[NAME]]", NAME=node.args[0])
    return node


_CHANGES: dict[tuple[str, str], Callable[[ast.Call], ast.AST | None]] = {
    ("a refusal that is left out", "fail"): lambda _: ast.Constant(None),
    ("an error that is not documented", "fail"): _other_code,
    ("a change that is not written", "update"): lambda _: _expression("{}"),
    ("a record that is not made", "insert"): lambda node: node.args[1],
    ("a value that is written otherwise", "insert"): _other_value,
    ("a value that is written otherwise", "update"): _other_value,
    ("a reader of another record", "get"): _other_record,
    ("a filter that is left out", "find"): lambda node: _expression("rows(NAME)", NAME=node.args[0]),
    ("a change of another record", "update"): _other_key,
}


KINDS = (
    "a refusal that is left out",
    "an error that is not documented",
    "a refusal for another reason",
    "a change that is not written",
    "a change of another record",
    "a record that is not made",
    "a value that is written otherwise",
    "a reader of another record",
    "a reader that writes",
    "a result that is none",
    "a filter that is left out",
)


def with_defect(environment: Environment, kind: str) -> tuple[Environment, int]:
    tree = ast.parse(environment.behaviour or "")
    change = _Changed(kind, environment)
    changed = ast.fix_missing_locations(change.visit(tree))
    given = sorted({name for tool in environment.tools for name in tool.parameters})
    singletons = list(environment.state_schema.singletons)
    keys = environment.state_schema.key_fields
    head = f"_GIVEN = {given!r}\n_WRITES = {singletons!r}\n_KEYS = {dict(keys)!r}\n"
    return environment.replaced(behaviour=head + ast.unparse(changed)), change.places


MISSED = {
    ("library", "a record that is not made"),
    ("hotel", "a refusal for another reason"),
    ("clinic", "a filter that is left out"),
}
"""Too few calls of the tools that make records succeed there; refusals that are not about keys; lists that do not
show whose their records are."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["library", "clinic", "helpdesk", "bank_cards", "hotel"])
async def test_planted_defects_are_found(name: str, kind: str) -> None:
    environment, places = with_defect(load_folder(builtin_folders()[name]), kind)
    assert places > 0
    reports = await audit_by_calls(runtime_of(environment))
    assert bool([one for report in reports for one in report.evidence]) == ((name, kind) not in MISSED)


def test_two_processes_make_the_same_report() -> None:
    program = (
        "import anyio\nfrom toolworld.environments import *\n"
        "found = load_folder(builtin_folders()['clinic'])\n"
        "for one in anyio.run(audit_by_calls, Runtime(found)):\n    print(one.model_dump_json())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert said != {b""}


@pytest.mark.parametrize(("held", "of", "expected"), [(0, 0, 0), (12, 12, 0.7575), (50, 100, 0.4038), (0, 10, 0)])
def test_the_lower_bound_is_wilsons(held: int, of: int, expected: float) -> None:
    assert wilson_lower(held, of) == pytest.approx(expected, abs=1e-4)
    assert Tally(held=held, of=of).lower == wilson_lower(held, of)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 3, "maximum": 4},
        {"type": "string", "format": "date"},
        {"type": "string", "minLength": 30},
        {"type": "array", "items": {"type": "string", "enum": ["a"]}, "minItems": 2},
        {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]},
        {"enum": ["one", "two"]},
        {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    ],
)
def test_values_are_allowed_by_their_schema(schema: JsonSchema) -> None:
    import random

    value = value_of(schema, random.Random(1), "2026-01-05")
    assert Schema(schema, "it").error_in(value) is None


def test_forbidden_arguments_are_forbidden() -> None:
    schema: JsonSchema = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "kind": {"type": "string", "enum": ["a"]}, "tags": {"type": "array"}},
        "required": ["id"],
        "additionalProperties": False,
    }
    check = Schema(schema, "it")
    made = list(forbidden(schema, {"id": "1", "kind": "a", "tags": []}))
    assert len(made) == 6
    assert all(check.error_in(one) is not None for one in made)


async def test_the_page_tells_people_what_broke_and_lets_no_text_out_of_its_marks() -> None:
    environment, _ = with_defect(load_folder(builtin_folders()["library"]), "an error that is not documented")
    page = audit_page(await audit_by_calls(runtime_of(environment)))
    assert "a refusal has a code that the tool documents" in page
    assert "something_else is not among its errors" in page
    assert "Nothing was found." in audit_page(())


PROGRAM = """
def add_bike(bike_id, phone):
    if get("bikes", bike_id) is not None:
        fail("there_already", "There is one.")
    return shown(insert("bikes", {"bike_id": bike_id, "phone": phone}))


def shown(bike):
    return {"bike_id": bike["bike_id"], "phone": "***" + bike["phone"][-2:]}


def get_bike(bike_id):
    bike = get("bikes", bike_id)
    if bike is None:
        fail("not_there", "There is none.")
    return shown(bike)


def list_rides(bike_id):
    return {"bike_id": bike_id, "rides": []}
"""


def bike_tool(name: str, effect: Literal["read", "write"], *errors: str, **parameters: JsonSchema) -> ToolSpec:
    return ToolSpec(
        name=name,
        description=name,
        input_schema={
            "type": "object",
            "properties": {**parameters},
            "required": [*parameters],
            "additionalProperties": False,
        },
        output_schema={"type": "object"},
        effect=effect,
        errors=tuple(DocumentedError(code=one, when=one) for one in errors),
    )


async def test_sound_tools_that_mask_echo_or_take_keys_from_the_caller_raise_no_alarm() -> None:
    text: JsonSchema = {"type": ["string", "array"]}
    phone: JsonSchema = {"type": "string", "pattern": "(\\\\w+)+!|[0-9]{8}"}
    library = load_folder(builtin_folders()["library"])
    tools = (
        bike_tool("add_bike", "write", "there_already", bike_id={"type": "string"}, phone=phone),
        bike_tool("get_bike", "read", "not_there", bike_id={"type": "string"}),
        bike_tool("list_rides", "read", bike_id=text),
    )
    records: tuple[JsonObject, ...] = tuple(
        {"bike_id": f"B{number}", "phone": f"1234567{number}"} for number in range(4)
    )
    environment = library.replaced(
        tools=tools,
        rules=(),
        state_schema=StateSchema(collections={"bikes": CollectionSchema(key="bike_id", record={"type": "object"})}),
        initial_state=StateDocument(collections={"bikes": records}),
        behaviour=PROGRAM,
    )
    reports = await audit_by_calls(runtime_of(environment))
    assert [one for report in reports for one in report.evidence] == []


def test_what_schemas_ask_for_without_bound_is_bounded() -> None:
    import random

    wide = value_of(
        {"type": "array", "items": {"type": "string"}, "minItems": 3_000_000}, random.Random(1), "2026-01-05"
    )
    assert isinstance(wide, list)
    assert len(wide) <= 50
    long = value_of({"type": "string", "minLength": 3_000_000}, random.Random(1), "2026-01-05")
    assert len(str(long)) <= 2_000


KEYS_PROGRAM = """
def lend(thing, note):
    bike = get("bikes", thing)
    if bike is None:
        fail("not_there", "There is no bike " + thing + ".")
    return update("bikes", thing, {"phone": note})


def greet(thing):
    return {"said": "Good day, " + thing}
"""


async def test_which_parameters_hold_keys_is_found_out_from_refusals() -> None:
    text: JsonSchema = {"type": "string"}
    environment = load_folder(builtin_folders()["library"]).replaced(
        tools=(bike_tool("lend", "write", "not_there", thing=text, note=text), bike_tool("greet", "read", thing=text)),
        rules=(),
        state_schema=StateSchema(
            collections={
                "bikes": CollectionSchema(key="bike_id", record={"type": "object"}),
                "accounts": CollectionSchema(key="account_id", record={"type": "object"}),
            }
        ),
        initial_state=StateDocument(
            collections={
                "bikes": tuple({"bike_id": f"B{number}", "phone": "1"} for number in range(4)),
                "accounts": ({"account_id": "A1"},),
            }
        ),
        behaviour=KEYS_PROGRAM,
    )
    lend, greet = await audit_by_calls(runtime_of(environment))
    assert lend.succeeded > 0 and lend.evidence == ()
    assert lend.properties["unknown_key_refused"].of > 0  # the key is known to be one, and another one is refused
    assert "unknown_key_refused" not in greet.properties  # it takes any text, and no refusal says otherwise
