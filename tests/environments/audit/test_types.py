"""Types: stubs follow the state schema, and `ty` finds what they forbid and nothing in sound programs."""

import ast
import tempfile
from pathlib import Path
from typing import Any

import pytest

from toolworld.environments import Environment, audit, load_environments, load_folder
from toolworld.environments.audit import types
from toolworld.environments.audit.stubs import stub_text, typed_source

PERMITS = Path(__file__).parents[2] / "support" / "permits"


@pytest.fixture
def permits() -> Environment:
    return load_folder(PERMITS)


def warnings_with(environment: Environment, old: str, new: str) -> list[str]:
    """What the audit warns of where a text of the program is replaced."""
    program = environment.behaviour or ""
    assert program.count(old) == 1
    found = audit(environment.replaced(behaviour=program.replace(old, new)))
    assert all(finding.severity == "warning" for finding in found), found
    return [f"{finding.where} {finding.message}" for finding in found]


def test_sound_programs_have_no_type_errors(permits: Environment) -> None:
    for environment in [permits, *load_environments(["library", "clinic", "hotel"])]:
        source = environment.behaviour or ""
        ast.parse(typed_source(environment, source, ast.parse(source)))
        assert types.type_findings(environment, source, ast.parse(source), ()) == []
        wrong = f"{source}\n\ndef wrong():\n    return 'a' + 5\n"
        assert len(types.type_findings(environment, wrong, ast.parse(wrong), ())) == 1


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        (
            "f\"The permit is {permit['status']}.\")\n    left",
            '"The permit " + 5)\n    left',
            "80",
            "Operator `+` is not",
        ),
        ("30 * months)", "str(30 * months))", "70", "Argument to function `add_days` is incorrect"),
        ('"name": resident["surname"]', '"name": resident["surnme"]', "71", "surnme"),
        ('permit["until"])\n', 'permit["holder"])\n', "81", "Argument to function `days_between`"),
    ],
)
def test_a_type_error_is_a_warning_with_its_line(
    permits: Environment, old: str, new: str, where: str, message: str
) -> None:
    found = warnings_with(permits, old, new)
    assert any(one.startswith(f"behaviour.py:{where}:") and message in one for one in found), found


def test_a_record_by_an_agents_key_may_not_be_there_and_one_that_is_referred_to_is(permits: Environment) -> None:
    tool = 'zone = get("zones", permit["zone"])'  # a reference: it is there
    assert warnings_with(permits, tool, tool) == []
    unchecked = '    if zone is None:\n        fail("zone_not_found", f"There is no zone {zone_id}.")\n'
    found = warnings_with(permits, unchecked, '    fail_later = zone["name"]\n    fail_later = fail_later\n')
    assert any("behaviour.py:53" in one and "None" in one for one in found), found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('[permit["permit_id"] for', '[permit["permitid"] for', '28:67 Unknown key "permitid"'),
        ('if p["status"] ==', 'if p["staus"] ==', '55:65 Unknown key "staus"'),
        (
            'f"There is no zone {zone_id}."',
            '"There is no zone {zone_id}."',
            "54:32 `{zone_id}` is written out as it is",
        ),
        ("months=1", "months=2", "50 `months` is 2 by default here, and 1 in the input schema"),
        (
            "    office = get",
            "    if kind == 'visitr':\n        return None\n    office = get",
            "58:16 `kind` can never be 'visitr'; did you mean `visitor`?",
        ),
    ],
)
def test_more_that_newcomers_did_is_named_with_its_place(permits: Environment, old: str, new: str, said: str) -> None:
    found = warnings_with(permits, old, new)
    assert any(one.startswith(f"behaviour.py:{said}") for one in found), found


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("holder.residentid", "there is no `residentid`; there are: resident_id, name"),
        ("lines.zone_id", "`lines` is a list; write `lines.*.zone_id`"),
    ],
)
def test_a_reference_that_leads_nowhere_is_an_error(permits: Environment, path: str, said: str) -> None:
    raw = permits.state_schema.model_dump()
    permit = raw["collections"]["permits"]
    line: dict[str, Any] = {"type": "object", "properties": {"zone_id": {"type": "string"}}}
    permit["record"]["properties"]["lines"] = {"type": "array", "items": line}
    permit["references"] = {"zone": "zones", "lines.*.zone_id": "zones"}
    assert audit(permits.replaced(state_schema=raw, behaviour=None))[1:] == []
    permit["references"][path] = "residents"
    [error, *_] = audit(permits.replaced(state_schema=raw, behaviour=None))
    assert error.severity == "error" and said in error.message


def test_errors_of_the_state_name_its_file(permits: Environment) -> None:
    raw = permits.initial_state.model_dump()
    raw["collections"]["permits"][0]["zone"] = "Z9"
    [error] = audit(permits.replaced(initial_state=raw))
    assert (error.where, error.message[:14]) == ("state.json", "record 'P100' ")


def test_without_the_checker_nothing_is_said(permits: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "has_type_checker", lambda: False)
    assert warnings_with(permits, "30 * months)", "str(30 * months))") == []


def test_a_checker_that_breaks_or_hangs_is_told(permits: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "MAX_SECONDS", 0.0001)
    [told] = warnings_with(permits, "30 * months)", "str(30 * months))")
    assert told.endswith("types were not checked: ty gave no answer in 0.0001 seconds")


