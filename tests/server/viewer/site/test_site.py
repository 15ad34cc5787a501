"""What a browser asks for is read from its address, whatever stands there."""

import pytest

from toolworld.server.viewer.site.site import Asked


@pytest.mark.parametrize(("given", "begin"), [("200", 200), ("0", 0), ("", 0), ("-1", 0), ("9" * 10, 0), ("٣", 0)])
def test_a_table_begins_where_its_address_says_or_at_its_first_row(given: str, begin: int) -> None:
    assert Asked("runs.html", {"begin": given}).begin == begin


def test_a_table_begins_at_its_first_row_where_nothing_is_said() -> None:
    assert Asked("runs.html").begin == 0
