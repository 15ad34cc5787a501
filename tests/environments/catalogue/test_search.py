"""Search over tools: what people ask is found, and the index of a pack follows the pack."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from toolworld.environments import (
    INDEX_SUFFIX,
    ToolIndex,
    Wanted,
    builtin_folders,
    load_environments,
    load_folder,
    save_pack,
    search_facets,
    search_tools,
)
from toolworld.environments.catalogue.vectors import VECTORS_SUFFIX, vectors_of
from toolworld.ground import SpecError, UsageError
from toolworld.llm import load_embedder

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


@pytest.mark.local
def test_by_meaning_nineteen_of_twenty_questions_find_their_tool_among_five() -> None:
    loaded = load_embedder()
    if loaded is None:
        pytest.skip("MiniLM is not installed; `make local` does it")
    with ToolIndex([*builtin_folders()], loaded) as index:
        for by in ("meaning", "both"):
            found = [
                bool(answers & {one.tool for one in index.search(question, by=by, most=5)})
                for question, answers in asked()
            ]
            assert sum(found) / len(found) >= 0.95, by


def test_the_questions_ask_for_tools_that_there_are() -> None:
    tools = {tool.name for one in load_environments([*builtin_folders()]) for tool in one.tools}
    assert all(answers <= tools for _, answers in asked())


def test_nothing_is_found_for_words_that_no_tool_has() -> None:
    assert search_tools("xylophone", [*builtin_folders()]) == []
    with pytest.raises(UsageError, match="has no word"):
        search_tools('"*()', ["library"])


def test_a_search_is_narrowed_by_domain_and_effect() -> None:
    names = [*builtin_folders()]
    assert {one.effect for one in search_tools("reservation", names, wanted=Wanted(effect="read"))} == {"read"}
    assert {one.environment for one in search_tools("reservation", names, wanted=Wanted(domain="hotel"))} == {"hotel"}


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
    assert search_tools("cancel", [str(pack)], wanted=Wanted(domain="public%y")) == []
    assert search_tools("cancel", [str(pack)], wanted=Wanted(domain="public"))


def test_a_pack_that_is_none_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{}\n")
    with pytest.raises(SpecError):
        search_tools("x", [str(tmp_path / "bad.jsonl")])
    assert [one.name for one in tmp_path.iterdir()] == ["bad.jsonl"]


class Letters:
    """A stand-in for embeddings: a text is as many of each letter."""

    name = "letters"

    def __init__(self) -> None:
        self.embedded = 0

    def vectors(self, texts: Sequence[str]) -> Any:
        self.embedded += len(texts)
        numpy: Any = pytest.importorskip("numpy")
        counts = numpy.array([[text.lower().count(chr(97 + one)) + 0.01 for one in range(26)] for text in texts])
        return (counts / numpy.linalg.norm(counts, axis=1, keepdims=True)).astype(numpy.float32)


def embedder() -> Any:
    return Letters()


def test_tools_are_found_by_meaning_and_their_vectors_are_kept_beside_the_pack(tmp_path: Path) -> None:
    pack = tmp_path / "some.jsonl"
    save_pack(load_environments(["library"]), pack)
    letters = embedder()
    with ToolIndex([str(pack)], letters) as index:
        best = index.search("find_patron find_patron", by="meaning", most=3)
        assert best[0].score >= best[-1].score and len(best) == 3
        assert {one.effect for one in index.search("x", by="meaning", wanted=Wanted(effect="write"))} == {"write"}
    assert (tmp_path / f"some{VECTORS_SUFFIX}").is_file()
    again = embedder()
    with ToolIndex([str(pack)], again) as index:
        kept = index.search("find_patron find_patron", by="meaning", most=3)
    assert [one.tool for one in kept] == [one.tool for one in best]
    assert again.embedded == 1  # the query alone
    save_pack(load_environments(["clinic"]), pack)
    with ToolIndex([str(pack)], again) as index:
        assert {one.environment for one in index.search("x", by="meaning", most=50)} == {"library", "clinic"}
    assert again.embedded > 30  # the pack has changed


def test_vectors_whose_making_was_stopped_go_on_from_there(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(1_500)]
    file = tmp_path / "some.npz"

    def stop(done: int, of: int) -> None:
        if done > 600:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vectors_of(texts, embedder(), file=file, stamp="s", on_embedded=stop)
    again = embedder()
    made = vectors_of(texts, again, file=file, stamp="s")
    assert len(made) == 1_500 and again.embedded == 1_500 - 512
    assert abs(made - embedder().vectors(texts)).max() < 0.001
    other = embedder()
    vectors_of(texts, other, file=file, stamp="another")
    assert other.embedded == 1_500


def test_damaged_vectors_are_made_anew(tmp_path: Path) -> None:
    pack = tmp_path / "some.jsonl"
    save_pack(load_environments(["library"]), pack)
    (tmp_path / f"some{VECTORS_SUFFIX}").write_bytes(b"PK damaged")
    with ToolIndex([str(pack)], embedder()) as index:
        assert index.search("lend", by="meaning")


def test_both_orders_are_joined_and_what_is_high_in_both_comes_first(tmp_path: Path) -> None:
    with ToolIndex(["library"], embedder()) as index:
        words = [one.tool for one in index.search("renew a loan", by="words", most=50)]
        meaning = [one.tool for one in index.search("renew a loan", by="meaning", most=50)]
        both = [one.tool for one in index.search("renew a loan", by="both", most=50)]
    assert set(both) == {*words, *meaning}

    def score(tool: str) -> float:
        return sum(1 / (61 + order.index(tool)) for order in (words, meaning) if tool in order)

    assert [round(score(one), 12) for one in both] == sorted((round(score(one), 12) for one in both), reverse=True)


def test_meaning_without_embeddings_says_what_to_install() -> None:
    with ToolIndex(["library"]) as index, pytest.raises(UsageError, match="pip install"):
        index.search("lend", by="meaning")


def test_facets_count_what_has_a_word_of_the_query() -> None:
    counted = search_facets("reservation", [*builtin_folders()])
    found = search_tools("reservation", [*builtin_folders()], most=1000)
    assert counted.fitting == len(found) == sum(counted.effects.values()) == sum(counted.domains.values())
    assert counted.sizes == {"medium": len(found)}
    assert list(counted.domains.values()) == sorted(counted.domains.values(), reverse=True)
    assert search_facets("reservation", ["library"], Wanted(size="small")).fitting == 0
    with pytest.raises(ValidationError, match="size"):
        Wanted.model_validate({"size": "huge"})
