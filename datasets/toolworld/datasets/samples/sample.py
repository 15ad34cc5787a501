"""A sample: what was said, what was called, what came out, and labels; whoever made it."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from toolworld.environments import Call
from toolworld.ground import Record

Layout = Literal["t1", "bfcl", "acp", "dialogue"]
"""How the lines of a text are to be read: an assistant who speaks first and a user (T1); user turns only (BFCL); a
context and a question (ACPBench); or `user:` and `assistant:` in any order."""
Speaker = Literal["user", "assistant"]


class Turn(Record):
    """What one side says."""

    speaker: Speaker
    text: str


class Sample(Record):
    """One sample of a dataset of tool calls, from whichever format."""

    id: str
    turns: tuple[Turn, ...] = ()
    calls: tuple[Call, ...] = ()
    """The calls of the whole sample, in order."""
    output: str | None = None
    """The final answer, where the sample has one."""
    output_key: str | None = None
    """The key of the output's vector in a file of embeddings, where its text is not at hand."""
    output_words: int | None = None
    """How many words that output has."""
    attributes: dict[str, str] = Field(default_factory=dict)
    results: tuple[str, ...] = ()
    """What calls returned, and what the user of a task can tell when asked, as text, where the sample holds it."""
    environment: str | None = None
    """What its tools are of: an environment, or a domain."""
    source: str | None = None
    """The id of the sample that it was made from."""
    data: str | None = None
    """The text as the file has it, where it is one text; `turns` are read from it."""
    code: str | None = None
    """The calls as the file has them, where they are code."""
    layout: Layout = "dialogue"
    checks: dict[str, bool] = Field(default_factory=dict)
    """What rules and judges found, by name, such as `calls right` or `output by judge`."""

    @property
    def text(self) -> str:
        """The whole text, with a tag before what each side says."""
        return self.data if self.data is not None else "\n".join(f"{one.speaker}: {one.text}" for one in self.turns)

    def said_by(self, speaker: Speaker) -> tuple[str, ...]:
        """What one side says."""
        return tuple(one.text for one in self.turns if one.speaker == speaker)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its calls, in order."""
        return tuple(one.name for one in self.calls)


_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|(?:(?![\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])[^\W_])+"
)
"""A word; in scripts that are written without spaces each character is one."""


def words_in(text: str) -> list[str]:
    """The words of a text in small letters, without marks."""
    return _WORD.findall(text.lower())


def with_checks(sample: Sample, checks: Mapping[str, bool]) -> Sample:
    """A sample with more of what rules and judges found."""
    return sample.model_copy(update={"checks": {**sample.checks, **checks}})
