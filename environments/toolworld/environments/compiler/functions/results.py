"""The schemas of records and results of a compiled environment: types and descriptions, no narrower than what is
written."""

from toolworld.environments.compiler.functions.expressions import returns_key
from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, Collection
from toolworld.environments.compiler.plans.plan import PLAIN_TYPES, Plan
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.shape import properties_of
from toolworld.ground import JsonSchema, JsonValue


def record_schema(collection: Collection) -> JsonSchema:
    """The schema of a collection's records, hidden fields included."""
    properties: dict[str, JsonValue] = {
        name: {} if name in collection.mixed else _type_only(one) for name, one in collection.fields.items()
    }
    properties |= {name: {} for name in (*collection.implied, *collection.parents)}
    if collection.is_single:
        return {"type": "object", "properties": properties}
    if collection.key_field == HIDDEN_KEY:
        properties[HIDDEN_KEY] = {"type": "string"}
    return {"type": "object", "properties": properties, "required": [collection.key_field]}


def output_schema(plan: Plan) -> JsonSchema:
    """The schema of what a tool returns."""
    kind = plain_type(plan.operation.response)
    if plan.template == "pack" and kind in PLAIN_TYPES:
        return _type_only(plan.operation.response)
    if plan.template == "fact":
        told = properties_of(plan.operation.response)
        repeated = {one.name for one in plan.operation.parameters}
        return {
            "type": "object",
            "properties": {name: {} if name in repeated else _described(one) for name, one in told.items()},
        }
    if plan.template in ("values", "pack"):
        return {"type": "object"}
    is_key = plan.template == "create" and returns_key(plan)
    if plan.result_field is not None and plan.result_field in plan.collection.mixed:
        return {}
    if plan.result_field is not None or (not plan.shown and (kind in ("string", "boolean") or is_key)):
        return _type_only(plan.operation.response)
    mixed = plan.collection.mixed
    shown = {name: {} if name in mixed else _described(plan.collection.fields[name]) for name in plan.shown}
    if plan.template == "create" and not shown and plan.collection.key is not None:
        shown = {plan.collection.key: _described(plan.collection.fields[plan.collection.key])}
    record: JsonSchema = {"type": "object", "properties": dict(shown)}
    if plan.template in ("single_clear",) or (not shown and plan.shape not in ("list", "wrapped_list")):
        return {"type": "object"}
    match plan.shape:
        case "list":
            return {"type": "array", "items": record}
        case "wrapped_list":
            return _under(plan, {"type": "array", "items": record})
        case "wrapped_record":
            return _under(plan, record)
        case _:
            return record


def _under(plan: Plan, schema: JsonSchema) -> JsonSchema:
    for name in reversed(plan.reading.wrapper):
        schema = {"type": "object", "properties": {name: schema}}
    return schema


def _type_only(schema: JsonSchema) -> JsonSchema:
    """The type of a field; null is allowed where the document allows it."""
    kind = schema.get("type")
    return {} if kind is None or plain_type(schema) is None else {"type": kind}


def _described(schema: JsonSchema) -> JsonSchema:
    shown = _type_only(schema)
    said = schema.get("description")
    return {**shown, "description": str(said)[:160]} if said else shown
