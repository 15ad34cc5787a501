"""Documents in sections, of every kind that can be read."""

from pathlib import Path

import anyio
import pytest
from tests.support.answered_resource import refusal_of, resource_runtime, result_of
from tests.support.small_pdf import small_pdf

from toolworld.ground import SpecError

FILES = {
    "plan.md": "# Plan\n\nWe dig.\n\n## Costs\n\n| Item | Price |\n|---|---|\n| Spade | 12 |\n",
    "list.html": "<h1>List</h1><p>Intro.</p><h2>First</h2><p>One.</p>",
}


async def test_the_outline_names_every_section_with_its_length(tmp_path: Path) -> None:
    documents = resource_runtime(tmp_path, "document", FILES)
    outline = await result_of(documents, "doc_outline")
    shown = [(one["section_id"], one["title"], one["level"], one["words"]) for one in outline["sections"]]
    assert shown == [
        ("list.html#1", "List", 1, 1),
        ("list.html#2", "First", 2, 1),
        ("plan.md#1", "Plan", 1, 2),
        ("plan.md#2", "Costs", 2, 4),
    ]
    assert len((await result_of(documents, "doc_outline", document="plan.md"))["sections"]) == 2
    assert (await refusal_of(documents, "doc_outline", document="none.md"))[0] == "document_not_found"


async def test_sections_are_searched_and_read(tmp_path: Path) -> None:
    documents = resource_runtime(tmp_path, "document", FILES)
    found = await result_of(documents, "doc_search", key_words="spade price", max_search_results=1)
    assert [one["section_id"] for one in found["sections"]] == ["plan.md#2"]
    read = await result_of(documents, "doc_read", section_ids=["plan.md#2", "list.html#2"])
    assert [one["text"] for one in read["sections"]] == ["Item: Price\n\nSpade: 12", "One."]
    assert (await refusal_of(documents, "doc_read", section_ids=["plan.md#9"]))[0] == "section_not_found"


async def test_a_pdf_has_a_section_for_each_page(tmp_path: Path) -> None:
    pdf = small_pdf([["Harbour minutes", "Chair: Ann Ives"], ["Second page"]])
    documents = resource_runtime(tmp_path, "document", {"minutes.pdf": pdf})
    read = await result_of(documents, "doc_read", section_ids=["minutes.pdf#1", "minutes.pdf#2"])
    texts = [str(one["text"]) for one in read["sections"]]
    assert "Chair: Ann Ives" in texts[0] and texts[1] == "Second page"


def test_a_file_that_is_no_pdf_is_named(tmp_path: Path) -> None:
    documents = resource_runtime(tmp_path, "document", {"broken.pdf": b"%PDF-1.4 nothing"})
    with pytest.raises(SpecError, match=r"broken\.pdf is not a PDF that can be read"):
        anyio.run(documents.load_program)
