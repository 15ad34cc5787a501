"""SynthTools rows become environments with a task, and come back as the rows they were."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from toolworld.datasets import TaskSuite, from_synthtools, to_synthtools
from toolworld.environments import Call, Runtime, SynthToolsRow, audit, read_synthtools
from toolworld.environments.importers.synthtools_row import call_from_text, call_to_text
from toolworld.ground import RecordError

ROW: dict[str, Any] = {
    "id": "libraries_spec_004_seq2",
    "field": "Libraries",
    "summary": "Renew Ana's overdue atlas and tell her the fee.",
    "tools": [
        {
            "tool_name": "Loan Renewer",
            "tool_description": "Renews a loan.",
            "parameters": {
                "loan_id": {"type": "string", "required": True, "description": "The loan"},
                "weeks": {"type": "integer", "required": False, "default": 3},
            },
            "error_messages": ["Unknown loan."],
            "output_details": {"fee": {"type": "number", "description": "Pounds"}},
        }
    ],
    "gt_tool_calls": ["Loan_Renewer(loan_id='L7', weeks=3)"],
    "initial_state": {
        "loans": {"L7": {"loan_id": "L7", "due": "2025-01-02"}, "L8": {"loan_id": "L8", "due": "2025-02-02"}},
        "fees": {"per_day": 0.5},
    },
    "final_state": {
        "loans": {"L7": {"loan_id": "L7", "due": "2025-01-23"}, "L8": {"loan_id": "L8", "due": "2025-02-02"}},
        "fees": {"per_day": 0.5},
    },
}


def test_a_row_becomes_an_environment_and_a_task() -> None:
    environment, task = from_synthtools(SynthToolsRow.model_validate(ROW))
    assert [tool.name for tool in environment.tools] == ["Loan_Renewer"]
    assert environment.tools[0].required == {"loan_id"}
    assert list(environment.state_schema.collections) == ["loans"]
    assert list(environment.state_schema.singletons) == ["fees"]
    assert [found.severity for found in audit(environment)] == ["warning"]
    assert [(op.op, getattr(op, "fields", None)) for op in task.truth.changes] == [("update", {"due": "2025-01-23"})]
    assert task.calls[0].call == Call(name="Loan_Renewer", arguments={"loan_id": "L7", "weeks": 3})


def test_a_row_comes_back_with_everything_that_counts() -> None:
    environment, task = from_synthtools(SynthToolsRow.model_validate(ROW))
    back = to_synthtools(task, Runtime(environment)).model_dump()
    for field in ("id", "field", "summary", "initial_state", "final_state"):
        assert back[field] == ROW[field]
    assert list(back["gt_tool_calls"]) == ROW["gt_tool_calls"]
    assert back["tools"][0]["parameters"]["weeks"]["default"] == 3
    assert list(back["tools"][0]["error_messages"]) == ROW["tools"][0]["error_messages"]


def test_states_may_be_missing_or_free_form() -> None:
    odd = {"notes": ["a", {"b": [1]}], "count": 3, "mixed": {"k": {"id": "other"}}, "empty": {}}
    for before, after in ((None, None), (odd, {**odd, "count": 4}), (odd, {"new": 1}), (None, odd)):
        row = SynthToolsRow.model_validate({**ROW, "initial_state": before, "final_state": after})
        environment, task = from_synthtools(row)
        back = to_synthtools(task, Runtime(environment))
        wanted = {} if after is None else {name: after.get(name) for name in {**(before or {}), **after}}
        assert back.final_state == wanted
        assert bool(task.truth.changes) == ((before or {}) != (after or before or {}))


async def test_every_task_of_the_library_survives_the_way_out_and_back(library_suite: TaskSuite) -> None:
    for task in library_suite.tasks:
        row = to_synthtools(task, library_suite.runtime_of(task))
        _, again = from_synthtools(SynthToolsRow.model_validate_json(row.json_bytes()))
        assert again.truth.digest == task.truth.digest
        assert again.truth.changes == task.truth.changes
        assert [reference.call for reference in again.calls] == [reference.call for reference in task.calls]


def test_of_rows_with_the_same_id_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "task_content.jsonl"
    path.write_bytes(b"".join(orjson.dumps({**ROW, "summary": text}) + b"\n" for text in ("old", "new")))
    assert {name: row.summary for name, row in read_synthtools(path).items()} == {ROW["id"]: "new"}


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("T()", {}),
        ("T(a='x', b=[1, 2.5], c={'d': None})", {"a": "x", "b": [1, 2.5], "c": {"d": None}}),
        ("T(a=true, b=null, c=-1)", {"a": True, "b": None, "c": -1}),
        ('T(a="it\'s")', {"a": "it's"}),
        ("T(a=[true, {'b': null}], c=-1.5)", {"a": [True, {"b": None}], "c": -1.5}),
        ("T(x=1, **{'from': 'A', 'b-c': [2]})", {"x": 1, "from": "A", "b-c": [2]}),
    ],
)
def test_calls_are_read_as_python_or_json_writes_them(text: str, arguments: dict[str, Any]) -> None:
    call = call_from_text(text, "here")
    assert call == Call(name="T", arguments=arguments)
    assert call_from_text(call_to_text(call), "here") == call


def test_tool_names_with_hyphens_are_calls_too() -> None:
    call = Call(name="get-x", arguments={"a": 1})
    assert call_from_text(call_to_text(call), "here") == call


def test_names_that_cannot_be_made_valid_are_refused_in_a_sentence() -> None:
    with pytest.raises(RecordError, match="row 日本: `id`: "):
        from_synthtools(SynthToolsRow.model_validate({**ROW, "id": "日本"}))
    clash = [{**ROW["tools"][0], "tool_name": name} for name in ("A b", "A_b")]
    with pytest.raises(RecordError, match="two tools are called A_b"):
        from_synthtools(SynthToolsRow.model_validate({**ROW, "tools": clash}))


@pytest.mark.parametrize(
    "text",
    [
        "T(a=(1,2))",
        "T(a={1,2})",
        "T(a={[]:1})",
        "T(a=b'x')",
        "T(**5)",
        "T",
        "T(1)",
        "T(a=b)",
        "T(a=open('x'))",
        "a.b()",
        "T(a=1",
        "T(**x)",
    ],
)
def test_what_is_no_call_is_refused_and_never_run(text: str) -> None:
    with pytest.raises(RecordError, match=r"row 9: .* is not of the form"):
        call_from_text(text, "row 9")
