"""The bearer token, as RFC 6750 has it."""

import pytest

from toolworld.ground import UsageError
from toolworld.server.security.credential import carries_token, checked_token

TOKEN = "s3cret-~+/._token=="


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN}", f"Bearer {TOKEN} "])
def test_the_scheme_may_be_in_any_case(header: str) -> None:
    assert carries_token(header, TOKEN)


@pytest.mark.parametrize(
    "header",
    [
        "",
        TOKEN,
        f"Bearer{TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[1:]}",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN} x",
        f"Bearer\t{TOKEN}",
        f"Bearer {TOKEN.upper()}",
        "Bearer ",
        "Bearer é",
        f"Bearer {TOKEN}\n",
    ],
)
def test_anything_else_is_not_the_token(header: str) -> None:
    assert not carries_token(header, TOKEN)


@pytest.mark.parametrize("token", ["sécret", "two words", "tab\there", "\udcff", " ", "new\nline"])
def test_a_token_that_no_header_carries_is_refused_at_the_start(token: str) -> None:
    with pytest.raises(UsageError, match="TOOLWORLD_TOKEN has a blank or a character that no header carries"):
        checked_token(token)


def test_no_token_and_an_empty_one_are_none() -> None:
    assert (checked_token(None), checked_token(""), checked_token("pa$$word!")) == (None, None, "pa$$word!")
