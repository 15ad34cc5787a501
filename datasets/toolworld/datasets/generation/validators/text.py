"""Checks of any text: how long it is, its language, and what must not stand in it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from toolworld.datasets.generation.code.blocks import around_blocks
from toolworld.datasets.generation.parts import Ok, Outcome, Reject
from toolworld.datasets.generation.tokens import CountTokens, token_counter
from toolworld.ground import UsageError

_MARKERS = ("test_input_trigger", "test_output_trigger")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_REPEATED = 5
_FEWEST_WORDS = 12
"""Of fewer words nobody can tell the language."""


class GeneralValidator:
    """Checks the length and the text of an instruction and its response.

    Args:
        tokenizer_name: Counts tokens: the path of a `tokenizer.json`, or a function. For the name of a model tokens are
            estimated, one for three bytes: nothing is downloaded.
        max_tokens: Of instruction and response together.
        placeholder_formats: None of the placeholders may be left in a text, nor the stop phrase. Trigger words may:
            they are words as well.
        min_response_characters: How long a response is at least.
        forbidden: Texts that may stand nowhere, in letters of any case.
        language: The language, as ISO 639 has it, `en` for instance; texts of fewer than twelve words, and code, are
            not looked at.
    """

    def __init__(
        self,
        tokenizer_name: str | CountTokens | None = None,
        max_tokens: int = 4096,
        placeholder_formats: Mapping[str, str] | None = None,
        *,
        min_response_characters: int = 1,
        forbidden: Sequence[str] = (),
        language: str | None = None,
    ) -> None:
        if max_tokens < 1 or min_response_characters < 0:
            raise UsageError("max_tokens is at least 1, and min_response_characters at least 0")
        self._count, self._most, self._least = token_counter(tokenizer_name), max_tokens, min_response_characters
        self._left_over = _left_over(placeholder_formats or {})
        self._forbidden = [one.casefold() for one in forbidden]
        self._language = language
        if language is not None:
            known = {str(one) for one, _ in _languages().rank("a text")}
            if language not in known:
                raise UsageError(f"there is no language {language!r}; there are: {', '.join(sorted(known))}")

    def validate(self, instruction: str, response: str) -> Outcome:
        """Whether the text is sound."""
        if not _LETTER_OR_DIGIT.search(instruction):
            return Reject("no_words", "the instruction has no word in it, and no number")
        tokens = self._count(instruction) + self._count(response)
        if tokens > self._most:
            return Reject("too_long", f"{tokens} tokens, and at most {self._most} are allowed")
        if len(response) < self._least:
            return Reject("too_short", f"the response has {len(response)} characters, and {self._least} are needed")
        both = f"{instruction}\n{response}"
        left = self._left_over.search(both) if self._left_over else None
        if left:
            return Reject("placeholder_left", f"{left[0]} stands in the text")
        line = _repeated_line(response)
        if line is not None:
            return Reject("repeats_itself", f"the response says {line[:80]!r} again and again")
        words = both.casefold()
        found = next((one for one in self._forbidden if one in words), None)
        if found is not None:
            return Reject("forbidden_text", f"{found!r} must not stand in the text")
        return self._in_language((instruction, response)) if self._language else Ok()

    def _in_language(self, texts: Sequence[str]) -> Outcome:
        for text in texts:
            prose = around_blocks(text)
            if len(prose.split()) < _FEWEST_WORDS:
                continue
            found = _languages().classify(prose)[0]
            if found != self._language:
                return Reject("wrong_language", f"it seems to be {found}, and not {self._language}")
        return Ok()


def _repeated_line(text: str) -> str | None:
    """A line that is said five times and more, and makes up more than half of a text; code is not looked at."""
    lines = Counter(line.strip() for line in around_blocks(text).splitlines() if _WORD.search(line))
    [(line, count)] = lines.most_common(1) or [("", 0)]
    return line if count >= _REPEATED and 2 * count > lines.total() else None


def _left_over(formats: Mapping[str, str]) -> re.Pattern[str] | None:
    """What matches a placeholder or the stop phrase."""
    forms = [re.escape(form).replace("@", r"\d+") for name, form in formats.items() if name not in _MARKERS and form]
    if any("@" in form for form in formats.values()):
        forms += [r"<input\d+>", r"<output\d+>"]
    return re.compile("|".join(forms)) if forms else None


def _languages() -> Any:
    try:
        library: Any = import_module("py3langid")
    except ImportError:
        raise UsageError("a check of the language needs a package: pip install 'toolworld[language]'") from None
    return library
