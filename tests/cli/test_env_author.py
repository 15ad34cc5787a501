"""`env new`, `env call`, `env demo` and the played part of `env check`, as an author types them."""

import json
from pathlib import Path

import pytest
from tests.cli.test_commands import Shell

from toolworld.ground import Schema


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


@pytest.fixture
def workshop(shell: Shell) -> Path:
    assert shell.run("env", "new", "workshop").returncode == 0
    return shell.folder / "workshop"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_new_environment_can_be_called_checked_and_played(shell: Shell, workshop: Path) -> None:
    checked = shell.run("env", "check", "workshop")
    told = f"{workshop.name}: 0 errors, 0 warnings\n2 tasks played right, and 30 runs with mistakes; types checked\n"
    hint = "(policy_checks.json may state it, see docs/environments.md)"
    policy = f"policy, 5 sentences, held by: not stated 3, rule 2 {hint}\n"
    assert (checked.returncode, checked.stdout) == (0, policy + told)
    played = shell.run("env", "demo", "workshop")
    assert played.returncode == 0
    assert "2 of 2 right runs passed; 26 of 30 mutations caught, and 4 unclear" in played.stdout
    assert (shell.folder / "out" / "demo" / "trajectories.jsonl").exists()


def test_calls_follow_each_other_and_show_what_they_change(shell: Shell, workshop: Path) -> None:
    del workshop
    lend = ("lend_item", "member_id=M1", "item_id=I-drill")
    done = shell.run("env", "call", "workshop", *lend, "then", "find_member", "name=ada berger", "then", *lend)
    assert done.returncode == 1
    assert 'update {"collection":"items","key":"I-drill","fields":{"lent_to":"M1","due":"2026-03-16"}}' in done.stdout
    assert '"loans":["I-drill"]' in done.stdout
    assert "item_on_loan: Somebody has cordless drill until 2026-03-16." in done.stdout
    as_json = json.loads(shell.run("env", "call", "workshop", "--json", *lend).stdout)
    assert as_json[0]["ops"][0]["fields"]["lent_to"] == "M1"


def test_values_are_json_unless_the_tool_wants_a_text(shell: Shell) -> None:
    done = shell.run("env", "call", "library", "--json", "get_patron", "patron_id=5")
    assert json.loads(done.stdout)[0]["call"]["arguments"] == {"patron_id": "5"}
    listed = shell.run("env", "call", "library", "--json", "get_patron", "patron_id=[1]", "more=[1]")
    assert json.loads(listed.stdout)[0]["call"]["arguments"] == {"patron_id": "[1]", "more": [1]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fly"], "has no tool 'fly'; its tools: find_member"),
        (["find_member", "Ada"], "'Ada' is not written as NAME=VALUE; find_member takes name"),
        (["find_member", "name=Ada", "then"], "is empty"),
    ],
)
def test_a_call_that_is_none_is_refused(shell: Shell, workshop: Path, words: list[str], said: str) -> None:
    del workshop
    done = shell.run("env", "call", "workshop", *words)
    assert (done.returncode, said in done.stderr) == (2, True)


def test_a_program_that_breaks_shows_the_author_where(shell: Shell, workshop: Path) -> None:
    edit(workshop / "behaviour.py", 'item["lent_to"] is None', 'item["lend_to"] is None')
    done = shell.run("env", "call", "workshop", "return_item", "item_id=I-saw")
    assert done.returncode == 1 and "behaviour.py:27: KeyError: 'lend_to'" in done.stdout


