import os
import shutil
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from toolworld.datasets import load_suite
from toolworld.environments import (
    Environment,
    builtin_folders,
    find_folder,
    load_environments,
    load_folder,
    load_policy_checks,
    save_folder,
    save_pack,
)
from toolworld.ground import RecordError, SpecError


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


def _copy(folder: Path) -> Path:
    shutil.copytree(find_folder("library"), folder)
    return folder


@pytest.mark.parametrize("part", ["environment.json", "policy.md", "state.json", "behaviour.py", "recording.jsonl"])
@pytest.mark.parametrize("leads_to", ["/proc/self/environ", "/dev/zero", "../outside", "a pipe", "nowhere"])
def test_a_part_that_is_no_file_of_the_folder_is_refused_in_a_sentence(
    tmp_path: Path, part: str, leads_to: str
) -> None:
    folder = _copy(tmp_path / "mine")
    (tmp_path / "outside").write_text("secret")
    (folder / part).unlink(missing_ok=True)
    if leads_to == "a pipe":
        os.mkfifo(folder / part)
    else:
        (folder / part).symlink_to(leads_to)
    with pytest.raises(SpecError) as refused:
        load_folder(folder)
    assert "\n" not in str(refused.value) and "secret" not in str(refused.value)


@pytest.mark.parametrize("part", ["tasks.json", "policy_checks.json"])
def test_what_stands_beside_an_environment_is_no_link_out_of_it(tmp_path: Path, part: str) -> None:
    folder = _copy(tmp_path / "mine")
    (folder / part).rename(tmp_path / part)
    (folder / part).symlink_to(tmp_path / part)
    with pytest.raises(RecordError, match="leads out of"):
        load_policy_checks(folder) if part == "policy_checks.json" else anyio.run(load_suite, [str(folder)])


def test_copies_with_other_line_ends_or_a_byte_order_mark_are_the_same_version(tmp_path: Path) -> None:
    folder = _copy(tmp_path / "plain")
    version = load_folder(folder).version
    for name, before, line_end in (("crlf", b"", b"\r\n"), ("cr", b"", b"\r"), ("mark", b"\xef\xbb\xbf", b"\n")):
        folder = _copy(tmp_path / name)
        for part in ("environment.json", "policy.md", "state.json", "behaviour.py", "tasks.json"):
            (folder / part).write_bytes(before + (folder / part).read_bytes().replace(b"\n", line_end))
        assert load_folder(folder).version == version, name
        assert len(anyio.run(load_suite, [str(folder)]).tasks) == 21
    (folder / "policy.md").write_text("Another policy.")
    assert load_folder(folder).version != version


@pytest.mark.parametrize(
    ("part", "first", "twice"),
    [
        ("environment.json", '"id": "library"', '"id": "library", "id": "other"'),
        ("state.json", '"collections": {', '"singletons": {}, "collections": {'),
        ("tasks.json", '"id": "renew_one"', '"id": "renew_one", "id": "renew_two"'),
    ],
)
def test_a_key_that_stands_twice_is_refused(tmp_path: Path, part: str, first: str, twice: str) -> None:
    folder = _copy(tmp_path / "mine")
    text = (folder / part).read_text()
    assert first in text
    (folder / part).write_text(text.replace(first, twice, 1))
    with pytest.raises((SpecError, RecordError), match=rf"{part}: the key '(id|singletons)' stands twice in an object"):
        anyio.run(load_suite, [str(folder)])
