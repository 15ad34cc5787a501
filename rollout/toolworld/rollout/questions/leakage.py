"""Whether a question gives its answer away, and whether an answer is too long."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from toolworld.ground import spoken_forms

_WORD = re.compile(r"\w+(?:['’]\w+)?")
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
"""Characters of scripts that are written without spaces between words."""
MAX_CHARACTERS, MAX_WORDS = 500, 85
"""Of an answer, as AgentFlow has them."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(" + "|".join(f"{one}[a-z]*" for one in _MONTHS) + ")"
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?,? (\d{{4}})\b")
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_INITIALS = re.compile(r"\b(?:[a-z]\.){2,}")
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:[,\u00a0\u2009 ]\d{3})+(?!\d)")
_DECIMAL = re.compile(r"(?<![\d.])(\d+)\.(\d+)(?![\d.])")
_MARKS = r"\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e"
"""Marks of letters that are characters of their own: accents, vowels of India, vowels and tones of Thailand."""
_TOKEN = re.compile(rf"(?:(?<![\w.])-(?=\d))?(?:\d+\.\d+|[^\W_](?:[^\W_]|[{_MARKS}])*)[%+#]*")
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"}
_ARTICLES = ("the ", "a ", "an ")
_SHORT = 3
_NAMES = re.compile(r"(?<![\w'-])[A-Z][\w'-]*(?: (?:(?:of|the|and|for) )*[A-Z][\w'-]*)+")
_YES_NO = ("yes", "no", "true", "false")


def plain(text: str) -> str:
    """A text as words in small letters with one space between them: what two texts share that say the same.

    Latin letters lose their accents and numbers their commas and idle zeros, days have one form, `U.S.` is `us`; signs
    that change a meaning stay: a minus before a number, `%`, `+` and `#`. Marks of other scripts stay.
    """
    small = "".join(one for one in text.casefold() if unicodedata.category(one) != "Cf").replace("_", " ")
    small = _INITIALS.sub(lambda found: found[0].replace(".", ""), _dated(small))
    small = _THOUSANDS.sub(lambda found: re.sub(r"[,\u00a0\u2009 ]", "", found[0]), small)
    small = _DECIMAL.sub(lambda found: found[1] + (f".{digits}" if (digits := found[2].rstrip("0")) else ""), small)
    return " ".join(_TOKEN.findall(_without_accents(small)))


def stands_in(words: str, text: str) -> bool:
    """Whether plain words stand in a plain text: as whole words, or anywhere in a script without spaces."""
    return f" {words} " in f" {text} " or (bool(_WITHOUT_SPACES.search(words)) and words in text)


def _without_accents(text: str) -> str:
    """A text whose Latin letters have no accents."""
    found: list[str] = []
    for one in text:
        base = unicodedata.normalize("NFD", one)
        is_latin = len(base) > 1 and "a" <= base[0] <= "z" and all(map(unicodedata.combining, base[1:]))
        found.append(base[0] if is_latin else _LETTERS.get(one, one))
    return "".join(found)


def _dated(text: str) -> str:
    """A text with its days in one form, as digits."""
    text = _DAY_FIRST.sub(lambda found: _digits(found[3], found[2], found[1]), text)
    text = _MONTH_FIRST.sub(lambda found: _digits(found[3], found[1], found[2]), text)
    return _ISO.sub(r"\1\2\3", text)


def _digits(year: str, month: str, day: str) -> str:
    return f"{year}{_MONTHS.index(month[:3]) + 1:02d}{int(day):02d}"


def leaks(question: str, answer: str, aliases: Iterable[str] = ()) -> str | None:
    """The form of an answer that stands in its question as whole words; None where none does.

    An answer of yes or no, or a number of one or two digits, never leaks: it says nothing by standing there.

    Args:
        question: The question.
        answer: The answer.
        aliases: Other names of what it is.
    """
    if plain(answer) in _YES_NO or (plain(answer).isdigit() and len(plain(answer)) < _SHORT):
        return None
    asked = plain(question)
    for form in dict.fromkeys([*answer_forms(answer), *_hints(answer), *aliases]):
        words = plain(form)
        if words and len(words) > 1 and stands_in(words, asked):
            return form
    if answer.isupper() and len(answer) >= _SHORT and any(one.endswith(answer) for one in _initials_in(question)):
        return answer
    return None


def answer_forms(answer: str) -> Iterator[str]:
    """An answer as it may be written by somebody who means the same: with and without article or end."""
    yield answer
    small = answer.strip().rstrip(".")
    yield from spoken_forms(small)
    article = next((one for one in _ARTICLES if small.casefold().startswith(one)), "")
    yield small[len(article) :]


def _hints(answer: str) -> Iterator[str]:
    """What gives an answer away without being it: without what stands in brackets, in initials, the last name first."""
    small = answer.strip().rstrip(".")
    yield re.sub(r"\s*\([^)]*\)", "", small)
    yield from _initials_in(small)
    words = small.split()
    if len(words) == 2 and all(word[:1].isupper() for word in words):
        yield f"{words[1]} {words[0]}"
        yield "".join(words)


def _initials_in(text: str) -> Iterator[str]:
    """The initials of names of three capitalised words and more: of the United Nations Organisation, UNO."""
    for found in _NAMES.finditer(text):
        names = [word for word in found[0].split() if word[0].isupper()]
        if len(names) >= _SHORT:
            yield "".join(word[0] for word in names)


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are the same, but for their form."""
    return bool({plain(form) for form in answer_forms(one)} & {plain(form) for form in answer_forms(other)} - {""})


def words_in_answer(answer: str) -> int:
    """How many words an answer has; in scripts without spaces two characters are one."""
    spaceless = len(_WITHOUT_SPACES.findall(answer))
    return len(_WORD.findall(_WITHOUT_SPACES.sub(" ", answer))) + -(-spaceless // 2)


def verbosity(answer: str) -> str | None:
    """Why an answer is too long, or None."""
    if len(answer) > MAX_CHARACTERS:
        return f"the answer has {len(answer)} characters, and {MAX_CHARACTERS} are the most"
    if words_in_answer(answer) > MAX_WORDS:
        return f"the answer has {words_in_answer(answer)} words, and {MAX_WORDS} are the most"
    return None
