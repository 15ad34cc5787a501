"""Addresses: names of strangers become parts of paths, HTML ids and queries that are safe and do not collide."""

import re

from hypothesis import given
from hypothesis import strategies as st

from toolworld.server.viewer.html.addresses import anchor, comparison_path, query, slug


@given(st.text())
def test_any_name_becomes_a_safe_part_of_a_path(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", slug(name))


@given(st.text(), st.text())
def test_different_names_have_different_paths_and_anchors(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)
    assert (anchor("c", one) == anchor("c", other)) == (one == other)


@given(st.text(), st.text())
def test_an_anchor_has_no_character_that_browsers_decode(collection: str, key: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.~-]*", anchor(collection, key))


def test_a_plain_name_is_its_own_path() -> None:
    assert slug("renew_one-2") == "renew_one-2"
    assert slug("library/renew_one").startswith("library-renew_one-")


def test_a_query_leaves_out_what_asks_for_nothing_and_quotes_the_rest() -> None:
    assert query(a="", b=None) == ""
    assert query(a="x&y=1", b="ä") == "?a=x%26y%3D1&b=%C3%A4"


def test_a_name_that_looks_like_one_with_a_digest_is_not_taken_for_the_other() -> None:
    assert slug(slug("a b")) != slug("a b")


def test_two_comparisons_never_share_an_address() -> None:
    names = ("a", "b--c", "a--b", "c")
    assert len({comparison_path(one, other) for one in names for other in names}) == 16
