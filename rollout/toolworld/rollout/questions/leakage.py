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
_ARTICLES = ("the ", "a ", "an ")
_SHORT = 3
_YES_NO = ("yes", "no", "true", "false")


def plain(text: str) -> str:
    """A text as words in small letters with one space between them, without marks and accents."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    return " ".join(re.findall(r"\w+", bare.replace("_", " ")))


def leaks(question: str, answer: str, aliases: Iterable[str] = ()) -> str | None:
    """The form of an answer that stands in its question as whole words; None where none does.

    An answer of yes or no, or a number of one or two digits, never leaks: it says nothing by standing there.
    """
    if plain(answer) in _YES_NO or (plain(answer).isdigit() and len(plain(answer)) < _SHORT):
        return None
    asked = f" {plain(question)} "
    for form in dict.fromkeys([*answer_forms(answer), *aliases]):
        words = plain(form)
        whole = f" {words} " in asked or (bool(_WITHOUT_SPACES.search(words)) and words in asked)
        if words and len(words) > 1 and whole:
            return form
    return None


def answer_forms(answer: str) -> Iterator[str]:
    """An answer as it may be written: with and without article, brackets and commas in numbers, a day in words."""
    yield answer
    small = answer.strip().rstrip(".")
    yield from spoken_forms(small)
    yield re.sub(r"\s*\([^)]*\)", "", small)
    article = next((one for one in _ARTICLES if small.casefold().startswith(one)), "")
    yield small[len(article) :]
    yield re.sub(r"(?<=\d)[,.\u00a0\u2009 ](?=\d{3}\b)", "", small)
    names = [word for word in small.split() if word[:1].isupper()]
    if len(names) >= _SHORT:
        yield "".join(word[0] for word in names)


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are the same, in some form of either."""
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
