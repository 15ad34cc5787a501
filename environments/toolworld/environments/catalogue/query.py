"""What is searched for: the words of a query, and conditions on the environment and the effect of a tool."""

import re
from typing import Literal

from toolworld.environments.spec.tool import Effect
from toolworld.ground import Record, UsageError

_MOST_WORDS = 40


_SMALL = frozenset(
    re.findall(
        r"\w+",
        """a about after all an and any are as at be been by can could did do does for from get had has have he her his
        how i if in is it its let me my new no not of off on one or our out please she so that the their them they this
        to up us want was we what when where which who will with would you your""",
    )
)
"""Words that say nothing of what is wanted, where others do."""


Size = Literal["small", "medium", "large"]


SIZES: dict[Size, tuple[int, int]] = {"small": (0, 5), "medium": (6, 20), "large": (21, 1 << 30)}
"""Sizes of environments, by the number of their tools."""


class Wanted(Record):
    """What found tools have to be."""

    domain: str | None = None
    """The domain of their environment has these words."""
    effect: Effect | None = None
    """They read, or they write."""
    size: Size | None = None
    """Their environment is `small` (up to 5 tools), `medium` (up to 20) or `large`."""


def match_of(query: str) -> str:
    """A query as FTS5 has it: any of its words.

    Raises:
        UsageError: it has none.
    """
    spoken = list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))[:_MOST_WORDS]
    asked = [one for one in spoken if one not in _SMALL] or spoken
    if not asked:
        raise UsageError(f"{query!r} has no word to search for")
    return " OR ".join(f'"{one}"' for one in asked)


def conditions_of(wanted: Wanted) -> tuple[list[str], list[str | int]]:
    """What is wanted, as conditions of SQL with their values."""
    where: list[str] = []
    given: list[str | int] = []
    if wanted.domain is not None:
        where.append("domain LIKE ? ESCAPE '\\'")
        given.append(f"%{_escaped(wanted.domain)}%")
    if wanted.effect is not None:
        where.append("effect = ?")
        given.append(wanted.effect)
    if wanted.size is not None:
        where.append("size BETWEEN ? AND ?")
        given += SIZES[wanted.size]
    return where, given


def size_of(tools: int) -> Size:
    """The size of an environment with so many tools."""
    return next(name for name, (least, most) in SIZES.items() if least <= tools <= most)


def _escaped(text: str) -> str:
    """A text without marks that mean something to LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", text)
