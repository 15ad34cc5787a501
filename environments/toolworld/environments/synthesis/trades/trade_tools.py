"""The tools of a trade: what looks records up, makes them, changes them, and leads them from status to status.

Each documents its errors, and the compiler makes checks of them.
"""

from collections.abc import Iterator

from toolworld.environments.normaliser.operation import Operation, Parameter
from toolworld.environments.spec.tool import DocumentedError
from toolworld.environments.synthesis.trades.trade import Entity, Step, Trade, with_article
from toolworld.environments.synthesis.trades.trade_state import field_name, field_schema
from toolworld.ground import JsonObject, JsonSchema

_CHANGEABLE = ("phone", "email", "address", "note", "room", "area", "price", "date", "description")
_MOST_OPEN = 4
"""How many records on their way one of the served may have."""


def operations_of(trade: Trade) -> tuple[Operation, ...]:
    """All tools of a trade."""
    return tuple(one for entity in trade.entities for one in _of_entity(entity, trade))


def _of_entity(entity: Entity, trade: Trade) -> Iterator[Operation]:
    yield _get(entity, trade)
    yield _list(entity, trade)
    if entity.maker is not None:
        yield _make(entity, trade)
    if any(one.name in _CHANGEABLE for one in entity.fields):
        yield _update(entity, trade)
    yield from (_step(entity, step, trade) for step in entity.steps)


def shown_schema(entity: Entity, trade: Trade) -> JsonSchema:
    """The schema of a record as tools show it."""
    properties: JsonObject = {entity.key: _key(entity)}
    for field in entity.fields:
        schema = field_schema(field, trade)
        properties[field_name(field, trade)] = {name: schema[name] for name in ("type", "enum") if name in schema}
    if entity.maker is not None:
        properties["status"] = {"type": "string", "enum": [*entity.statuses]}
    return {"type": "object", "properties": properties}


def _key(entity: Entity) -> JsonSchema:
    return {"type": "string", "description": f"The id of the {entity.thing}."}


def _missing(entity: Entity) -> DocumentedError:
    return DocumentedError(code=f"{entity.name}_not_found", when=f"There is no such {entity.thing}.")


def _tool(
    name: str,
    said: str,
    parameters: list[Parameter],
    response: JsonSchema,
    *errors: DocumentedError,
    reads: bool = False,
) -> Operation:
    unique = tuple({one.code: one for one in errors}.values())
    return Operation(name, name, said, tuple(parameters), response, unique, stated_effect="read" if reads else "write")


def _parameter(name: str, schema: JsonSchema, *, required: bool = True) -> Parameter:
    return Parameter(name, name, schema, required=required)


def _get(entity: Entity, trade: Trade) -> Operation:
    said = f"Get {_a(entity)} by its id."
    given = [_parameter(entity.key, _key(entity))]
    return _tool(f"get_{entity.name}", said, given, shown_schema(entity, trade), _missing(entity), reads=True)


def _list(entity: Entity, trade: Trade) -> Operation:
    """List records, by what they refer to, by a choice, by their status or by a word of their name."""
    given: list[Parameter] = []
    for field in entity.fields:
        schema = field_schema(field, trade)
        if trade.entity(field.name) is not None or field.choices or field.name in ("name", "title", "city", "date"):
            filtered = {name: schema[name] for name in ("type", "enum") if name in schema}
            name = field_name(field, trade)
            only = {**filtered, "description": f"Only those with this {name.replace('_', ' ')}."}
            given.append(_parameter(name, only, required=False))
    if entity.maker is not None:
        only_status: JsonSchema = {
            "type": "string",
            "enum": [*entity.statuses],
            "description": "Only those with this status.",
        }
        given.append(_parameter("status", only_status, required=False))
    listed: JsonSchema = {"type": "array", "items": shown_schema(entity, trade)}
    response: JsonSchema = {"type": "object", "properties": {entity.many: listed}}
    said = f"List {entity.many.replace('_', ' ')}; each filter leaves those that fit."
    return _tool(f"list_{entity.many}", said, given, response, reads=True)


def _make(entity: Entity, trade: Trade) -> Operation:
    given: list[Parameter] = []
    errors: list[DocumentedError] = []
    owner = next((one for one in entity.fields if trade.entity(one.name) is not None), None)
    for field in entity.fields:
        is_note = field.name in ("note", "comment", "message")
        given.append(_parameter(field_name(field, trade), field_schema(field, trade), required=not is_note))
        other = trade.entity(field.name)
        if other is not None:
            errors.append(_missing(other))
        is_past = field.name == "date" and entity.tells_of_the_past
        if field.name in ("date", "start_date", "due_date") and not is_past:
            said = f"The {field.name.replace('_', ' ')} is in the past."
            errors.append(DocumentedError(code=f"{field.name}_in_the_past", when=said))
    if {"start_date", "end_date"} <= {one.name for one in entity.fields}:
        errors.append(DocumentedError(code="end_before_start", when="The end date is before the start date."))
    if entity.tells_of_the_past:
        owner = None  # what has happened already is not limited
    if owner is not None and (served := trade.entity(owner.name)) is not None and served is trade.entities[0]:
        said = f"The {served.thing} has {_MOST_OPEN} {entity.first.replace('_', ' ')} {entity.many.replace('_', ' ')}."
        errors.append(DocumentedError(code=f"too_many_{entity.many}", when=said))
    said = f"{_sentence(entity.maker or 'make')} {_a(entity)}."
    return _tool(f"{entity.maker}_{entity.name}", said, given, shown_schema(entity, trade), *errors)


def _not_in(entity: Entity, status: str) -> DocumentedError:
    return DocumentedError(
        code=f"{entity.name}_not_{status}", when=f"The {entity.thing} is not {status.replace('_', ' ')}."
    )


def _update(entity: Entity, trade: Trade) -> Operation:
    changeable = [one for one in entity.fields if one.name in _CHANGEABLE]
    given = [_parameter(entity.key, _key(entity))]
    given += [_parameter(one.name, field_schema(one, trade), required=False) for one in changeable]
    errors = [_missing(entity)] + ([_not_in(entity, entity.first)] if entity.maker is not None else [])
    said = f"Change {_a(entity)}: what is given is written, the rest stays."
    return _tool(f"update_{entity.name}", said, given, shown_schema(entity, trade), *errors)


def _step(entity: Entity, step: Step, trade: Trade) -> Operation:
    given = [_parameter(entity.key, _key(entity))]
    said = f"{_sentence(step.verb)} {_a(entity)}. Its status is changed to '{step.status}'."
    errors = (_missing(entity), _not_in(entity, step.start))
    return _tool(f"{step.verb}_{entity.name}", said, given, shown_schema(entity, trade), *errors)


def _sentence(verb: str) -> str:
    return verb.replace("_", " ").capitalize()


def _a(entity: Entity) -> str:
    return with_article(entity.thing)
