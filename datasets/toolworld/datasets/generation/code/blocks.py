"""Fenced blocks of code in a response."""

import re
from typing import NamedTuple

_FENCED = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+#.-]*)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)", re.MULTILINE)


class CodeBlock(NamedTuple):
    """A block of code."""

    language: str
    """In lower case; empty where it is not said."""
    source: str


def code_blocks(text: str) -> list[CodeBlock]:
    """The fenced blocks of a text that are closed."""
    return [CodeBlock(found[2].casefold(), found[3]) for found in _FENCED.finditer(text)]


def around_blocks(text: str) -> str:
    """What stands around the blocks."""
    return _FENCED.sub("", text).strip()


def has_open_fence(text: str) -> bool:
    """Whether a fence stands there that opens or closes nothing."""
    return _FENCE.search(_FENCED.sub("", text)) is not None


def code_of(text: str) -> str:
    """The code of a response: its blocks of Python, or the whole text where it has no block."""
    blocks = [one for one in code_blocks(text) if one.language in ("", "python", "py", "python3")]
    return "\n".join(one.source for one in blocks) if blocks else text
