"""Names of people: in full, with a title, by first or last name, or with initials."""

import re
from functools import lru_cache

from toolworld.judges.facts.language import Language
from toolworld.judges.facts.span import Span
from toolworld.judges.facts.visible import folded

_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
_OTHER_FIRST_NAME = re.compile(r"(?:\b[A-Z]\.|\b[A-Z]\w+)\s+(?:(?:&|and)\s+)?$")


@lru_cache(maxsize=1024)
def _patterns(name: str, language: Language, whole: bool) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    """The pattern of a name, and the one of its last name alone."""
    title = rf"(?:(?:{'|'.join(language.titles)})\b\.?\s*)"
    bare = re.sub(f"^{title}", "", name, flags=re.I)
    words = [re.escape(word).replace(r"\-", r"[-\s]") for word in bare.split()]
    first, last = words[0], words[-1]
    place = rf"(?!\w|-\w)(?!\s+(?:{'|'.join(language.not_people)})\b)"
    if len(words) == 1:
        return re.compile(rf"\b{first}{place}"), None
    between = r"(?:\s+\w+\.?)?\s+"
    in_full = [rf"(?i:\b{first}{between}{last})", rf"(?i:\b{last},\s*{first})"]
    in_part = [
        rf"(?i:\b{title}(?:{first[0]}\.?\s*)?{last})",
        rf"\b{first[0]}\.?\s+{last}",
        rf"\b{first}\s+{last[0]}\.",
        rf"\b{first}(?!\s+[A-Z]\w)(?!,\s+[A-Z])",
    ]
    pattern = re.compile(f"(?:{'|'.join(in_full if whole else in_full + in_part)}){place}")
    return pattern, None if whole else re.compile(rf"\b{last}(?!\w|-\w|\s+[A-Z])")


def name_spans(name: str, text: str, language: Language, *, whole: bool = False) -> list[Span]:
    """Where a person is named; another first or last name beside it makes it somebody else.

    Args:
        name: First and last name, perhaps with a title, or one name.
        text: The text.
        language: Whose titles there are.
        whole: Whether only the full name counts.
    """
    readings, plain_text = frozenset({name.casefold()}), folded(text)
    spelt_out = "".join(_UMLAUTS.get(character, character) for character in name)
    found: set[tuple[int, int]] = set()
    for spelling in {folded(name), folded(spelt_out)}:
        if not _may_stand_in(spelling, plain_text):
            continue
        pattern, last_name = _patterns(spelling, language, whole)
        found |= {match.span() for match in pattern.finditer(plain_text)}
        if last_name is not None:
            found |= {
                match.span()
                for match in last_name.finditer(plain_text)
                if not _has_other_first_name(plain_text[max(0, match.start() - 40) : match.start()], language)
            }
    return [Span("name", readings, *where) for where in sorted(found)]


def _may_stand_in(name: str, text: str) -> bool:
    """Whether a text has any part of a name, in any case: most texts do not, and need no pattern made."""
    plain = text.lower()
    return not plain.isascii() or any(part.lower() in plain for part in re.split(r"[-\s]+", name))


def _has_other_first_name(before: str, language: Language) -> bool:
    """Whether a last name stands behind another first name; `on Monday Reid` has none."""
    found = _OTHER_FIRST_NAME.search(before)
    return found is not None and found[0].split()[0].casefold() not in {*language.months, *language.weekdays}


_CAPITALISED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr)\.? )?\b[A-Z]\w+ [A-Z]\w+")


def other_names(text: str, named: list[Span]) -> list[Span]:
    """What looks like the names of others."""
    spans = [Span("name", frozenset({match[0].casefold()}), *match.span()) for match in _CAPITALISED.finditer(text)]
    return [span for span in spans if not any(span.overlaps(one) for one in named)]
