"""What is read of operations: words, kinds, entities, keys, constraints, shapes; each with cases of the other side."""

from collections import Counter
from typing import Any

import pytest

from toolworld.environments import Operation, Parameter, read_operation
from toolworld.environments.normaliser.constraints import constraints_of
from toolworld.environments.normaliser.mend import mended
from toolworld.environments.normaliser.path import segments
from toolworld.environments.normaliser.shape import shape_of
from toolworld.environments.normaliser.words import identifier, singular, words


def operation(
    request: str, description: str = "", response: dict[str, Any] | None = None, **parameters: str
) -> Operation:
    """An operation from `GET /orders/{id}` or a name; parameters by name with their place, `*` for a required one."""
    method, _, path = request.partition(" ")
    given = tuple(
        Parameter(name, name, {"type": "string"}, place.endswith("*"), place.rstrip("*"))  # pyright: ignore[reportArgumentType]
        for name, place in parameters.items()
    )
    if not path:
        return Operation(request, request, description, given, response or {})
    name = request.replace(" ", "_")
    return Operation(name, "op", description, given, response or {}, method=method.lower(), path=path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("listUserIDs", "list user ids"),
        ("contactid", "contact id"),
        ("HTTPServer2Name", "http server2 name"),
        ("paid", "paid"),
        ("creditcard_number", "credit card number"),
        ("Größe", "gr e"),
    ],
)
def test_names_are_parted_into_words(name: str, expected: str) -> None:
    assert " ".join(words(name)) == expected


@pytest.mark.parametrize(
    ("word", "one"),
    [("orders", "order"), ("companies", "company"), ("status", "status"), ("boxes", "box"), ("news", "news")],
)
def test_plurals_become_singulars(word: str, one: str) -> None:
    assert singular(word) == one


def test_identifiers_are_what_programs_can_write() -> None:
    assert [identifier(name) for name in ("filter[a.b]", "2fa", "", "Été")] == ["filter_a_b", "value_2fa", "value", "t"]


@pytest.mark.parametrize(
    ("given", "kind", "effect", "entity"),
    [
        (operation("DELETE /orders/{id}"), "delete", "write", "order"),
        (operation("GET /orders/{id}"), "get", "read", "order"),
        (operation("GET /orders", response={"type": "array"}), "list", "read", "order"),
        (operation("GET /orders/search", q="query*"), "search", "read", "order"),
        (operation("POST /orders"), "create", "write", "order"),
        (operation("POST /orders/{id}/cancel"), "action", "write", "order"),
        (operation("PATCH /users/{id}/settings"), "update", "write", "setting"),
        (operation("POST /addresses/validation"), "calculate", "read", "address"),
        (operation("POST /v1/jobs/{name}:cancel"), "action", "write", "job"),
        (operation("get_order_history", "Get the order history."), "get", "read", "order"),
        (operation("book_flight", "Book a flight."), "create", "write", "flight"),
        (operation("trading_logout", "Log out."), "session", "write", "session"),
        (operation("trading_get_login_status", "Status of the login."), "get", "read", "session"),
        (operation("gallon_to_liter", "Converts gallon to liter."), "calculate", "read", "gallon"),
    ],
)
def test_kind_effect_and_entity(given: Operation, kind: str, effect: str, entity: str) -> None:
    reading = read_operation(given)
    assert (reading.kind, reading.effect, reading.entity.split("_")[0]) == (kind, effect, entity)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (operation("GET /users/{userId}/orders/{number}", userId="path*", number="path*"), "number"),
        (operation("GET /users/{userId}/orders", userId="path*"), "userId"),
        (operation("get_ticket", ticket_id="argument*", verbose="argument"), "ticket_id"),
        (operation("list_tickets", status="argument"), None),
        (operation("GET /orders", api_key="query*"), None),
    ],
)
def test_the_key_is_the_parameter_that_says_which(given: Operation, key: str | None) -> None:
    assert read_operation(given).key == key


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "description": "Page size, between 1 and 100."}, {"minimum": 1, "maximum": 100}),
        ({"type": "string", "description": "One of: open, closed or all"}, {"enum": ["open", "closed", "all"]}),
        ({"type": "string", "description": "Date in YYYY-MM-DD"}, {"pattern": r"^\d{4}-\d{2}-\d{2}$"}),
        ({"type": "number", "description": "A positive amount"}, {"exclusiveMinimum": 0}),
        ({"type": "string", "description": "A 3-letter code"}, {"minLength": 3, "maxLength": 3}),
        ({"type": "string", "description": "At most 3-letter words are best"}, {}),
        ({"type": "string", "description": "The name of the person."}, {}),
        ({"type": "integer", "description": "between 9 and 3"}, {}),
        ({"type": "string", "enum": ["a"], "description": "One of: b, c"}, {}),
    ],
)
def test_constraints_are_read_from_prose_with_the_words_that_state_them(
    schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = constraints_of(schema)
    assert {one.keyword: one.value for one in found} == expected
    assert all(one.quote and one.quote.strip() in schema["description"] for one in found)


def test_schemas_in_other_spellings_are_mended_and_each_mend_is_counted() -> None:
    mends = Counter[str]()
    made = mended(
        {
            "type": "dict",
            "properties": {
                "a": {"type": "STRING", "default": "None"},
                "b": {"type": "int", "default": "7", "minimum": "x"},
                "c": {"type": "string", "minLength": 5, "maxLength": 2},
                "d": {"type": "no such type", "enum": [1, 1, None]},
                "e": {"type": "number", "default": "nan"},
            },
            "required": ["a", "a", 5, "z"],
        },
        mends,
    )
    assert made == {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"type": "integer", "default": 7},
            "c": {"type": "string"},
            "d": {"enum": [1]},
            "e": {"type": "number"},
        },
        "required": ["a"],
    }
    assert mends["a type was spelt otherwise"] == 3 and mends["a default was written as another type"] == 1


ROW = {"type": "object", "properties": {"id": {"type": "string"}}}
ROWS = {"type": "array", "items": ROW}


@pytest.mark.parametrize(
    ("response", "shape", "wrapper"),
    [
        (ROWS, "list", ()),
        ({"properties": {"total": {"type": "integer"}, "items": ROWS}}, "wrapped_list", ("items",)),
        ({"properties": {"data": {"type": "object", "properties": {"rows": ROWS}}}}, "wrapped_list", ("data", "rows")),
        ({"properties": {"data": ROW, "status": {"type": "string"}}}, "wrapped_record", ("data",)),
        ({"properties": {"id": {}, "name": {}, "tags": {"type": "array", "items": {"type": "string"}}}}, "record", ()),
        ({}, "none", ()),
    ],
)
def test_what_stands_around_a_result_is_peeled_off(response: Any, shape: str, wrapper: tuple[str, ...]) -> None:
    found = shape_of(response)
    assert (found.shape, found.wrapper) == (shape, wrapper)


def test_paths_have_names_and_parameters_without_versions() -> None:
    found = segments("/api/v1/orders/{id}:cancel/lines/{lineId}.json?x={y}")
    assert [(one.text, one.is_parameter) for one in found] == [
        ("orders", False),
        ("id", True),
        ("cancel", False),
        ("lines", False),
        ("lineId", True),
    ]