def test_the_checker_takes_no_settings_of_anybody(
    permits: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ty.toml").write_text("[rules]\nall = 'ignore'\n")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "gone"))
    monkeypatch.setenv("TY_CONFIG_FILE", str(tmp_path / "gone.toml"))
    assert len(warnings_with(permits, "30 * months)", "str(30 * months))")) == 1


ORDINARY = {
    "other ends of lines in a comment": ("ZONES_SHOWN = 5", "ZONES_SHOWN = 5  # a \x0c b \x1c c \x85 d \u2028 e"),
    "a comment for other checkers": ("ZONES_SHOWN = 5", "ZONES_SHOWN = 5  # type: ignore"),
    "a parameter that is assigned anew": (
        '    changed = update("permits", permit_id, {"plate"',
        '    plate = plate.split(" ")\n    plate = "".join(plate)\n    changed = update("permits", permit_id, {"plate"',
    ),
    "a record as a condition": (
        "    office = get",
        "    told = zone_id if resident else plate\n"
        '    if not told:\n        fail("zone_not_found", told)\n    office = get',
    ),
    "a list of several kinds": (
        "    office = get",
        "    extra = [plate] * 2\n    extra.append(months)\n    extra += [5, plate]\n"
        "    plate = str(extra)\n    office = get",
    ),
    "a dict with a field of a record's name": (
        "    office = get",
        '    report = {"n": 1}\n    report["status"] = "empty" if months else "full"\n'
        '    if report["status"] == "empty":\n        plate = "x"\n    office = get',
    ),
    "a helper that always fails": (
        '    if permit is None:\n        fail("permit_not_found", f"There is no permit {permit_id}.")\n',
        "    if permit is None:\n        _missing(permit_id)\n",
    ),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_programs_are_left_alone(permits: Environment, name: str) -> None:
    old, new = ORDINARY[name]
    failing = 'def _missing(permit_id):\n    fail("permit_not_found", f"There is no permit {permit_id}.")\n\n\n'
    program = permits.behaviour or ""
    assert program.count(old) == 1
    changed = program.replace(old, new).replace(
        "def _price", f"{failing}def _price" if "_missing" in new else "def _price"
    )
    assert audit(permits.replaced(behaviour=changed)) == []


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "str"),
        ({"type": ["integer", "null"]}, "int | Any"),
        ({"enum": ["a", "b"]}, "Literal['a', 'b']"),
        ({"enum": ["a", None]}, "Any"),
        ({"enum": [1.5]}, "Any"),
        ({"const": True}, "Literal[True]"),
        ({"type": "array", "items": {"type": "number"}}, "list[float]"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "object"}, "dict[str, Any]"),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "dict[str, bool]"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "str | int"),
        ({"$ref": "#/$defs/x"}, "Any"),
        ({}, "Any"),
    ],
)
def test_types_follow_schemas(permits: Environment, schema: dict[str, Any], kind: str) -> None:
    raw = permits.state_schema.model_dump()
    raw["singletons"]["office"] = schema
    changed = type(permits.state_schema).model_validate(raw)
    assert f"def get(name: Literal['office']) -> {kind}: ..." in stub_text(changed)
    ast.parse(stub_text(changed))


def test_names_that_python_does_not_have_and_deep_schemas_are_no_trouble(permits: Environment) -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(30):
        deep = {"type": "object", "properties": {"class": deep, "a b": {}}, "additionalProperties": False}
    raw = permits.state_schema.model_dump()
    raw["singletons"]["0-for if"] = {"type": "object", "properties": {"x'\"\\": deep}, "additionalProperties": False}
    text = stub_text(type(permits.state_schema).model_validate(raw))
    ast.parse(text)
    assert len(text) < 400_000


def test_parameters_get_the_types_of_their_tools_and_lines_stay_in_order(permits: Environment) -> None:
    source = (permits.behaviour or "").replace("def cancel_permit(permit_id)", "def cancel_permit(permit_id: str)")
    lines = typed_source(permits, source, ast.parse(source)).splitlines()
    assert "def issue_permit(resident_id: 'str', zone_id: 'str', plate: 'str', months: 'int'=1, kind: 'Any'=" in (
        " ".join(lines)
    )
    assert len(lines) == len(source.splitlines()) + 1
    assert lines[1:][source.splitlines().index("def cancel_permit(permit_id: str):")] == (
        "def cancel_permit(permit_id: str):"
    )


def test_comparisons_with_what_no_field_can_be_are_named(permits: Environment) -> None:
    found = warnings_with(permits, 'p["status"] == "active"', 'p["status"] == "aktive"')
    assert any("no record's `status` can be 'aktive'; did you mean `active`?" in one for one in found), found
    assert warnings_with(permits, 'p["status"] == "active"', 'p["plate"] == "aktive"') == []


def test_a_function_that_nothing_calls_is_named(permits: Environment) -> None:
    found = warnings_with(permits, "def list_zones", "def _fee(months):\n    return months\n\n\ndef list_zones")
    assert found == ["behaviour.py:43 `_fee` answers for no tool, and no tool's function calls it"]


def test_a_dict_of_the_programs_own_is_not_a_record(permits: Environment) -> None:
    head = "    permit = _permit(permit_id)\n    zone ="
    own = "    shown = {'status': 'paid'}\n    if shown['status'] == 'paid':\n        return shown\n"
    assert warnings_with(permits, head, own + head) == []
