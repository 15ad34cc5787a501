"""Values of fields: a plan a field, made once, that gives a value for each record's story."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import cast

from toolworld.environments.compiler.data.record_story import RecordStory
from toolworld.environments.compiler.data.semantics import semantic_of
from toolworld.environments.compiler.layout.statuses import STATUSES
from toolworld.environments.normaliser.mend import fits, plain_type
from toolworld.environments.normaliser.shape import items_of, properties_of
from toolworld.environments.normaliser.words import last_word, singular, word_set, words
from toolworld.ground import JsonSchema, JsonValue

ValueMaker = Callable[[RecordStory], JsonValue]
"""Gives the value of a field for a record."""

MAX_DEPTH = 3
"""How deep objects are filled in."""
MAX_FIELDS = 40
"""How many fields of an inner object are filled in."""
_SAME_STORY = word_set("""address attributes billing contact data details location profile shipping""")
"""Objects that are about the record itself."""
_CATEGORIES = ("standard", "premium", "internal")
_SENTENCES = (
    "{title}: agreed with the team and ready to go.",
    "Notes on {title}, to be gone through next week.",
    "{title} as discussed with {person}.",
    "Covers {title} and what follows from it.",
)


def value_maker(name: str, schema: JsonSchema, entity: str, depth: int = 0) -> ValueMaker | None:
    """Plan the values of a field; None where nothing is known of it, so that records do without.

    Args:
        name: The field's name.
        schema: Its schema.
        entity: What the record is.
        depth: How deep the field stands in its record.
    """
    values = schema.get("enum")
    kind = plain_type(schema)
    if isinstance(values, list) and (listed := [one for one in values if one is not None]):
        return lambda story: story.draw.choice(listed)
    if "const" in schema:
        return lambda _: schema["const"]
    if kind == "array":
        return _list_maker(name, schema, depth)
    if kind == "object":
        return _object_maker(name, schema, entity, depth)
    semantic = semantic_of(name, schema, entity)
    if semantic is not None:
        return _typed(_SEMANTIC[semantic], name, schema, kind)
    examples = schema.get("examples")
    if isinstance(examples, list) and examples and kind == "string" and re.search(r"\d", str(examples[0])):
        return _pattern_of(str(examples[0]))
    return _plain(name, schema, kind)


def _list_maker(name: str, schema: JsonSchema, depth: int) -> ValueMaker | None:
    inner = None
    if depth < MAX_DEPTH and items_of(schema):
        inner = value_maker(singular(name), items_of(schema), singular(name), depth + 1)
    if inner is None:
        return lambda _: []
    make = inner
    if properties_of(items_of(schema)):
        return lambda story: [make(RecordStory(story.draw, number)) for number in range(story.draw.choice((1, 1, 2)))]
    return lambda story: [make(RecordStory(story.draw, number)) for number in range(story.draw.choice((1, 2)))]


def _object_maker(name: str, schema: JsonSchema, entity: str, depth: int) -> ValueMaker:
    if depth >= MAX_DEPTH:
        return lambda _: {}
    parts = words(name)
    is_same = not parts or parts[-1] in _SAME_STORY
    about = entity if is_same else singular(parts[-1])
    makers = {
        field: made
        for field, one in list(properties_of(schema).items())[:MAX_FIELDS]
        if (made := value_maker(field, one, about, depth + 1)) is not None
    }
    if is_same:
        return lambda story: {field: make(story) for field, make in makers.items()}

    def with_own_story(story: RecordStory) -> JsonValue:
        own = RecordStory(story.draw, story.number)
        return {field: make(own) for field, make in makers.items()}

    return with_own_story


def _typed(make: Callable[[RecordStory, str], object], name: str, schema: JsonSchema, kind: str | None) -> ValueMaker:
    """A maker whose values have the type, the format and the limits of the schema."""

    def made(story: RecordStory) -> JsonValue:
        value = make(story, name)
        if isinstance(value, datetime):
            return _moment(value, name, schema, kind)
        return _limited(_as_type(cast(JsonValue, value), kind, story), schema)

    return made


def _moment(moment: datetime, name: str, schema: JsonSchema, kind: str | None) -> JsonValue:
    if kind in ("integer", "number"):
        return int(moment.timestamp())
    last = last_word(name)
    is_day = schema.get("format") == "date" or (last in ("date", "birthday", "dob") and "format" not in schema)
    return moment.date().isoformat() if is_day else f"{moment.replace(second=0).isoformat()[:19]}Z"


def _as_type(value: JsonValue, kind: str | None, story: RecordStory) -> JsonValue:
    if kind is None or fits(value, kind):
        return value
    match kind:
        case "integer":
            return int(value) if isinstance(value, float) else story.draw.randint(1, 900)
        case "number":
            return round(story.draw.uniform(1, 100), 2)
        case "string":
            return str(value)
        case _:
            return value


def _limited(value: JsonValue, schema: JsonSchema) -> JsonValue:
    """A value within the limits of a schema."""
    if isinstance(value, str):
        most = schema.get("maxLength")
        return value[:most] if isinstance(most, int) else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        if isinstance(high, int | float) and value > high:
            value = type(value)(high)
        if isinstance(low, int | float) and value < low:
            value = type(value)(low)
    return value


def _plain(name: str, schema: JsonSchema, kind: str | None) -> ValueMaker | None:
    """The values of a field of which only the type is known; of a text not even that is enough."""
    if kind == "integer" or kind == "number":
        low = schema.get("minimum")
        high = schema.get("maximum")
        least = low if isinstance(low, int | float) else 0
        most = high if isinstance(high, int | float) else least + 100
        if kind == "integer":
            return lambda story: story.draw.randint(int(least), max(int(least), int(most)))
        return lambda story: round(story.draw.uniform(least, max(least, most)), 2)
    return None


def _pattern_of(example: str) -> ValueMaker:
    """Values of the form of an example: `ORD-1234` gives other digits, and the same letters."""
    return lambda story: re.sub(r"\d", lambda _: str(story.draw.randint(0, 9)), example)


def _uuid(story: RecordStory) -> str:
    bits = story.draw.getrandbits
    return f"{bits(32):08x}-{bits(16):04x}-4{bits(12):03x}-a{bits(12):03x}-{bits(48):012x}"


def _code(story: RecordStory, name: str) -> str:
    letters = re.sub("[^A-Za-z]", "", name)[:3].upper() or "REC"
    return f"{letters}-{story.draw.randint(1000, 9999)}"


def _text(story: RecordStory) -> str:
    return story.draw.choice(_SENTENCES).format(title=story.title, person=story.person)


_SEMANTIC: dict[str, Callable[[RecordStory, str], object]] = {
    "age": lambda story, _: story.draw.randint(19, 78),
    "airport": lambda story, _: f"{story.spot.city} Airport",
    "balance": lambda story, _: round(story.draw.uniform(0, 5000), 2),
    "birthday": lambda story, _: story.made_at.replace(year=story.draw.randint(1951, 2004)),
    "boolean": lambda story, _: story.draw.random() < 0.6,
    "category": lambda story, _: story.draw.choice(_CATEGORIES),
    "changed_at": lambda story, _: story.changed_at,
    "city": lambda story, _: story.spot.city,
    "code": lambda story, name: _code(story, name),
    "colour": lambda story, _: story.draw.choice(("#2f6f4f", "#c0392b", "#2980b9", "#8e44ad")),
    "company": lambda story, _: story.company,
    "count": lambda story, _: story.draw.randint(0, 400),
    "country": lambda story, _: story.spot.country,
    "country_code": lambda story, _: story.spot.country_code,
    "currency": lambda story, _: story.spot.currency,
    "digest": lambda story, _: f"{story.draw.getrandbits(64):016x}",
    "duration": lambda story, _: story.draw.choice((5, 10, 15, 30, 45, 60, 90, 120)),
    "email": lambda story, _: f"{story.username}@example.com",
    "ends_at": lambda story, _: story.ends_at,
    "fee": lambda story, _: round(story.total * 0.03, 2),
    "file_name": lambda story, _: f"{story.slug}.pdf",
    "first_name": lambda story, _: story.first_name,
    "gender": lambda story, _: story.draw.choice(("female", "male")),
    "gross": lambda story, _: round(story.total * 1.2, 2),
    "image": lambda story, _: f"https://example.com/images/{story.slug}.png",
    "ip": lambda story, _: f"192.0.2.{story.draw.randint(1, 254)}",
    "language": lambda story, _: story.draw.choice(("en", "fr", "de", "es")),
    "last_name": lambda story, _: story.last_name,
    "latitude": lambda story, _: round(story.spot.latitude + story.draw.uniform(-0.05, 0.05), 5),
    "location": lambda story, _: f"{story.street}, {story.spot.city}",
    "longitude": lambda story, _: round(story.spot.longitude + story.draw.uniform(-0.05, 0.05), 5),
    "made_at": lambda story, _: story.made_at,
    "measure": lambda story, _: round(story.draw.uniform(1, 200), 1),
    "method": lambda story, _: story.draw.choice(("standard", "express")),
    "month": lambda story, _: story.made_at.month,
    "path": lambda story, _: f"/{story.slug}",
    "percent": lambda story, _: round(story.draw.uniform(0, 100), 1),
    "person": lambda story, _: story.person,
    "phone": lambda story, _: f"+1 555 01{story.draw.randint(0, 99):02d}",
    "postcode": lambda story, _: story.spot.postcode,
    "price": lambda story, _: story.price,
    "quantity": lambda story, _: story.quantity,
    "region": lambda story, _: story.spot.region,
    "relationship": lambda story, _: story.draw.choice(("parent", "partner", "sibling", "friend", "colleague")),
    "score": lambda story, _: round(story.draw.uniform(1, 5), 1),
    "share": lambda story, _: round(story.draw.random(), 3),
    "slug": lambda story, _: story.slug,
    "starts_at": lambda story, _: story.starts_at,
    "status": lambda story, _: story.draw.choice(STATUSES),
    "street": lambda story, _: story.street,
    "tax": lambda story, _: round(story.total * 0.2, 2),
    "text": lambda story, _: _text(story),
    "timezone": lambda story, _: story.spot.timezone,
    "title": lambda story, _: story.title,
    "total": lambda story, _: story.total,
    "url": lambda story, _: f"https://example.com/{story.slug}",
    "username": lambda story, _: story.username.replace(".", "_"),
    "uuid": lambda story, _: _uuid(story),
    "version": lambda story, _: f"{story.draw.randint(1, 4)}.{story.draw.randint(0, 9)}.{story.draw.randint(0, 9)}",
    "year": lambda story, _: story.made_at.year,
}
"""How a value of each semantic type is made."""
