"""The state of a composed environment: records of each entity that refer to each other, some of them on their way."""

import random
from collections.abc import Mapping
from datetime import date, timedelta

from toolworld.environments.compiler.data.field_values import value_maker
from toolworld.environments.compiler.data.record_story import RecordStory
from toolworld.environments.normaliser.words import word_set
from toolworld.environments.synthesis.trades.trade import Entity, Field, Trade
from toolworld.ground import JsonObject, JsonSchema, JsonValue

RECORDS = 12
"""How many records an entity that is looked up has; what is made has more."""
_WORDS = word_set("amount cost deposit fee hectares premium price rate rent salary tonnes weight")
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
        return {"type": "number", "minimum": 1, "maximum": max(5000, 2 * field.between[1] if field.between else 0)}
    return {"type": "string", "minLength": 1, "maxLength": 200}


def field_name(field: Field, trade: Trade) -> str:
    """What a record calls a field: a reference is the other's key."""
    other = trade.entity(field.name)
    return other.key if other is not None else field.name


def records_of(trade: Trade, seed: str) -> JsonObject:
    """The records of all entities, by collection and key."""
    state: dict[str, dict[str, JsonObject]] = {}
    prefixes = _prefixes(trade)
    for entity in trade.entities:
        draw = random.Random(f"{seed}:{entity.name}")
        titles = next((len(one.choices) for one in entity.fields if one.name == "title" and one.choices), RECORDS)
        count = titles if entity.maker is None else RECORDS * 2
        keys = (f"{prefixes[entity.name]}{1001 + number}" for number in range(count))
        state[entity.many] = {
            key: {entity.key: key, **_fields(entity, number, trade, state, draw)} for number, key in enumerate(keys)
        }
    return {name: {**rows} for name, rows in state.items()}


def _prefixes(trade: Trade) -> Mapping[str, str]:
    """What the ids of each entity begin with: two or three of its letters that no other has."""
    taken: dict[str, str] = {}
    for entity in trade.entities:
        first, *others = entity.name.upper()
        initials = "".join(word[0] for word in entity.name.upper().split("_"))
        possible = [initials] if len(initials) > 1 else []
        possible += [f"{first}{one}" for one in reversed(others)]
        possible += [f"{first}{one}{another}" for one in others for another in others]
        taken[next(one for one in possible if one not in taken)] = entity.name
    return {name: prefix for prefix, name in taken.items()}


def _fields(
    entity: Entity, number: int, trade: Trade, state: Mapping[str, Mapping[str, JsonObject]], draw: random.Random
) -> JsonObject:
    """The fields of a record, but for its key."""
    story = RecordStory(draw, number)
    record: JsonObject = {}
    status = draw.choice([entity.first, entity.first, *(one.status for one in entity.steps)])
    for field in entity.fields:
        other = trade.entity(field.name)
        schema = field_schema(field, trade)
        if other is not None:
            record[other.key] = draw.choice(sorted(state[other.many]))
        elif field.name == "amount" and (owed := _owed(entity, record, trade, state)) is not None:
            record[field.name] = owed
        elif field.name == "end_date" and "start_date" in record:
            start = date.fromisoformat(str(record["start_date"]))
            record[field.name] = (start + timedelta(days=draw.randint(1, _LONGEST_STAY))).isoformat()
        elif schema.get("format") == "date":
            record[field.name] = _day(field.name, entity, draw, is_over=_is_over(field.name, entity, status))
        else:
            record[field.name] = _value(field, schema, entity, story)
            if field.name == "destination" and record[field.name] == record.get("origin"):
                record[field.name] = "Bergen" if record[field.name] != "Bergen" else "Ghent"
    if entity.maker is not None:
        record["status"] = status
    return record


def _is_over(name: str, entity: Entity, status: str) -> bool:
    """Whether a day of a record is behind: its end once it has ended, any other once it has happened."""
    if name in ("end_date", "expiry_date"):
        return status in _ENDED
    return status != entity.first or (entity.tells_of_the_past and name == "date")


def _owed(
    entity: Entity, record: JsonObject, trade: Trade, state: Mapping[str, Mapping[str, JsonObject]]
) -> float | None:
    """What a record's amount is: so many times the price of what it refers to, if that has one."""
    count = next((record[name] for name in _COUNTS if name in record), 1)
    for other in (trade.entity(one.name) for one in entity.fields):
        price = state[other.many][str(record[other.key])].get("price") if other is not None else None
        if isinstance(price, int | float) and isinstance(count, int):
            return round(price * count, 2)
    return None


_COUNTS = ("quantity", "people", "seat_count", "copies")


def _day(name: str, entity: Entity, draw: random.Random, *, is_over: bool) -> str:
    """A day: of birth, or behind the start of the clock where something is over, or ahead of it."""
    if name == "birth_date":
        first, last = {"animal": (2012, 2025), "child": (2019, 2023)}.get(entity.name, (1948, 2006))
        return date(draw.randint(first, last), draw.randint(1, 12), draw.randint(1, 28)).isoformat()
    days = -draw.randint(3, 240) if is_over else draw.randint(2, 260)
    return (_TODAY + timedelta(days=days)).isoformat()


