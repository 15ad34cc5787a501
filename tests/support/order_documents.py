"""An OpenAPI document of a small shop, as strangers write them: references, envelopes, defaults of the wrong type."""

from copy import deepcopy
from typing import Any

ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "title": {"type": "string"},
        "status": {"type": "string", "enum": ["pending", "paid", "cancelled"]},
        "total": {"type": "number", "minimum": 0},
        "customer_id": {"type": "string"},
        "created_at": {"type": "string", "format": "date-time"},
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
    },
}
LINE: dict[str, Any] = {
    "type": "object",
    "properties": {"sku": {"type": "string"}, "next": {"$ref": "#/components/schemas/Line"}},
}
CUSTOMER: dict[str, Any] = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "email": {"type": "string"}},
}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"data": {"type": "array", "items": _named(name)}, "total": {"type": "integer"}},
    }


def shop_document() -> dict[str, Any]:
    """The document; each call gives one of its own."""
    query = [
        {"name": "status", "in": "query", "schema": {"type": "string"}},
        {"name": "min_total", "in": "query", "schema": {"type": "number"}},
        {"name": "customer_id", "in": "query", "schema": {"type": "string"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "default": "5"}, "description": "up to 100"},
        {"name": "offset", "in": "query", "schema": {"type": "integer"}},
        {"name": "sort", "in": "query", "schema": {"type": "string"}},
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
    ]
    order_id = [{"name": "orderId", "in": "path", "required": True, "schema": {"type": "integer"}}]
    customer_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    body = {
        "type": "object",
        "required": ["title"],
        "properties": {
            "title": {"type": "string"},
            "total": {"type": "number"},
            "status": {"type": "string"},
            "customer_id": {"type": "string"},
        },
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1", "description": "Orders of a shop.\nMore."},
        "paths": {
            "/orders": {
                "get": {
                    "operationId": "listOrders",
                    "summary": "List orders",
                    "parameters": query,
                    "responses": {"200": _json(_list_of("Order"))},
                },
                "post": {
                    "operationId": "createOrder",
                    "summary": "Create an order",
                    "requestBody": _json(body),
                    "responses": {"201": _json(_named("Order"))},
                },
            },
            "/orders/{orderId}": {
                "parameters": order_id,
                "get": {
                    "operationId": "getOrder",
                    "summary": "Get an order",
                    "responses": {"200": _json(_named("Order"))},
                },
                "patch": {
                    "operationId": "updateOrder",
                    "summary": "Change an order",
                    "requestBody": _json(body | {"required": []}),
                    "responses": {"200": _json(_named("Order"))},
                },
                "delete": {
                    "operationId": "deleteOrder",
                    "summary": "Delete an order",
                    "responses": {"204": {"description": "gone"}},
                },
            },
            "/orders/{orderId}/cancel": {
                "post": {
                    "operationId": "cancelOrder",
                    "summary": "Cancel an order",
                    "parameters": order_id,
                    "responses": {"200": _json(_named("Order"))},
                }
            },
            "/orders/{orderId}/status": {
                "put": {
                    "operationId": "setStatus",
                    "summary": "Set the status of an order",
                    "parameters": order_id,
                    "requestBody": _json({"type": "object", "properties": {"status": {"type": "string"}}}),
                    "responses": {"204": {}},
                }
            },
            "/customers/{id}": {
                "get": {
                    "operationId": "getCustomer",
                    "parameters": customer_id,
                    "responses": {"200": _json(_named("Customer"))},
                }
            },
            "/customers/{id}/orders": {
                "get": {
                    "operationId": "listOrdersOfCustomer",
                    "summary": "List the orders of a customer",
                    "parameters": customer_id,
                    "responses": {"200": _json({"type": "array", "items": _named("Order")})},
                }
            },
            "/settings": {
                "get": {
                    "operationId": "getSettings",
                    "responses": {
                        "200": _json({"type": "object", "properties": {"theme": {"type": "string"}, "beta": {}}})
                    },
                },
                "put": {
                    "operationId": "setSettings",
                    "requestBody": _json({"type": "object", "properties": {"theme": {"type": "string"}}}),
                    "responses": {"204": {}},
                },
            },
            "/convert": {"get": {"operationId": "convertCurrency", "responses": {"200": _json({"type": "object"})}}},
        },
        "components": {"schemas": deepcopy({"Order": ORDER, "Line": LINE, "Customer": CUSTOMER})},
    }