PLANTED = {
    "a truth against its own policy": (
        "tasks.json",
        '{"name": "find_member", "arguments": {"name": "Tom Osei"}},\n      ',
        "",
        "error tasks: workshop/bring_the_saw_back: played as its calls say, it does not pass (policy:",
    ),
    "a fact that stands nowhere": (
        "tasks.json",
        '"facts": [{"duration": "P3D"}]',
        '"facts": ["3", "REF-99182"]',
        "no result and no record has the fact 'REF-99182'",
    ),
    "a task that asks for nothing": (
        "tasks.json",
        '"calls": [\n      {"name": "find_member", "arguments": {"name": "Tom Osei"}},\n      '
        '{"name": "return_item", "arguments": {"item_id": "I-saw"}}\n    ],\n    "facts": [{"duration": "P3D"}]',
        '"calls": []',
        "it has neither calls nor facts",
    ),
    "a rule about an argument that is none": (
        "environment.json",
        '"rules": [',
        '"rules": [{"kind": "never", "tool": "lend_item", "arguments": {"item": "I-saw"}, "why": "x"},',
        "lend_item has no parameter `item`, so the rule can never apply; it has: member_id, item_id",
    ),
    "a rule about a value that cannot be": (
        "environment.json",
        '"rules": [',
        '"rules": [{"kind": "never", "tool": "lend_item", "arguments": {"item_id": 5}, "why": "x"},',
        "`item_id` can never be 5, so the rule can never apply",
    ),
    "an error that is never raised": (
        "environment.json",
        '{"code": "item_on_loan", "when": "Somebody has the item."}',
        '{"code": "item_on_loan", "when": "Somebody has it."}, {"code": "closed", "when": "It is closed."}',
        "its error `closed` is documented and never raised",
    ),
    "a write that returns nothing": (
        "behaviour.py",
        '    return {"item_id": item_id, "days_late": max(0, days_between(item["due"], today()))}\n',
        "",
        "it returns nothing, so an agent does not learn what came of its call",
    ),
    "a misspelt path": (
        "behaviour.py",
        'find("items", {"lent_to"',
        'find("items", {"lend_to"',
        "find: a record of `items` has no field `lend_to`; did you mean `lent_to`?",
    ),
    "a misspelt collection": (
        "behaviour.py",
        'get("members", member_id)',
        'get("member", member_id)',
        "get: there is no collection `member`; did you mean `members`?",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_found(shell: Shell, workshop: Path, name: str) -> None:
    file, old, new, said = PLANTED[name]
    edit(workshop / file, old, new)
    checked = shell.run("env", "check", "workshop")
    assert said in checked.stdout.replace("\n", " "), checked.stdout


def test_choices_that_no_record_can_hold_are_named(shell: Shell, workshop: Path) -> None:
    spec = json.loads((workshop / "environment.json").read_text())
    record = spec["state_schema"]["collections"]["items"]["record"]
    record["properties"]["shelf"] = {"enum": ["a", "b", "c"]}
    spec["tools"][1]["input_schema"]["properties"]["shelf"] = {"enum": ["a", "b", "c", "z"]}
    (workshop / "environment.json").write_text(json.dumps(spec))
    edit(
        workshop / "behaviour.py", "def lend_item(member_id, item_id)", "def lend_item(member_id, item_id, shelf=None)"
    )
    assert "`shelf` can be 'z', which no record's `shelf` can" in shell.run("env", "check", "workshop").stdout


def test_a_mistake_that_nothing_catches_is_a_warning(shell: Shell, workshop: Path) -> None:
    spec = json.loads((workshop / "environment.json").read_text())
    spec["rules"] = spec["rules"][:1]
    (workshop / "environment.json").write_text(json.dumps(spec))
    tasks = json.loads((workshop / "tasks.json").read_text())
    tasks[0]["facts"] = []
    (workshop / "tasks.json").write_text(json.dumps(tasks))
    assert shell.run("env", "check", "workshop").returncode == 0


def test_the_schemas_of_the_files_hold_them_and_refuse_what_the_loader_refuses(shell: Shell, workshop: Path) -> None:
    for name in ("environment.json", "tasks.json"):
        printed = shell.run("env", "schema", name)
        schema = Schema(json.loads(printed.stdout), name)
        assert schema.error_in(json.loads((workshop / name).read_text())) is None
        assert shell.run("env", "schema", name, "--out", f"{name}.schema").returncode == 0
        assert json.loads((shell.folder / f"{name}.schema").read_text()) == json.loads(printed.stdout)
    spec = json.loads((workshop / "environment.json").read_text())
    spec_schema = Schema(json.loads(shell.run("env", "schema").stdout), "environment.json")
    assert spec_schema.error_in({**spec, "polcy": "x"}) is not None
    assert spec_schema.error_in({name: value for name, value in spec.items() if name != "tools"}) is not None
    refused = shell.run("env", "schema", "state.json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "there is no schema of 'state.json'; there are: environment.json, tasks.json" in refused.stderr


def test_a_specification_may_say_where_its_schema_is(shell: Shell, workshop: Path) -> None:
    edit(workshop / "environment.json", '{\n  "id"', '{\n  "$schema": "../environment.schema.json",\n  "id"')
    assert shell.run("env", "check", "workshop", "--no-play").returncode == 0


def test_a_fact_that_only_the_state_has_is_named(shell: Shell, workshop: Path) -> None:
    edit(workshop / "tasks.json", '"facts": [{"duration": "P3D"}]', '"facts": ["3", "2026-02-27"]')
    checked = shell.run("env", "check", "workshop")
    assert "no call of any task gives the fact '2026-02-27': can an agent find it out?" in checked.stdout
    edit(workshop / "tasks.json", '"facts": ["3", "2026-02-27"]', '"facts": ["3", "2019-01-01"]')
    checked = shell.run("env", "check", "workshop")
    assert "no result and no record has the fact '2019-01-01': is it worked out rightly?" in checked.stdout


def test_a_forbidden_call_that_can_never_be_made_is_an_error(shell: Shell, workshop: Path) -> None:
    wrong = '"facts": [{"duration": "P3D"}], "forbidden": [{"name": "lend_item", "arguments": {"item": "I-saw"}}]'
    edit(workshop / "tasks.json", '"facts": [{"duration": "P3D"}]', wrong)
    checked = shell.run("env", "check", "workshop")
    assert checked.returncode == 1
    assert "forbidden: lend_item has no parameter `item`, so the call can never be made" in checked.stdout
