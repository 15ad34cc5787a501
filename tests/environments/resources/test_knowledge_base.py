"""Passages of documents, retrieved by words and by vectors."""

from pathlib import Path

import pytest
from tests.support.answered_resource import resource_runtime, result_of

from toolworld.environments import Runtime
from toolworld.ground import SpecError
from toolworld.llm import usual_embedder

FILES = {
    "boats.md": "# Boats\n\nThe Tern was built by Ann Ives.\n\n## Repairs\n\nThe mast was replaced in 1950.\n",
    "birds.jsonl": '{"id": "b1", "title": "Terns", "text": "A tern is a bird."}\n\n{"text": "Owls hunt at night."}\n',
}


async def test_passages_are_cut_at_sections_and_found_by_their_words(tmp_path: Path) -> None:
    base = resource_runtime(tmp_path, "knowledge_base", FILES)
    found = await result_of(base, "rag_search", query="who built the Tern", top_k=1)
    assert found["passages"] == [{"id": "boats#1", "title": "Boats", "text": "The Tern was built by Ann Ives."}]
    mast = await result_of(base, "rag_search", query="mast", top_k=5)
    assert mast["passages"] == [{"id": "boats#2", "title": "Boats: Repairs", "text": "The mast was replaced in 1950."}]
    owls = await result_of(base, "rag_search", query="owl")
    assert [one["id"] for one in owls["passages"]] == ["birds-3"]


async def test_long_sections_are_cut_between_paragraphs(tmp_path: Path) -> None:
    text = "\n\n".join(f"Paragraph {number} has exactly seven words here." for number in range(10))
    base = resource_runtime(tmp_path, "knowledge_base", {"long.txt": text}, passage_words=20)
    found = await result_of(base, "rag_search", query="paragraph", top_k=50)
    assert len(found["passages"]) == 5


async def test_equal_passages_come_in_the_order_of_their_files(tmp_path: Path) -> None:
    base = resource_runtime(tmp_path, "knowledge_base", {f"{name}.txt": "the same words" for name in "cab"})
    found = await result_of(base, "rag_search", query="words")
    assert [one["id"] for one in found["passages"]] == ["a#1", "b#1", "c#1"]


def test_a_line_without_text_is_named_with_its_number(tmp_path: Path) -> None:
    runtime = resource_runtime(tmp_path, "knowledge_base", {"a.jsonl": '{"text": "fine"}\n{"title": "no text"}\n'})
    with pytest.raises(SpecError, match=r"a\.jsonl:2: a line is an object with `text`"):
        _load(runtime)


def _load(runtime: Runtime) -> None:
    import anyio

    anyio.run(runtime.load_program)


@pytest.mark.local
@pytest.mark.parametrize("by", ["vectors", "both"])
async def test_vectors_find_what_shares_no_word(tmp_path: Path, by: str) -> None:
    assert usual_embedder() is not None
    files = {"a.txt": "A physician treats sick people.", "b.txt": "The train leaves at noon."}
    base = resource_runtime(tmp_path, "knowledge_base", files, rank_by=by)
    found = await result_of(base, "rag_search", query="doctor for patients", top_k=1)
    assert [one["id"] for one in found["passages"]] == ["a#1"]
