"""The segments of an HTTP path: names of collections and actions, and parameters that say which one."""

import re
from functools import lru_cache
from typing import NamedTuple

from toolworld.environments.normaliser.vocabulary import VERSION

_PARAMETER = re.compile(r"(?:\{([^{}]+)\}|:(\w+))(?::(\w+))?")
"""A parameter, and the verb that some APIs put behind it: `{name}`, `:name`, `{name}:cancel`."""
_ENDING = re.compile(r"(\.json|\.xml|\.\{\w+\})$")


class Segment(NamedTuple):
    """A segment of a path."""

    text: str
    is_parameter: bool


@lru_cache(maxsize=16384)
def segments(path: str | None) -> tuple[Segment, ...]:
    """The segments of a path, without versions and endings: those of `/v1/orders/{id}.json` are `orders` and `id`."""
    found: list[Segment] = []
    for part in (path or "").split("?")[0].strip("/").split("/"):
        text = _ENDING.sub("", part)
        named = _PARAMETER.fullmatch(text)
        if not text or VERSION.fullmatch(text):
            continue
        if named:
            found.append(Segment((named[1] or named[2]).split("=")[0], True))
            if named[3]:
                found.append(Segment(named[3], False))
        else:
            found += [Segment(one, False) for one in text.split(":") if one]
    return tuple(found)
