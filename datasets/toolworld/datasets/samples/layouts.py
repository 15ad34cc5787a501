"""The texts of T1, BFCL and ACPBench, and dialogues in general, as turns."""

import re
from collections.abc import Iterator

from toolworld.datasets.samples.sample import Layout, Speaker, Turn

_TAG = re.compile(r"^[ \t]*(user|assistant):[ \t]?", re.MULTILINE | re.IGNORECASE)
"""A tag counts at the beginning of a line only: a message may say "user: bob" itself."""


def turns_of(text: str, layout: Layout) -> tuple[Turn, ...]:
    """The turns of a text.

    Of ACPBench the context and the question are two turns of the user; the request for a yes or a no is none.
    """
    if layout == "acp":
        lines = [line.strip() for line in text.strip().split("\n")]
        return tuple(Turn(speaker="user", text=line) for line in lines[:2] if line)
    found = tuple(_tagged(text))
    return found or ((Turn(speaker="user", text=text.strip()),) if text.strip() else ())


def _tagged(text: str) -> Iterator[Turn]:
    tags = [*_TAG.finditer(text)]
    ends = [*(one.start() for one in tags[1:]), len(text)][: len(tags)]
    for tag, end in zip(tags, ends, strict=True):
        speaker: Speaker = "user" if tag[1].lower() == "user" else "assistant"
        yield Turn(speaker=speaker, text=text[tag.end() : end].strip())


ACP_REQUEST = "Only answer yes or no."


def text_of(turns: tuple[Turn, ...], layout: Layout) -> str:
    """Turns as the text of a layout."""
    if layout == "acp":
        return "\n".join([*(one.text for one in turns[:2]), ACP_REQUEST])
    return "\n".join(f"{one.speaker}: {one.text}" for one in turns if layout != "bfcl" or one.speaker == "user")
