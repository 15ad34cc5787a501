"""Values of strangers as HTML: escaped, cut to size, with invisible characters made visible."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from enum import Enum

import orjson
from markupsafe import Markup, escape

from toolworld.ground import JsonObject, JsonValue

MAX_TEXT = 600
"""Characters of a text that a page shows; all of it is in the raw file."""
MAX_JSON = 6_000
"""Characters of JSON that a page shows."""
MAX_RAW = 200_000
"""Characters of the raw form of a turn or a call that a page shows."""


class Absent(Enum):
    """Stands where a field has no value: before it was there, or after it went."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
Shown = JsonValue | Absent

FindRecord = Callable[[str], str | None]
"""Gives the address of the record that a text is the key of, if it is one."""

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
"""Characters that nobody sees, or that turn the direction of what follows. The joiners of Persian and of emoji stay."""
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b')
_PARTS_IN_A_ROW = 8


def show_text(value: object, longest: int = MAX_TEXT) -> Markup:
    """A text, escaped: characters that cannot be seen are named, and what is too long is cut and its length told."""
    whole = str(value)
    shown = whole[:longest]
    parts, last = list[Markup](), 0
    for hit in HIDDEN.finditer(shown):
        parts += [escape(shown[last : hit.start()]), _named(hit[0])]
        last = hit.end()
    parts.append(escape(shown[last:]))
    if len(whole) > longest:
        parts.append(Markup(' <span class="cut">… {:,} characters in all</span>').format(len(whole)))
    return Markup("").join(parts)


def plain_text(value: object, longest: int = MAX_TEXT) -> str:
    """A text for a title or a label, where no markup can stand: the same characters are named."""
    whole = str(value)
    named = HIDDEN.sub(lambda hit: f"U+{ord(hit[0]):04X}", whole[:longest])
    return f"{named}…" if len(whole) > longest else named


def _named(character: str) -> Markup:
    name = unicodedata.name(character, "control character").lower()
    return Markup('<span class="ctl" title="{}">U+{:04X}</span>').format(name, ord(character))


def show_brief(value: object, longest: int = 90) -> Markup:
    """The beginning of a text, on one line."""
    flat = " ".join(str(value)[: 4 * longest].split())
    return show_text(flat if len(flat) <= longest else f"{flat[:longest].rsplit(' ', 1)[0]}…")


def show_value(value: Shown, find_record: FindRecord | None = None, longest: int = MAX_TEXT) -> Markup:
    """A single value as itself, anything else as compact JSON."""
    if isinstance(value, Absent):
        return Markup('<span class="none" title="no value">—</span>')
    if value is None:
        return Markup('<span class="v-null">null</span>')
    if isinstance(value, bool):
        return Markup('<span class="v-num">{}</span>').format("true" if value else "false")
    if isinstance(value, int | float):
        return Markup('<span class="v-num">{}</span>').format(value)
    if isinstance(value, str):
        return _show_string(value, find_record, longest)
    if (
        isinstance(value, list)
        and len(value) <= _PARTS_IN_A_ROW
        and all(isinstance(x, str | int | float) for x in value)
    ):
        parts = [show_value(one, find_record, longest) for one in value]
        return Markup(", ").join(parts) if parts else Markup('<span class="v-null">empty list</span>')
    return Markup('<code class="compact">{}</code>').format(show_text(_json(_trimmed(value)), 300))


def _show_string(value: str, find_record: FindRecord | None, longest: int) -> Markup:
    if value == "":
        return Markup('<span class="v-null">empty text</span>')
    address = find_record(value) if find_record and len(value) < 200 else None
    inner = Markup("<bdi>{}</bdi>").format(show_text(value, longest))
    return Markup('<a class="ref" href="{}">{}</a>').format(address, inner) if address else inner


def show_json(value: JsonValue, find_record: FindRecord | None = None) -> Markup:
    """JSON with its tokens told apart, and its texts linked to the records that they name."""
    whole = _json(_trimmed(value), indented=True)
    shown = whole[:MAX_JSON]
    parts, last = list[Markup](), 0
    for hit in _TOKEN.finditer(shown):
        parts.append(escape(shown[last : hit.start()]))
        last = hit.end()
        parts.append(_show_token(hit, find_record))
    parts.append(escape(shown[last:]))
    if len(whole) > len(shown):
        parts.append(Markup('\n<span class="cut">… {:,} characters in all</span>').format(len(whole)))
    return Markup("").join(parts)


def _show_token(hit: re.Match[str], find_record: FindRecord | None) -> Markup:
    if not hit[1]:
        return Markup('<span class="j-num">{}</span>').format(hit[0])
    text = show_text(hit[1], MAX_JSON)
    if hit[2]:
        return Markup('<span class="j-key"><bdi>{}</bdi></span>{}').format(text, hit[2])
    address = find_record(hit[1][1:-1]) if find_record and len(hit[1]) < 100 else None
    inner = Markup('<a class="ref" href="{}">{}</a>').format(address, text) if address else text
    return Markup('<span class="j-str"><bdi>{}</bdi></span>').format(inner)


def show_raw(value: JsonValue) -> Markup:
    """JSON as it is: tokens told apart cost five times the bytes, which the raw form is not worth."""
    return show_text(_json(_trimmed(value), indented=True), MAX_RAW)


def _json(value: JsonValue, *, indented: bool = False) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indented else 0).decode()
    except (TypeError, orjson.JSONEncodeError):  # a lone surrogate, or an integer of more than 64 bits
        return repr(value)


def _trimmed(value: JsonValue) -> JsonValue:
    """A value whose long texts are cut: before it is JSON, since a line of a megabyte is slow to colour."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value):,} characters in all)"
    if isinstance(value, dict):
        return {str(_trimmed(key)): _trimmed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_trimmed(inner) for inner in value]
    return value


def first_things(result: JsonValue, most: int = 4) -> tuple[JsonObject, int]:
    """The first plain things that a result says, by their names, and how many more there are."""
    if result is None:
        return {}, 0
    if not isinstance(result, dict):
        return {"": f"{len(result)} of them" if isinstance(result, list) else result}, 0
    flat: JsonObject = {
        key: f"{len(value)} of them" if isinstance(value, list) else value
        for key, value in result.items()
        if not isinstance(value, dict)
    }
    shown = dict([*flat.items()][:most])
    return shown, len(result) - len(shown)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 run`, `2,000 runs`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def letters_of(names: Sequence[str]) -> list[tuple[str, str]]:
    """A letter for each name, such as a table has room for: the first of its own that no name before it has."""
    found: list[tuple[str, str]] = []
    for name in names:
        taken = {letter for letter, _ in found}
        free = (letter.upper() for letter in name if letter.isalnum() and letter.upper() not in taken)
        found.append((next(free, "?"), name))
    return found
