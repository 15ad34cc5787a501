r"""The final answer of a solution: `[RESULT]5[/RESULT]`, `\boxed{5}`, or `#### 5`."""

import re
from collections.abc import Iterator

from toolworld.datasets.generation.mathematics.equality import same_answer

_RESULT = re.compile(r"\[RESULT\](.*?)\[/RESULT\]", re.DOTALL)
_GSM = re.compile(r"^####[ \t]*(.+)$", re.MULTILINE)


def final_answers(text: str) -> list[str]:
    """All marked answers of a text, in their order."""
    marked = [(found.start(), found[1]) for form in (_RESULT, _GSM) for found in form.finditer(text)]
    return [one.strip() for _, one in sorted([*marked, *_boxed(text)])]


def different_answers(text: str) -> list[str]:
    """The marked answers of a text that differ: the same answer may be marked in two ways."""
    different: list[str] = []
    for one in final_answers(text):
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


def _boxed(text: str) -> Iterator[tuple[int, str]]:
    for found in re.finditer(r"\\(?:boxed|fbox)\s*\{", text):
        depth, start = 1, found.end()
        for place in range(start, len(text)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                yield found.start(), text[start:place]
                break
