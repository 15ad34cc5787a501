"""ToolBench in both spellings, BFCL's function documents, and SynthTools' tools, each written from its format."""

import json
from pathlib import Path

import pytest

from toolworld.environments.importers.bfcl import import_bfcl
from toolworld.environments.importers.synthtools_tools import import_synthtools_tools
from toolworld.environments.importers.toolbench import import_toolbench
from toolworld.ground import UsageError

API = {
    "category_name": "Logistics",
    "tool_name": "Parcels",
    "api_name": "Get Parcel",
    "api_description": "Get a parcel",
    "required_parameters": [{"name": "parcel id", "type": "STRING", "default": "P-1", "description": ""}],
    "optional_parameters": [{"name": "limit", "type": "NUMBER", "default": "many"}, {"type": "STRING"}],
    "method": "GET",
    "template_response": {"parcel": {"id": "str", "weight": "float"}},
}


def test_toolbench_queries_give_a_toolset_a_tool_and_each_api_once(tmp_path: Path) -> None:
    (tmp_path / "G1_query.json").write_text(
        json.dumps([{"api_list": [API, API]}, {"api_list": [API | {"api_name": "B"}]}])
    )
    (tmp_path / "empty.json").write_text("{}")
    found = list(import_toolbench(tmp_path))
    assert [one.toolset.id if one.toolset else None for one in found] == [None, "logistics-parcels", None]
    toolset = found[1].toolset
    assert toolset is not None and [one.name for one in toolset.operations] == ["get_parcel", "B"]
    parcel_id, limit = toolset.operations[0].parameters
    assert (parcel_id.name, parcel_id.original, parcel_id.required) == ("parcel_id", "parcel id", True)
    assert parcel_id.schema == {"type": "string", "examples": ["P-1"]} and limit.schema == {"type": "number"}
    [again] = found[2].items
    assert again.outcome == "refused" and again.item == "G1_query.json#0.1"


def test_toolbench_tools_in_files_of_their_own_come_in_as_well(tmp_path: Path) -> None:
    (tmp_path / "Food").mkdir()
    tool = {"tool_name": "Recipes", "api_list": [{"name": "Search", "description": "Search recipes", "method": "GET"}]}
    (tmp_path / "Food" / "recipes.json").write_text(json.dumps(tool))
    [found] = import_toolbench(tmp_path)
    assert found.toolset is not None
    assert (found.toolset.domain, found.toolset.title) == ("Food", "Recipes")
    assert [one.name for one in found.toolset.operations] == ["Search"]


def test_bfcl_documents_come_with_the_configurations_of_their_tasks(tmp_path: Path) -> None:
    (tmp_path / "multi_turn_func_doc").mkdir()
    function = {
        "name": "close_ticket",
        "description": "This tool belongs to the ticketing system. Tool description: Close a ticket.",
        "parameters": {
            "type": "dict",
            "properties": {"ticket_id": {"type": "integer"}, "note": {"type": "string", "default": "None"}},
            "required": ["ticket_id"],
        },
        "response": {"type": "dict", "properties": {"status": {"type": "string"}}},
    }
    lines = [json.dumps(function), json.dumps({"description": "no name"}), ""]
    (tmp_path / "multi_turn_func_doc" / "ticket_api.json").write_text("\n".join(lines))
    task = {"id": "t", "initial_config": {"TicketAPI": {"ticket_queue": [{"id": 1}]}, "MathAPI": {}}}
    (tmp_path / "BFCL_v4_multi_turn_base.json").write_text(json.dumps(task) + "\n")
    [found] = import_bfcl(tmp_path)
    assert found.toolset is not None
    [operation] = found.toolset.operations
    assert (operation.description, found.toolset.title) == ("Close a ticket.", "TicketAPI")
    assert operation.response["type"] == "object" and "default" not in operation.parameters[1].schema
    assert found.toolset.states == ({"ticket_queue": [{"id": 1}]},)
    assert [one.outcome for one in found.items] == ["imported", "refused"]


def test_a_folder_without_function_documents_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="multi_turn_func_doc"):
        list(import_bfcl(tmp_path))


TOOL = {
    "tool_name": "Shelf Locator",
    "tool_description": "Finds the shelf of a book.",
    "parameters": {
        "isbn": {"type": "string", "required": True, "description": "13 digits"},
        "branch": {"type": "string", "required": False, "description": "Branch code", "default": "main"},
    },
    "error_messages": ["Unknown ISBN: check the digits."],
    "usage": "Give isbn; branch is optional.",
    "output_details": {"shelf": {"type": "string", "description": "Shelf code"}},
}


def test_synthtools_tools_specifications_and_states_become_one_toolset(tmp_path: Path) -> None:
    (tmp_path / "libraries_tool_spec_4__Shelf_Locator.json").write_text(json.dumps(TOOL))
    block = json.dumps(TOOL | {"tool_name": "Loan Renewer"})
    text = f"tool_description: |\n  Two tools.\n  ```json\n  {block}\n  ```\n  ```json\n  {{broken\n  ```\n"
    (tmp_path / "libraries_tool_spec_4.yml").write_text(f"field_name: Libraries\ntask: Lend books\n{text}")
    state = "metadata:\n  field_name: Libraries\nstate:\n  loans:\n    L7: {due: x}\ntasks: []\n"
    (tmp_path / "libraries_tool_spec_4.environment.yml").write_text(state)
    [found] = import_synthtools_tools(tmp_path)
    assert found.toolset is not None
    assert (found.toolset.title, found.toolset.domain) == ("Lend books", "Libraries")
    assert {one.name for one in found.toolset.operations} == {"shelf_locator", "loan_renewer"}
    assert found.toolset.states == ({"loans": {"L7": {"due": "x"}}},)
    locator = next(one for one in found.toolset.operations if one.name == "shelf_locator")
    assert [one.required for one in locator.parameters] == [True, False]
    assert locator.errors[0].when == "Unknown ISBN: check the digits."
    assert [one.outcome for one in found.items].count("refused") == 1


def test_a_file_with_nothing_but_a_task_is_neither_a_tool_nor_refused(tmp_path: Path) -> None:
    (tmp_path / "libraries_tool_spec_4__Shelf_Locator.json").write_text(json.dumps(TOOL))
    (tmp_path / "libraries_tool_spec_4__task_1.yml").write_text(
        "task_data: {task: Find it, task_validity: valid}\ntools_data: []\n"
    )
    [found] = import_synthtools_tools(tmp_path)
    assert [one.outcome for one in found.items] == ["imported"]
