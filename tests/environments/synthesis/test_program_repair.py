"""Programs of unreliable tools that a model writes anew: kept only if the audit then finds nothing of them."""

import ast

import pytest

from toolworld.environments import (
    Environment,
    RepairResult,
    Runtime,
    SimulationPlan,
    ToolReport,
    ToolSpec,
    audit_by_calls,
    builtin_folders,
    load_folder,
    repair_programs,
    to_repair,
)
from toolworld.environments.state.schema import CollectionSchema, StateDocument, StateSchema
from toolworld.environments.synthesis.program_repair import without_function
from toolworld.ground import JsonObject, JsonSchema, JsonValue, SpecError
from toolworld.llm import ScriptedModel

BELOW = 0.6
LIBRARY = load_folder(builtin_folders()["library"])


def source_of(name: str) -> str:
    source = LIBRARY.behaviour or ""
    found = next(one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef) and one.name == name)
    return ast.get_source_segment(source, found) or ""


RIGHT = source_of("list_charges")
WRONG = 'def list_charges(patron_id):\n    return {"charges": find("charges", {}), "balance": 0}\n'


@pytest.fixture
def spoilt() -> Environment:
    return LIBRARY.replaced(behaviour="LIMIT = 14\n\n\n" + (LIBRARY.behaviour or "").replace(RIGHT, WRONG))


async def reports_of(environment: Environment) -> tuple[ToolReport, ...]:
    return await audit_by_calls(Runtime(environment, simulation=SimulationPlan(trusted=True)))


async def repaired(
    environment: Environment, *answers: JsonValue, below: float = BELOW
) -> tuple[Environment, RepairResult, ScriptedModel]:
    model = ScriptedModel([{"program": one} for one in answers])
    made, results = await repair_programs(environment, await reports_of(environment), model, below=below)
    [result] = results
    return made, result, model


async def test_a_program_of_which_the_audit_finds_nothing_more_is_kept(spoilt: Environment) -> None:
    made, result, model = await repaired(spoilt, RIGHT)
    assert (result.tool, result.kept, result.attempts, result.why) == ("list_charges", True, 1, None)
    assert result.before < BELOW <= result.after
    told = model.asked[0].messages[0].content or ""
    assert "unknown_key_refused: list_charges" in told and "no-such-key" in told and WRONG.strip() in told
    assert [one for one in await reports_of(made) if one.evidence] == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (WRONG, "unknown_key_refused"),
        ("def other():\n    return 1\n", "no function `list_charges`"),
        ("import os\ndef list_charges(patron_id):\n    return os.listdir()\n", "import"),
        (f"def renew_loan(loan_id):\n    return None\n\n\n{RIGHT}", "belongs to other tools"),
        ('def list_charges(patron_id):\n    fail("patron_not_found", "no")\n', "none of its calls succeeded"),
        ("def list_charges(patron_id", "never closed"),
        (f"LIMIT = 1\n\n\n{RIGHT}", "the program defines `LIMIT`"),
    ],
)
async def test_a_program_that_cannot_be_kept_goes_back_with_the_reason(
    spoilt: Environment, answer: str, why: str
) -> None:
    made, result, model = await repaired(spoilt, answer, RIGHT)
    assert (result.kept, result.attempts) == (True, 2)
    assert why in (model.asked[1].messages[-1].content or "")
    assert made.behaviour != spoilt.behaviour


def test_a_function_is_taken_out_with_its_own_helpers_whatever_stands_in_texts() -> None:
    functions = ("_lend_far():\n    return 1", "lend():\n    return _lend_far()", "keep():\n    return 2")
    source = "\n\n\n".join(['SAID = "one\u2028two"', *(f"def {one}" for one in functions), ""])
    left = without_function(LIBRARY.replaced(behaviour=source), "lend").behaviour or ""
    assert "lend" not in left and "def keep():\n    return 2\n" in left and "one\u2028two" in left


async def test_a_reliable_tool_and_one_of_which_nothing_was_found_are_left_alone() -> None:
    reports = await audit_by_calls(Runtime(LIBRARY, simulation=SimulationPlan(trusted=True)), calls=3)
    assert all(one.reliability < 1 for one in reports) and to_repair(reports, 1.0) == []


async def test_after_three_programs_the_tool_stays_as_it_was(spoilt: Environment) -> None:
    made, result, _ = await repaired(spoilt, WRONG, WRONG, WRONG)
    assert (made, result.kept, result.attempts, result.after) == (spoilt, False, 3, result.before)
    assert "list_charges" in (result.why or "")


PARCELS = """
def add_parcel(sender):
    return {"parcel_id": "none"}


def mean_weight():
    return {"mean": sum([1 / one["weight"] for one in rows("parcels")])}
"""


def parcels() -> Environment:
    none: JsonSchema = {"type": "object", "properties": {}, "additionalProperties": False}
    sender: JsonSchema = {**none, "properties": {"sender": {"type": "string"}}, "required": ["sender"]}
    fields: JsonObject = {"parcel_id": {"type": "string"}, "sender": {"type": "string"}, "weight": {"type": "integer"}}
    return LIBRARY.replaced(
        id="parcels",
        rules=(),
        tools=(
            ToolSpec(name="add_parcel", description="Add a parcel.", effect="write", input_schema=sender),
            ToolSpec(name="mean_weight", description="The mean weight.", effect="read", input_schema=none),
        ),
        state_schema=StateSchema(
            collections={"parcels": CollectionSchema(key="parcel_id", record={"type": "object", "properties": fields})}
        ),
        initial_state=StateDocument(collections={"parcels": ({"parcel_id": "P1", "sender": "Ada", "weight": 2},)}),
        behaviour=PARCELS,
    )


async def test_a_program_that_spoils_another_tool_goes_back() -> None:
    adding = 'def add_parcel(sender):\n    return insert("parcels", {"parcel_id": new_id("P"), "sender": sender, %s})\n'
    made, result, model = await repaired(parcels(), adding % '"weight": 0', adding % '"weight": 1', below=0.5)
    assert (result.tool, result.kept, result.attempts) == ("add_parcel", True, 2)
    assert "valid_result: mean_weight" in (model.asked[1].messages[-1].content or "")
    assert '"weight": 1' in (made.behaviour or "")


async def test_a_tool_without_a_program_gets_one() -> None:
    [tool] = [one for one in LIBRARY.tools if one.name == "list_charges"]
    without = without_function(LIBRARY, tool.function_name)
    assert RIGHT not in (without.behaviour or "")
    made, result, model = await repaired(without, RIGHT)
    assert (result.kept, result.before) == (True, 0.0)
    assert "there is no function of this tool yet" in (model.asked[0].messages[0].content or "")
    assert [one.tool for one in await reports_of(made) if one.evidence or not one.is_answered] == []


async def test_a_report_of_another_environment_is_refused(spoilt: Environment) -> None:
    [found] = [one for one in await reports_of(spoilt) if one.evidence]
    reports = [found.model_copy(update={"tool": "book_appointment"})]
    with pytest.raises(SpecError, match="not of this environment"):
        await repair_programs(spoilt, reports, ScriptedModel([]), below=1.0)
