"""Search over tools: what people ask is found, and the index of a pack follows the pack."""

from pathlib import Path

import pytest

from toolworld.environments import (
    INDEX_SUFFIX,
    ToolIndex,
    builtin_folders,
    load_environments,
    load_folder,
    save_pack,
    search_tools,
)
from toolworld.ground import SpecError, UsageError

QUESTIONS = Path(__file__).with_name("questions.txt")
"""A question a line, with the tools that answer it."""


def asked() -> list[tuple[str, set[str]]]:
    lines = [line.partition("|") for line in QUESTIONS.read_text().splitlines()]
    return [(question, {*answers.split()}) for question, _, answers in lines]


def test_nine_of_ten_questions_find_their_tool_among_five() -> None:
    found = [
        bool(answers & {one.tool for one in search_tools(question, [*builtin_folders()], most=5)})
        for question, answers in asked()
    ]
    assert len(found) >= 60
    assert sum(found) / len(found) >= 0.9


def test_the_questions_ask_for_tools_that_there_are() -> None:
    tools = {tool.name for one in load_environments([*builtin_folders()]) for tool in one.tools}
    assert all(answers <= tools for _, answers in asked())


def test_nothing_is_found_for_words_that_no_tool_has() -> None:
    assert search_tools("xylophone", [*builtin_folders()]) == []
    with pytest.raises(UsageError, match="has no word"):
        search_tools('"*()', ["library"])


def test_a_search_is_narrowed_by_domain_and_effect() -> None:
    names = [*builtin_folders()]
    assert {one.effect for one in search_tools("reservation", names, effect="read")} == {"read"}
    assert {one.environment for one in search_tools("reservation", names, domain="hotel")} == {"hotel"}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "all.jsonl"
    save_pack([load_folder(builtin_folders()["library"])], path)
    return path


def test_the_index_of_a_pack_is_kept_beside_it_and_made_again_when_the_pack_changes(pack: Path) -> None:
    index = pack.with_name(f"all{INDEX_SUFFIX}")
    assert {one.environment for one in search_tools("cancel", [str(pack)])} == {"library"}
    made = index.stat().st_mtime_ns
    search_tools("cancel", [str(pack)])
    assert index.stat().st_mtime_ns == made
    save_pack([load_folder(builtin_folders()["clinic"])], pack)
    assert {one.environment for one in search_tools("cancel", [str(pack)])} == {"library", "clinic"}


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\xff" * 200])
def test_a_broken_index_is_made_again(pack: Path, content: bytes) -> None:
    pack.with_name(f"all{INDEX_SUFFIX}").write_bytes(content)
    assert search_tools("cancel", [str(pack)])


def test_an_index_that_cannot_be_written_is_done_without(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise PermissionError(13, "not allowed")

    monkeypatch.setattr(Path, "replace", refuse)
    assert search_tools("cancel", [str(pack)])
    assert list(pack.parent.iterdir()) == [pack]


def test_a_query_is_no_query_language(pack: Path) -> None:
    with ToolIndex([str(pack)]) as index:
        for query in ('cancel" OR name:x', "cancel NEAR(", "cancel; DROP TABLE tools", "cancel%"):
            assert index.search(query)
        assert index.search("cancel")


def test_what_is_no_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="neither a folder"):
        search_tools("x", [str(tmp_path / "none.jsonl")])


def test_a_pack_may_have_marks_of_addresses_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a#b?c%20.jsonl"
    save_pack([load_folder(builtin_folders()["library"])], path)
    assert len(search_tools("cancel", [str(path), str(path)])) == len(search_tools("cancel", ["library"]))


def test_a_domain_is_words_and_no_pattern(pack: Path) -> None:
    assert search_tools("cancel", [str(pack)], domain="public%y") == []
    assert search_tools("cancel", [str(pack)], domain="public")


def test_a_pack_that_is_none_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{}\n")
    with pytest.raises(SpecError):
        search_tools("x", [str(tmp_path / "bad.jsonl")])
    assert [one.name for one in tmp_path.iterdir()] == ["bad.jsonl"]
