r"""The final answer of a solution: `[RESULT]5[/RESULT]`, `\boxed{5}`, or `#### 5`."""

import re
from collections.abc import Iterator

from toolworld.datasets.generation.mathematics.equality import same_answer

_OPEN, _CLOSE = "[RESULT]", "[/RESULT]"
_BRACES = re.compile(r"\\(?:boxed|fbox)\s*\{|[{}]")
_MOST = 20
"""So many marked answers are compared with each other."""
_GSM = re.compile(r"^####[ \t]*(.+)$", re.MULTILINE)


def final_answers(text: str) -> list[str]:
    """All marked answers of a text, in their order."""
    marked = [(found.start(), found[1]) for found in _GSM.finditer(text)]
    return [one.strip() for _, one in sorted([*marked, *_boxed(text), *_results(text)])]


def different_answers(text: str) -> list[str]:
    """The marked answers of a text that differ: the same answer may be marked in two ways."""
    different: list[str] = []
    for one in final_answers(text)[:_MOST]:
        if not any(same_answer(one, other) for other in different):
            different.append(one)
    return different


def final_answer(text: str) -> str | None:
    """The marked answer of a text; where several are marked, the last one; where none is, the last number in it."""
    marked = final_answers(text)
    if marked:
        return marked[-1]
    numbers = re.findall(r"-?\d[\d,]*(?:\.\d+)?(?:/\d+)?", text)
    return numbers[-1].rstrip(",") if numbers else None


def _results(text: str) -> Iterator[tuple[int, str]]:
    start = text.find(_OPEN)
    while start >= 0:
        end = text.find(_CLOSE, start)
        if end < 0:
            return
        inner = text.rfind(_OPEN, start, end)  # of several that are opened, the last is closed
        yield inner, text[inner + len(_OPEN) : end]
        start = text.find(_OPEN, end)


def _boxed(text: str) -> Iterator[tuple[int, str]]:
    opened: list[tuple[int, int] | None] = []
    for found in _BRACES.finditer(text):
        if found[0] == "}":
            box = opened.pop() if opened else None
            if box is not None:
                yield box[0], text[box[1] : found.start()]
        else:
            opened.append(None if found[0] == "{" else (found.start(), found.end()))
