"""Reading documents: HTML of every shape in bounded time, Markdown, and what is passed over."""

import time

import pytest

from toolworld.environments.resources.html_pages import read_html
from toolworld.environments.resources.reading import read_markdown


def test_text_outside_of_paragraphs_is_read_and_each_text_once() -> None:
    found = read_html("<body>Hello <b>you</b><div>Text in div<p>A paragraph</p>and behind</div></body>")
    assert found.sections[0].lines == ["Hello you", "Text in div", "A paragraph", "and behind"]


def test_rows_are_lines_and_nested_tables_are_read_once() -> None:
    page = "<table><tr><td>a</td><td>b</td><td>c</td></tr><tr><td>out<table><tr><td>in</td><td>side</td></tr></table></td></tr></table>"  # fmt: skip  # noqa: E501
    assert read_html(page).sections[0].lines == ["a | b | c", "out", "in: side"]


def test_what_is_no_text_is_passed_over() -> None:
    page = "<!doctype html><!-- note --><nav>menu</nav><h1>T</h1><template>x</template><p>One<br>two</p>"
    found = read_html(page)
    assert (found.title, found.sections[0].lines) == ("T", ["One two"])


@pytest.mark.parametrize(
    "page",
    [
        "<table><tr><td>" * 3000,
        "<ul><li>x" * 3000,
        "<div>" * 50_000 + "deep",
        "<p>" * 20_000,
        "<" * 100_000,
        "<a href='x'>" * 5_000,
        "<table><tr><th>a</th><td>b</td></tr>" * 150,
        '<b a="<">x' * 3_000,
        "<dl>" + "<dt>a</dt>" * 5_000,
    ],
)
def test_odd_pages_take_little_time(page: str) -> None:
    began = time.process_time()
    read_html(page)
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text", ["# a" + " " * 50_000 + "b", "[" * 50_000, "[a](" * 20_000, "| " * 20_000, "# " * 20_000, "**" * 20_000]
)
def test_odd_texts_take_little_time(text: str) -> None:
    began = time.process_time()
    read_markdown(text)
    assert time.process_time() - began < 10


def test_elements_without_ends_lose_neither_title_nor_links_nor_text() -> None:
    page = "<title>T</title><script>var x = 1</script><body>" + "<p>a" * 250 + "<a href='http://h/x'>to x</a>"
    found = read_html(page)
    assert found.title == "T" and found.links == [("to x", "http://h/x")]
    assert "var x" not in found.text and found.text.count("a") >= 250
