"""The state of a composed environment: records of each entity that refer to each other, some of them on their way."""

import random
from collections.abc import Mapping

from toolworld.environments.compiler.data.field_values import value_maker
from toolworld.environments.compiler.data.record_story import RecordStory
from toolworld.environments.normaliser.words import word_set
from toolworld.environments.synthesis.trades.trade import Entity, Field, Trade
from toolworld.ground import JsonObject, JsonSchema, JsonValue

RECORDS = 12
"""How many records an entity that is looked up has; what is made has more."""
_WORDS = ("amount", "price", "fee", "rate", "deposit", "premium", "rent", "salary", "weight", "tonnes", "hectares")
_WHOLE = word_set(
    "age capacity copies credits guests hours minutes months party_size people quantity rating rooms seat_count seats "
    "speed stock_quantity units weeks year"
)


def field_schema(field: Field, trade: Trade) -> JsonSchema:
    """The schema of a field: of its choices, its reference, or by its name."""
    last = field.name.rsplit("_", 1)[-1]
    if trade.entity(field.name) is not None:
        return {"type": "string", "description": f"The id of the {field.name.replace('_', ' ')}."}
    if field.choices:
        return {"type": "string", "enum": [*field.choices]}
    if last == "date":
        return {"type": "string", "format": "date", "description": "A day, such as 2026-03-05."}
    if field.name in _WHOLE:
        return {"type": "integer", "minimum": 1, "maximum": 40 if field.name != "year" else 2026}
    if last in _WORDS or field.name.endswith(("_price", "_per_person")):
        return {"type": "number", "minimum": 1, "maximum": 5000}
    return {"type": "string", "minLength": 1, "maxLength": 200}


def field_name(field: Field, trade: Trade) -> str:
    """What a record calls a field: a reference is the other's key."""
    other = trade.entity(field.name)
    return other.key if other is not None else field.name


def records_of(trade: Trade, seed: str) -> JsonObject:
    """The records of all entities, by collection and key."""
    state: dict[str, dict[str, JsonObject]] = {}
    for entity in trade.entities:
        draw = random.Random(f"{seed}:{entity.name}")
        count = RECORDS if entity.maker is None else RECORDS * 2
        rows = [_record(entity, number, trade, state, draw) for number in range(count)]
        state[entity.many] = {str(one[entity.key]): one for one in rows}
    return {name: {**rows} for name, rows in state.items()}


def _record(
    entity: Entity, number: int, trade: Trade, state: Mapping[str, Mapping[str, JsonObject]], draw: random.Random
) -> JsonObject:
    story = RecordStory(draw, number)
    record: JsonObject = {entity.key: f"{entity.name[0].upper()}{entity.name[-1].upper()}{1001 + number}"}
    for field in entity.fields:
        other = trade.entity(field.name)
        if other is not None:
            record[other.key] = draw.choice(sorted(state[other.many]))
        else:
            record[field.name] = _value(field, field_schema(field, trade), entity, story)
    if entity.maker is not None:
        record["status"] = draw.choice([entity.first, entity.first, *(one.status for one in entity.steps)])
    return record


def _value(field: Field, schema: JsonSchema, entity: Entity, story: RecordStory) -> JsonValue:
    if field.choices:
        return (
            field.choices[story.number % len(field.choices)]
            if field.name == "title"
            else story.draw.choice(field.choices)
        )
    if schema.get("format") == "date":
        month, day = story.draw.randint(1, 12), story.draw.randint(1, 28)
        year = {"birth_date": story.draw.randint(1948, 2012)}.get(field.name, 2026)
        return f"{year}-{month:02d}-{day:02d}"
    if schema.get("type") == "integer":
        return story.draw.randint(1998, 2025) if field.name == "year" else story.draw.randint(1, 12)
    if schema.get("type") == "number":
        return round(story.draw.uniform(5, 400), 2)
    make = value_maker(field.name, {"type": "string"}, entity.name)
    made = make(story) if make is not None else None
    return str(made) if made not in (None, "") else _TEXTS[story.draw.randrange(len(_TEXTS))]


_TEXTS = ("as agreed by telephone", "please call before", "second time this year", "no special wishes", "needs a ramp")
