"""What a field holds, by its name, type, format and description: a first name, a price, the time of a change."""

from collections.abc import Callable

from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.words import singular, word_set, words
from toolworld.ground import JsonSchema

_PEOPLE = word_set(
    """assignee attendee author buyer cardholder client contact customer driver employee guest holder lead member
    organiser organizer owner passenger patient person player recipient reporter seller sender student teacher tutor
    user"""
)
"""Words for people, whose names are names of people."""
_TIME_ENDINGS = word_set("""at created date datetime expires expiry modified on time timestamp updated""")
_MADE = word_set("""added created create creation inserted joined registered registration since""")
_ENDS = word_set("checkout deadline departure due end ends expiration expires expiry leave until")
_STARTS = word_set("arrival begin begins checkin effective from join scheduled start started starts valid")
_MONEY = word_set(
    """amount balance budget charge cost discount fee fees income price revenue salary sum tax total value subtotal"""
)
_SUMS = (
    ({"tax", "vat"}, "tax"),
    ({"fee", "fees"}, "fee"),
    ({"balance", "budget", "income", "revenue", "salary"}, "balance"),
    ({"gross"}, "gross"),
    ({"net", "subtotal", "total"}, "total"),
)
_COUNTS = word_set("""count followers length likes num number quantity size views visits votes""")

_Rule = Callable[[tuple[str, ...], frozenset[str], str, JsonSchema], str | None]


def semantic_of(name: str, schema: JsonSchema, entity: str) -> str | None:
    """The semantic type of a field, or None where nothing says.

    Args:
        name: The field's name.
        schema: Its schema.
        entity: What the record is.
    """
    parts, kind = words(name), plain_type(schema) or ""
    if not parts or kind in ("object", "array"):
        return None
    if kind == "boolean":
        return "boolean"
    every = frozenset(parts)
    for rule in _RULES:
        found = rule(parts, every, kind, schema)
        if found is not None:
            return found
    return _name(parts, every, kind, entity)


def _time(parts: tuple[str, ...], every: frozenset[str], kind: str, schema: JsonSchema) -> str | None:
    is_time = schema.get("format") in ("date", "date-time") or (
        parts[-1] in _TIME_ENDINGS and (bool(parts[:-1]) or parts[-1] not in ("at", "on"))
    )
    if not is_time or "zone" in every or kind not in ("string", "integer", "number", ""):
        return None
    if every & {"birth", "birthday", "dob"}:
        return "birthday"
    if every & _MADE:
        return "made_at"
    if every & _ENDS:
        return "ends_at"
    return "starts_at" if every & _STARTS else "changed_at"


def _identity(parts: tuple[str, ...], every: frozenset[str], kind: str, schema: JsonSchema) -> str | None:
    last = parts[-1]
    if schema.get("format") == "uuid" or last in ("uuid", "guid"):
        return "uuid"
    if schema.get("format") == "email" or "email" in every:
        return "email" if kind != "integer" else None
    is_link = schema.get("format") == "uri" or last in (
        "url",
        "uri",
        "href",
        "link",
        "website",
        "homepage",
        "permalink",
    )
    if is_link and kind == "string":
        return "url"
    if last in ("avatar", "icon", "image", "logo", "photo", "picture", "thumbnail") and kind == "string":
        return "image"
    return None


def _person(parts: tuple[str, ...], every: frozenset[str], kind: str, schema: JsonSchema) -> str | None:
    joined = "".join(parts)
    if joined in ("firstname", "givenname", "forename") or {"first", "name"} <= every or {"given", "name"} <= every:
        return "first_name"
    if joined in ("lastname", "surname", "familyname") or {"last", "name"} <= every or "surname" in every:
        return "last_name"
    if joined == "middlename":
        return "first_name"
    if every & {"fax", "mobile", "msisdn", "phone", "telephone"} and kind == "string" and "type" not in every:
        return "phone"
    if parts[-2:] in (("user", "name"), ("screen", "name")) or parts[-1] in ("handle", "login", "nickname"):
        return "username"
    if joined in ("gender", "sex"):
        return "gender"
    if joined == "age":
        return "age"
    if every & {"birthday", "dob", "birthdate"}:
        return "birthday"
    if "relationship" in every:
        return "relationship"
    return None


