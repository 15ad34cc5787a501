"""Strangers' values as HTML: nothing of them is markup, nothing of them is invisible, and nothing is without end."""

import pytest
from tests.support.shown_runs import NASTY

from toolworld.ground import JsonValue
from toolworld.server.viewer.html.markdown import show_markdown
from toolworld.server.viewer.html.values import (
    ABSENT,
    first_things,
    letters_of,
    plain_text,
    show_json,
    show_raw,
    show_text,
    show_value,
)


@pytest.mark.parametrize("value", [NASTY, [NASTY], {NASTY: NASTY}, {"a": [{"b": NASTY}]}])
def test_no_value_of_a_stranger_becomes_markup(value: JsonValue) -> None:
    for shown in (show_value(value), show_json(value), show_raw(value)):
        assert "<script" not in shown
        assert "<img" not in shown
        assert "\u202e" not in shown
        assert "\x00" not in shown


def test_characters_that_nobody_sees_are_named_and_letters_of_other_scripts_stay() -> None:
    assert 'title="right-to-left override">U+202E' in show_text("a\u202eb")
    assert "U+0007" in show_text("\x07")
    assert show_text("مرحبا 👩\u200d💻") == "مرحبا 👩\u200d💻"
    assert plain_text("a\u202eb") == "aU+202Eb"


def test_a_long_text_is_cut_and_its_length_told() -> None:
    shown = show_text("x" * 1_000_000)
    assert len(shown) < 1_000
    assert "1,000,000 characters in all" in shown
    many: list[JsonValue] = ["y" * 1_000_000] * 50
    large: JsonValue = {"a": "x" * 1_000_000, "b": many}
    assert len(show_json(large)) < 60_000


def test_json_links_texts_that_are_keys_of_records_and_no_others() -> None:
    shown = show_json({"loan": "L1", "L1": "no"}, lambda text: "#L1" if text == "L1" else None)
    assert shown.count('href="#L1"') == 1  # a name of a field is no reference


def test_what_is_not_there_is_told_apart_from_null_and_from_an_empty_text() -> None:
    assert len({show_value(ABSENT), show_value(None), show_value(""), show_value([])}) == 4


def test_numbers_are_shown_as_they_are() -> None:
    assert ">1e+300<" in show_value(1e300)
    assert ">5.0<" in show_value(5.0)
    assert ">true<" in show_value(True)


def test_a_value_that_has_no_json_form_is_shown_all_the_same() -> None:
    assert "\\ud800" in show_raw({"a": "\ud800"})
    assert "1000000000000000000000000" in show_json({"a": 10**24})


def test_the_first_things_that_a_result_says_count_lists_and_leave_objects_out() -> None:
    assert first_things({"a": 1, "b": [1, 2], "c": {"d": 1}, "e": "x"}) == ({"a": 1, "b": "2 of them", "e": "x"}, 1)
    assert first_things([1, 2, 3]) == ({"": "3 of them"}, 0)
    assert first_things(None) == ({}, 0)


def test_each_name_gets_a_letter_of_its_own() -> None:
    assert letters_of(["state", "calls", "statements", "a", "t"]) == [
        ("S", "state"), ("C", "calls"), ("T", "statements"), ("A", "a"), ("?", "t"),
    ]  # fmt: skip


def test_markdown_has_no_html_links_or_images_and_stands_two_levels_lower() -> None:
    shown = show_markdown("# Title\n\n<script>x</script> [a](http://b) ![c](http://d) <http://e>\n\n- one\n\u202e")
    assert shown.startswith("<h3>Title</h3>")
    assert "<script" not in shown
    assert "<a" not in shown
    assert "<img" not in shown
    assert "<li>one" in shown
    assert "\u202e" not in shown