def _value(field: Field, schema: JsonSchema, entity: Entity, story: RecordStory) -> JsonValue:
    draw = story.draw
    if field.choices:
        return field.choices[story.number % len(field.choices)] if field.name == "title" else draw.choice(field.choices)
    between = field.between or _RANGES.get(field.name)
    if between is not None:
        first, last = between
        return draw.randint(int(first), int(last)) if schema.get("type") == "integer" else _sum(draw, first, last)
    if schema.get("type") == "integer":
        return draw.randint(1, 12)
    if schema.get("type") == "number":
        return round(draw.uniform(5, 400), 2)
    return _text(field.name, entity, story)


def _sum(draw: random.Random, first: float, last: float) -> float:
    """A number between two others, as people set prices: the greater the rounder."""
    step = next(step for least, step in _STEPS if last >= least)
    return round(step * round(draw.uniform(first, last) / step), 2)


_STEPS = ((10_000, 500.0), (1_000, 10.0), (200, 5.0), (50, 1.0), (10, 0.5), (0, 0.05))
"""From what greatest number on numbers are multiples of what."""
_LONGEST_STAY = 21
_ENDED = word_set("archived cancelled completed ended expired finished left revoked returned voided withdrawn")
"""Statuses of what is over, so that its end is behind."""
_TODAY = date(2026, 3, 2)
"""When the clocks of composed environments start."""
_RANGES = {
    "age": (1, 14),
    "capacity": (40, 400),
    "minutes": (15, 90),
    "people": (1, 6),
    "rate": (1, 9),
    "rating": (1, 5),
    "salary": (2100, 4900),
    "seats": (2, 12),
    "tonnes": (1, 40),
    "weight": (1, 30),
    "year": (1998, 2025),
}
"""Between what the values of a field lie."""


def _text(name: str, entity: Entity, story: RecordStory) -> str:
    """A text for a field, by its name: of a person, a code, a place, a sentence; else what the compiler would make."""
    last, draw = name.rsplit("_", 1)[-1], story.draw
    if name in _POOLS:
        return draw.choice(_POOLS[name].split("|"))
    if last == "number" or name in ("plate", "seat"):
        return f"{draw.choice('ABCEHKLMPRST')}{draw.choice('ABCEHKLMPRST')}{draw.randint(1000, 9999)}"
    if last == "name":
        return _name(name, entity, story)
    if name in ("room", "place"):
        return f"Room {draw.randint(1, 24)}" if name == "room" else f"Hall {draw.randint(1, 6)}"
    if name == "author":
        return story.person
    if name in ("destination", "origin", "city"):
        return RecordStory(draw, story.number).spot.city
    make = value_maker(name, {"type": "string"}, entity.name)
    made = make(story) if make is not None else None
    return str(made) if made not in (None, "") else draw.choice(_POOLS["note"].split("|"))


def _name(name: str, entity: Entity, story: RecordStory) -> str:
    """A name: of a person, an animal, a thing with a number, or of what is used or eaten."""
    fields = {one.name for one in entity.fields}
    if entity.name == "animal":
        return story.draw.choice(_ANIMALS.split("|"))
    if name in ("part_name", "dish_name", "item_name"):
        return story.draw.choice(_THINGS[name].split("|"))
    if name != "name" or fields & {"phone", "email", "birth_date"} or entity.name in _PEOPLE:
        return story.person
    return f"{entity.thing.capitalize()} {story.number + 1}"


_PEOPLE = word_set("carer child cleaner dentist lawyer mechanic plumber stylist teacher therapist")
_ANIMALS = "Bella|Bruno|Coco|Daisy|Felix|Ginger|Luna|Max|Nala|Oscar|Pepper|Rocky|Simba|Toby"
_THINGS = {
    "part_name": "Brake pads|Clutch|Exhaust|Battery|Wiper blades|Oil filter",
    "dish_name": "Soup of the day|Grilled trout|Mushroom risotto|Apple tart|Green salad",
    "item_name": "Rice|Pasta|Tinned tomatoes|Oat milk|Apples|Nappies",
}
_POOLS = {
    "comment": "Friendly and quick|Later than agreed|Exactly what I wanted|Could be cheaper",
    "department": "Accounts|Engineering|Facilities|Legal|Sales|Support",
    "description": "It stopped working yesterday|A part is missing|It was damaged on arrival|It makes a strange noise",
    "message": "Happy birthday|With our sympathy|Thank you for everything|Get well soon",
    "model": "Aster 2|Boreal|Cirrus 14|Delta S|Ember|Fjord",
    "note": "Please call before|As agreed by telephone|Second time this year|Prefers mornings",
    "programme": "Biology|Economics|History|Mathematics|Nursing",
    "purpose": "General|Building|Equipment",
    "reason": "Changed plans|Not as described|Arrived late|Routine|Follow-up",
    "size": "4 m2|6 m2|9 m2|12 m2",
    "time": "12:00|13:30|18:00|19:30|20:15",
    "topic": "Passport|Registration|Building plans|Waste collection",
}
"""Texts by the name of a field."""
