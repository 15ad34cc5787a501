"""Small pieces of text that several rooms show to people: plain words for names, shortened text, reasons of errors."""

import os
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import cast

from toolworld.ground.errors import SpecError


@lru_cache(maxsize=4096)  # the same few names are said again and again
def humanize(name: str) -> str:
    """Write the name of a tool or parameter in plain words: `get_order` and `getOrder` become `get order`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ").lower()


def spoken_forms(value: str) -> tuple[str, ...]:
    """How people say a value: as it is written, with spaces for underscores, and a day, `2026-05-04`, in words."""
    if _DAY.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return (value,)
        return value, f"{day.day} {day:%B %Y}", f"{day:%B} {day.day}, {day.year}"
    return tuple(dict.fromkeys((value, value.replace("_", " "))))


def is_said_in(value: str, text: str) -> bool:
    """Whether a text says a value, in any way that people say it, and in letters of any case."""
    words = text.casefold()
    return any(form.casefold() in words for form in spoken_forms(value))


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def shortened(text: str, length: int) -> str:
    """Cut a text to `length` characters; an ellipsis of three dots takes the place of what was cut."""
    return text if len(text) <= length else text[: length - 3] + "..."


def shortened_inside(text: str, length: int) -> str:
    """Cut a text to about `length` characters in the middle; what was at its beginning and its end stays."""
    return text if len(text) <= length else f"{text[: length // 2]} ... {text[-length // 2 :]}"


def cut(text: str, length: int) -> str:
    """A text of so many characters at most, with a mark that says how many more there were."""
    return text if len(text) <= length else f"{text[:length]}\n[cut here, {len(text) - length} more characters]"


def printable(text: str) -> str:
    """A text in which nothing steers a terminal: no control codes, no marks that turn the direction of writing."""
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return " " if unicodedata.category(character) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def markdown_text(text: str) -> str:
    """A text of a stranger as Markdown that shows it as it is, in one line."""
    return re.sub(r"([\\`\[\]<>|&])", r"\\\1", " ".join(printable(text).split()))


_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def with_variables(text: str, where: str, environ: Mapping[str, str]) -> str:
    """A text with the values of the environment variables that it names, as `${NAME}` or `${NAME:-default}`.

    Raises:
        SpecError: one is not set and has no default.
    """

    def held(found: re.Match[str]) -> str:
        known = environ.get(found[1], cast(str | None, found[2]))
        if known is None:
            raise SpecError(f"{where}: the environment variable {found[1]} is not set")
        return known

    return _VARIABLE.sub(held, text)


def os_reason(problem: OSError) -> str:
    """The operating system's reason for an error in lower case, without number and path."""
    if isinstance(problem, ConnectionError) and problem.errno:  # an event loop has words of its own for these
        return os.strerror(problem.errno).lower()
    return (problem.strerror or str(problem)).lower()
