import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from toolworld.environments import Environment, builtin_folders, load_environments, load_folder, save_folder, save_pack
from toolworld.ground import SpecError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(builtin_folders()["library"], tmp_path / "library")


def test_an_environment_survives_its_folder(tmp_path: Path, make_counters: Callable[..., Environment]) -> None:
    rules = [
        {"kind": "never", "tool": "remove", "why": "w"},
        {"kind": "before", "tools": ["add"], "first": ["show_count"], "why": "w"},
        {"kind": "confirm", "tools": ["add"], "why": "w"},
    ]
    environment = make_counters(rules=rules)
    save_folder(environment, tmp_path / "one")
    assert load_folder(tmp_path / "one") == environment
    assert load_folder(tmp_path / "one").version == environment.version


def test_a_pack_holds_many(tmp_path: Path, make_counters: Callable[..., Environment]) -> None:
    both = [make_counters(), make_counters(id="more")]
    save_pack(both, tmp_path / "pack.jsonl")
    assert load_environments([str(tmp_path / "pack.jsonl")]) == both


def test_the_version_is_of_the_content(make_counters: Callable[..., Environment]) -> None:
    assert make_counters().version == make_counters().version
    assert make_counters(policy="Other.").version != make_counters().version


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("environment.json", "{", "environment.json: not JSON"),
        ("environment.json", "[]", "environment.json: must hold a JSON object"),
        ("environment.json", '{"id": "x"}', "environment.json: `domain`: it is missing"),
        ("environment.json", '{"policy": "x"}', "`policy` has a file of its own"),
        ("state.json", "{", "state.json: Invalid JSON"),
        ("state.json", '{"colections": {}}', "state.json: `colections`: there is no such field"),
        ("state.json", '{"singletons": {"rules": NaN}}', "state.json: this value cannot be written as JSON: nan"),
        ("state.json", '{"singletons": {"rules": 99999999999999999999}}', "state.json: this value cannot be written"),
        ("state.json", b"\xff\xfe", "state.json is not UTF-8 text"),
        ("environment.json", b"\xff\xfe", "environment.json is not UTF-8 text"),
        ("policy.md", None, "policy.md cannot be read: no such file"),
        ("environment.json", None, "is not an environment folder"),
    ],
)
def test_a_broken_folder_is_named_with_file_and_fault(
    folder: Path, file: str, text: str | bytes | None, reason: str
) -> None:
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError) as refused:
        load_folder(folder)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_names_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nothing is neither a folder.*built-in environment \(.*library"):
        load_environments(["nothing"])
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(SpecError, match=r"is a file but no \.jsonl pack"):
        load_environments([str(tmp_path / "file.txt")])
    with pytest.raises(SpecError, match="two of the environments have the id library"):
        load_environments(["library", "library"])
