"""OpenAPI documents: what comes in, what is mended, and what is refused with a reason."""

from typing import Any

import pytest
from tests.support.order_documents import shop_document

from toolworld.environments import Operation, read_openapi
from toolworld.environments.normaliser.shape import items_of, properties_of


def operations(document: dict[str, Any], **options: int) -> dict[str, Operation]:
    toolset = read_openapi(document, "shop.json", **options).toolset
    assert toolset is not None
    return {one.name: one for one in toolset.operations}


def test_every_operation_of_a_document_becomes_a_tool() -> None:
    found = read_openapi(shop_document(), "shops/shop.json")
    assert found.toolset is not None
    assert (found.toolset.id, found.toolset.title, found.toolset.description) == (
        "shops-shop",
        "Shop",
        "Orders of a shop.",
    )
    assert len(found.toolset.operations) == len(found.items) == 12
    assert {one.outcome for one in found.items} == {"imported"}


def test_references_are_put_in_place_and_what_refers_to_itself_is_open() -> None:
    response = operations(shop_document())["getOrder"].response
    assert response["title"] == "Order"
    line = items_of(properties_of(response)["lines"])
    assert properties_of(line) == {"sku": {"type": "string"}, "next": {"title": "Line"}}


def test_what_is_mended_is_counted_by_kind() -> None:
    found = read_openapi(shop_document(), "shop.json")
    item = next(one for one in found.items if one.item.endswith("GET /orders"))
    assert item.mends == {
        "a header or cookie was left out": 1,
        "a default was written as another type": 1,
        "a constraint was read from prose": 1,
    }
    limit = operations(shop_document())["listOrders"].parameter("limit")
    assert limit is not None and limit.schema["default"] == 5 and limit.schema["maximum"] == 100
    assert limit.schema["x-stated"] == {"maximum": "up to 100"}


def test_names_that_programs_cannot_have_are_made_identifiers_and_the_original_is_kept() -> None:
    document = shop_document()
    names = ["filter[status]", "from", "list", "2fa", "status", "status"]
    document["paths"]["/orders"]["get"]["parameters"] = [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in names
    ]
    document["paths"]["/orders"]["get"]["operationId"] = "List all orders!"
    [operation] = [one for one in operations(document).values() if one.path == "/orders" and one.method == "get"]
    assert operation.name == "list_all_orders" and operation.original == "List all orders!"
    found = {one.original: one.name for one in operation.parameters}
    assert found == {
        "filter[status]": "filter_status",
        "from": "from_value",
        "list": "list_value",
        "2fa": "value_2fa",
        "status": "status",
    }


def test_of_a_large_document_whole_resources_are_drawn_and_the_rest_is_listed() -> None:
    found = read_openapi(shop_document(), "shop.json", max_tools=7, seed=1)
    again = read_openapi(shop_document(), "shop.json", max_tools=7, seed=1)
    assert found == again and found.toolset is not None
    assert len(found.toolset.operations) <= 7
    assert len(found.items) == 12
    left = [one for one in found.items if one.outcome == "refused"]
    assert len(left) == 12 - len(found.toolset.operations) and all(one.why for one in left)
    resources = {(one.path or "").split("/")[1] for one in found.toolset.operations}
    whole = [path for path in shop_document()["paths"] if path.split("/")[1] in resources]
    assert {one.path for one in found.toolset.operations} == set(whole)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"swagger": "2.0", "paths": {}}, "`openapi` must be 3.x"),
        ({"openapi": "3.1.0", "paths": {"/a": {"summary": "nothing"}}}, "no operation"),
        ([], "no OpenAPI document"),
        ({"openapi": "3.0.0", "paths": {"/a": 5, "/b": {"$ref": "#/nowhere"}}}, "no operation"),
    ],
)
def test_what_is_no_document_of_version_3_is_refused_with_a_reason(document: Any, why: str) -> None:
    found = read_openapi(document, "odd.json")
    assert found.toolset is None
    assert [one.outcome for one in found.items] == ["refused"] and why in (found.items[0].why or "")


def test_odd_parts_of_a_document_do_not_keep_the_rest_from_coming_in() -> None:
    document = shop_document()
    document["paths"]["/orders"]["get"]["parameters"] = ["x", {"$ref": "#/components/parameters/none"}, {"in": "query"}]
    document["paths"]["/orders"]["post"]["requestBody"] = {"$ref": "file:///etc/passwd"}
    document["components"]["schemas"]["Order"] = {"allOf": [{"$ref": "#/components/schemas/Order"}], "type": 7}
    assert len(operations(document)) == 12


def test_a_schema_is_made_of_an_example_where_a_response_has_no_other() -> None:
    document = shop_document()
    document["paths"]["/convert"]["get"]["responses"]["200"] = {
        "content": {"application/json": {"example": {"rate": 1.5, "pair": "EUR/USD", "steps": [{"at": 1}]}}}
    }
    response = operations(document)["convertCurrency"].response
    assert response["properties"] == {
        "rate": {"type": "number"},
        "pair": {"type": "string", "examples": ["EUR/USD"]},
        "steps": {"type": "array", "items": {"type": "object", "properties": {"at": {"type": "integer"}}}},
    }
