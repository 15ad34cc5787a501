"""Ops as a JSON Patch (RFC 6902), for tools that know that format."""

from toolworld.environments.state.ops import Delete, Insert, Op, SetValue, Update
from toolworld.ground import JsonObject


def json_patch(ops: tuple[Op, ...]) -> list[JsonObject]:
    """Write ops as a JSON Patch against `State.document`."""
    return [step for op in ops for step in _steps(op)]


def _steps(op: Op) -> list[JsonObject]:
    match op:
        case Insert():
            return [{"op": "add", "path": _pointer("collections", op.collection, op.key), "value": op.record}]
        case Update():
            return [
                {"op": "add", "path": _pointer("collections", op.collection, op.key, field), "value": value}
                for field, value in op.fields.items()
            ]
        case Delete():
            return [{"op": "remove", "path": _pointer("collections", op.collection, op.key)}]
        case SetValue():
            return [{"op": "add", "path": _pointer("singletons", op.name), "value": op.value}]


def _pointer(*parts: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
