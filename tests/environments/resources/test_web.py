"""A folder of pages as the web."""

from pathlib import Path

from tests.support.answered_resource import asked, refusal_of, resource_runtime, result_of

PAGES = {
    "fig.html": "<html><head><title>x</title><style>p{}</style></head><body><h1>The fig</h1>"
    "<table><tr><th>Grows in</th><td><a href='crete.html'>Crete</a></td></tr></table>"
    "<p>A sweet <b>fruit</b>.</p><script>evil()</script></body></html>",
    "crete.html": "<h1>Crete</h1><dl><dt>Capital</dt><dd>Heraklion</dd></dl><p>An island.</p>",
    "notes/olive.md": "# Olive\n\nOil: green\n\nSee [the fig](../fig.html).\n",
}


async def test_a_search_finds_pages_by_their_words_and_shows_the_part_that_has_them(tmp_path: Path) -> None:
    web = resource_runtime(tmp_path, "web", PAGES)
    found = await result_of(web, "web_search", query="sweet fruit")
    assert [one["url"] for one in found["results"]] == ["https://pages.example/fig.html"]
    assert "sweet fruit" in str(found["results"])
    assert (await result_of(web, "web_search", query="zebra"))["results"] == []


async def test_a_visit_shows_title_labelled_values_text_and_links_and_no_script(tmp_path: Path) -> None:
    web = resource_runtime(tmp_path, "web", PAGES)
    page = await result_of(web, "web_visit", url="https://pages.example/fig.html#top")
    assert page["title"] == "The fig"
    assert page["facts"] == {"Grows in": "Crete"}
    assert page["links"] == [{"text": "Crete", "url": "https://pages.example/crete.html"}]
    assert "evil" not in str(page) and "p{}" not in str(page) and "A sweet fruit." in str(page["text"])
    olive = await result_of(web, "web_visit", url="https://pages.example/notes/olive.md")
    assert olive["facts"] == {"Oil": "green"}
    assert olive["links"] == [{"text": "the fig", "url": "https://pages.example/fig.html"}]


async def test_a_page_that_is_not_there_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    web = resource_runtime(tmp_path, "web", PAGES)
    code, message = await refusal_of(web, "web_visit", url="https://elsewhere.example/")
    assert code == "page_not_found" and "elsewhere.example" in message
    event = await asked(web, "web_search", query="fig")
    assert event.simulator == "resource" and event.ops == ()


async def test_a_long_page_is_cut_with_a_mark_that_says_how_much_is_left(tmp_path: Path) -> None:
    web = resource_runtime(tmp_path, "web", {"long.txt": "word " * 10_000})
    page = await result_of(web, "web_visit", url="https://pages.example/long.txt")
    assert "[cut here, " in str(page["text"]) and len(str(page["text"])) < 25_000


async def test_settings_say_how_many_results_there_are_and_where_pages_seem_to_be(tmp_path: Path) -> None:
    web = resource_runtime(tmp_path, "web", PAGES, top_k=1, base_url="http://island.example/a")
    found = await result_of(web, "web_search", query="fig Crete olive")
    assert len(found["results"]) == 1
    assert "http://island.example/a/" in str(found["results"])
    assert len((await result_of(web, "web_search", query="fig Crete olive", top_k=3))["results"]) >= 2
