"""Fenced blocks of code in a response."""

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

_FENCE = re.compile(r"[ \t]*(`{3,}+|~{3,}+)[ \t]*([\w+#.-]*)")
_CLOSE = re.compile(r"[ \t]*(`{3,}+|~{3,}+)[ \t]*")


class CodeBlock(NamedTuple):
    """A block of code."""

    language: str
    """In lower case; empty where it is not said."""
    source: str


class _Part(NamedTuple):
    """A stretch of a text: a block, or what stands between blocks."""

    block: CodeBlock | None
    text: str


def code_blocks(text: str) -> list[CodeBlock]:
    """The fenced blocks of a text that are closed."""
    return [part.block for part in _parts(text) if part.block is not None]


def around_blocks(text: str) -> str:
    """What stands around the blocks."""
    return "".join(part.text for part in _parts(text) if part.block is None).strip()


def has_open_fence(text: str) -> bool:
    """Whether a fence stands there that opens or closes nothing."""
    return any(_FENCE.match(line) for line in around_blocks(text).splitlines())


def code_of(text: str) -> str:
    """The code of a response: its blocks of Python, or the whole text where it has no block."""
    blocks = [one for one in code_blocks(text) if one.language in ("", *PYTHON)]
    return "\n".join(one.source for one in blocks) if blocks else text


PYTHON = ("python", "py", "python3")
"""What a block of Python is labelled with."""


def _parts(text: str) -> Iterator[_Part]:
    """The parts of a text, line by line: a block ends at the first line that is nothing but its own fence."""
    lines = text.splitlines(keepends=True)
    closed = _closing_lines(lines)
    number = 0
    while number < len(lines):
        opened = _FENCE.match(lines[number])
        end = _next(closed.get(opened[1], deque()), number) if opened else None
        if opened is None or end is None:
            yield _Part(None, lines[number])
            number += 1
            continue
        yield _Part(CodeBlock(opened[2].casefold(), "".join(lines[number + 1 : end])), "")
        number = end + 1


def _next(numbers: deque[int], after: int) -> int | None:
    """The first number after another one; those before are dropped, since a text is read once."""
    while numbers and numbers[0] <= after:
        numbers.popleft()
    return numbers[0] if numbers else None


def _closing_lines(lines: list[str]) -> dict[str, deque[int]]:
    """The numbers of the lines that could close a block, by their fence."""
    found: dict[str, deque[int]] = {}
    for number, line in enumerate(lines):
        closing = _CLOSE.fullmatch(line.rstrip("\r\n"))
        if closing:
            found.setdefault(closing[1], deque()).append(number)
    return found