def _where(parts: tuple[str, ...], every: frozenset[str], kind: str, schema: JsonSchema) -> str | None:
    last, is_text = parts[-1], kind in ("string", "")
    if every & {"city", "town", "locality"} and is_text and last not in ("id", "code"):
        return "city"
    if last in ("county", "province", "region") and is_text:
        return "region"
    if (every & {"postcode", "zip", "postal"} or {"post", "code"} <= every) and is_text:
        return "postcode"
    if "country" in every and is_text:
        is_code = last in ("code", "iso") or schema.get("maxLength") == 2
        return "country_code" if is_code else "country"
    if last in ("street", "address", "address1", "line1") and is_text:
        return "street"
    if last == "location" and kind == "string":
        return "location"
    if last == "airport" and kind == "string":
        return "airport"
    if last in ("lat", "latitude"):
        return "latitude"
    if last in ("lng", "lon", "long", "longitude"):
        return "longitude"
    if "timezone" in every or last == "tz" or parts[-2:] == ("time", "zone"):
        return "timezone"
    if "ip" in every and is_text:
        return "ip"
    return None


def _amount(parts: tuple[str, ...], every: frozenset[str], kind: str, schema: JsonSchema) -> str | None:
    is_number = kind in ("integer", "number")
    if "currency" in every and kind == "string":
        return "currency"
    if every & {"percent", "percentage", "rate", "ratio", "probability", "confidence"} and is_number:
        return "share" if every & {"probability", "confidence", "ratio"} else "percent"
    if every & {"rating", "score", "stars"} and is_number:
        return "score"
    if parts[-1] == "year":
        return "year"
    if parts[-1] == "month" and is_number:
        return "month"
    if every & {"duration", "minutes", "seconds", "hours", "days", "ttl"} and is_number:
        return "duration"
    if every & {"height", "width", "depth", "weight", "distance", "radius", "temperature"} and is_number:
        return "measure"
    if every & {"qty", "quantity", "seats", "units", "stock", "capacity"} and is_number:
        return "quantity"
    if parts[-1] in _COUNTS | {"total"} and kind == "integer" and not every & _MONEY - {"total", "value"}:
        return "count"
    return None


def _money(parts: tuple[str, ...], every: frozenset[str], kind: str, schema: JsonSchema) -> str | None:
    """What a sum is for, so that those of a record agree: the gross one is the net one and the tax."""
    if kind not in ("integer", "number") or every & _COUNTS:
        return None
    for names, semantic in _SUMS:
        if every & names:
            return semantic
    return "price" if every & _MONEY else None


def _word(parts: tuple[str, ...], every: frozenset[str], kind: str, schema: JsonSchema) -> str | None:
    return _BY_WORD.get(parts[-1]) if kind in ("string", "") else None


_WORDS = {
    "company": "company employer manufacturer brand merchant organisation organization vendor",
    "status": "status state stage phase",
    "text": """description summary text body content message comment note notes bio about details reason instructions
        remarks caption""",
    "slug": "slug",
    "language": "language lang locale",
    "colour": "color colour",
    "version": "version",
    "path": "path filepath",
    "file_name": "filename file",
    "method": "method",
    "category": "type kind category tag group level role class mode tier scope source",
    "digest": "hash token secret etag checksum signature sha md5 fingerprint",
    "code": "id ids key sku code ref reference symbol isbn arn serial",
}
_BY_WORD = {word: semantic for semantic, text in _WORDS.items() for word in text.split()}
"""What a text holds whose name ends in a word."""
_RULES: tuple[_Rule, ...] = (_time, _identity, _person, _where, _amount, _money, _word)


def _name(parts: tuple[str, ...], every: frozenset[str], kind: str, entity: str) -> str | None:
    """What the rest holds: a name of a person or a thing, or the number of something."""
    last = parts[-1]
    about = singular(entity.split("_")[-1]) if entity else ""
    if kind in ("string", "") and last in ("name", "fullname", "displayname", *_PEOPLE):
        is_person = bool(every & _PEOPLE) or about in _PEOPLE or last == "fullname"
        return "person" if is_person else "title"
    if kind in ("string", "") and last in ("title", "label", "subject", "headline", "topic"):
        return "title"
    if kind == "integer" and last in ("id", "ids", "number", "code", "no"):
        return "code"
    return None
