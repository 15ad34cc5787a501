"""Secrets are masked by name, by form and by what is known; everything else stays as it is."""

import time

import pytest

from toolworld.ground import (
    MASK,
    JsonValue,
    is_masked_form,
    is_secret_name,
    masked,
    masked_text,
    masked_texts,
    named_secrets,
    secrets_of,
)


@pytest.mark.parametrize(
    "name",
    ["password", "apiKey", "API_KEY", "X-Api-Key", "Authorization", "client_secret", "githubToken", "refreshToken"],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["tokens", "max_tokens", "passwordless", "key", "secretary", "name", "keyboard"])
def test_other_names_are_none(name: str) -> None:
    assert not is_secret_name(name)


def test_a_field_of_a_secret_name_is_masked_whole_and_the_rest_is_kept() -> None:
    value: JsonValue = {"password": "hunter2", "tokens": 3, "in": [{"api_key": {"a": "b"}, "n": None}], "token": ""}
    shown = {"password": MASK, "tokens": 3, "in": [{"api_key": {"a": MASK}, "n": None}], "token": ""}
    assert masked(value) == shown


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefghijklmnop1234",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc-def",
        "xoxb-1234567890-abcdef",
    ],
)
def test_well_known_forms_are_masked_inside_of_texts(secret: str) -> None:
    assert masked_text(f"use {secret} please") == f"use {MASK} please"


def test_texts_that_look_like_none_stay() -> None:
    for text in ["sk-8", "ask-me-anything-about-it", "a1b2c3d4e5f6", "https://example.org/a:b@c"]:
        assert masked_text(text) == text
    assert masked_text("https://me:pw@example.org") == f"https://{MASK}@example.org"


def test_what_is_known_is_masked_wherever_it_stands_the_longest_first() -> None:
    known = {"verysecret", "verysecretindeed", "short"}
    assert masked({"a": "x verysecretindeed y", "b": "short"}, known) == {"a": f"x {MASK} y", "b": "short"}


def test_variables_give_secrets_by_their_names_and_paths_are_none() -> None:
    found = secrets_of({"MY_TOKEN": "abcdefgh1", "PWD": "/home/me/work", "HOME": "/root", "PASSWORD": "short"})
    assert found == {"abcdefgh1"}


def test_any_text_may_stand_where_a_secret_was_masked_and_nothing_else() -> None:
    assert is_masked_form({"a": MASK, "b": [1]}, {"a": "other", "b": [1.0]})
    assert is_masked_form(f"Bearer {MASK}!", "Bearer xyz!")
    assert is_masked_form(MASK, 12)
    assert not is_masked_form(f"Bearer {MASK}!", "Basic xyz!")
    assert not is_masked_form({"a": MASK}, {"a": "x", "b": 1})
    assert not is_masked_form([MASK], [None])


def test_fields_inside_of_a_text_that_is_json_are_masked_and_its_form_is_kept() -> None:
    said = '{\n  "user": "ann",\n  "password": "x\\"y",\n  "access_token": "abc"\n}'
    assert masked_text(said) == f'{{\n  "user": "ann",\n  "password": "{MASK}",\n  "access_token": "{MASK}"\n}}'


def test_what_fields_give_away_is_found_wherever_it_stands() -> None:
    value: JsonValue = {"token": {"value": "long-enough"}, "rows": ['{"api_key": "in-a-text"}', {"pin_code": "short"}]}
    assert named_secrets(value) == {"long-enough", "in-a-text"}


def test_in_a_schema_only_texts_are_masked() -> None:
    schema: JsonValue = {"properties": {"password": {"type": "string", "default": "known-secret"}}}
    assert masked_texts(schema, {"known-secret"}) == {"properties": {"password": {"type": "string", "default": MASK}}}


def test_what_strangers_send_is_masked_and_compared_in_linear_time() -> None:
    start = time.process_time()
    masked_text("sk-" * 80_000)
    masked_text("eyJ-" * 80_000)
    assert not is_masked_form(MASK.join("abcdef"), "abcde" * 20_000)
    assert time.process_time() - start < 2


def test_tokens_that_say_where_a_list_goes_on_are_no_secrets_and_keys_that_begin_with_a_slash_are() -> None:
    assert not any(map(is_secret_name, ("nextPageToken", "page_token", "syncToken")))
    assert secrets_of({"AWS_SECRET_ACCESS_KEY": "/abc+defgh", "PWD": "/home/me/work"}) == {"/abc+defgh"}
