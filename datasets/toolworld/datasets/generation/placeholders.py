"""Templates of prompts: placeholders that must stand there, and are all filled at once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from toolworld.ground import SpecError

DEFAULT_FORMATS: dict[str, str] = {
    "demonstration_input_placeholder": "<input@>",
    "demonstration_output_placeholder": "<output@>",
    "test_input_placeholder": "<input>",
    "test_output_placeholder": "<output>",
    "test_input_trigger": "INPUT:",
    "test_output_trigger": "OUTPUT:",
    "stop_phrase": "[END]",
    "input_theme": "<input_theme>",
    "first_word": "<first_word>",
}
"""Agora's own, but for the trigger words of quality enhancement."""
_MARKERS = ("test_input_trigger", "test_output_trigger", "stop_phrase")
_LIKE_A_PLACEHOLDER = re.compile(r"<(?:(?:input|output)\d*|[a-z]+(?:_[a-z]+)+\d*|[a-z]{2,}\d+)>")
"""What nobody writes but as a placeholder: <input4>, <input_theme>, <word2>; <b> and <think> are text."""


class Template:
    """A template whose placeholders were checked.

    Args:
        text: The template.
        served: For each value that will be filled in, the forms in which it may stand; each value must stand there.
        formats: All placeholder formats: one that stands in the template, and that nobody fills, is refused.
        others: Whether somebody else fills placeholders as well.

    Raises:
        SpecError: a placeholder is missing, or is one that nobody fills.
    """

    def __init__(
        self, text: str, served: Mapping[str, Sequence[str]], formats: Mapping[str, str], *, others: bool = False
    ) -> None:
        self.text = text
        forms = {form: name for name, all_forms in served.items() for form in all_forms}
        self._name_of = forms
        # The longest first: <input10> is not <input1> with a 0 behind it where brackets are left out.
        self._pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))
        present = {forms[form] for form in self._pattern.findall(text)} if forms else set[str]()
        missing = [name for name in served if name not in present]
        if missing:
            wanted = ", ".join(served[name][0] for name in missing)
            raise SpecError(f"the prompt template lacks {wanted}; every value that is drawn must stand in it")
        if not others:
            _refuse_unknown(text, forms, formats)

    def fill(self, values: Mapping[str, str]) -> str:
        """The prompt, in a single pass: what a value itself holds is not taken for a placeholder."""
        return self._pattern.sub(lambda found: values[self._name_of[found[0]]], self.text)


def _refuse_unknown(text: str, forms: Iterable[str], formats: Mapping[str, str]) -> None:
    known = [*forms]
    configured = [form for name, form in formats.items() if name not in _MARKERS and "@" not in form]
    for found in [*_LIKE_A_PLACEHOLDER.findall(text), *(form for form in configured if form in text)]:
        if found not in known:
            near = get_close_matches(found, known, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}" if known else ""
            raise SpecError(f"the prompt template has {found}, which nothing is filled in for{hint}")


def numbered(formats: Mapping[str, str], kind: str, number: int) -> tuple[str, ...]:
    """The forms in which a demonstration's `input` or `output` may stand: the configured one, and `<input1>`."""
    configured = formats.get(f"demonstration_{kind}_placeholder", f"<{kind}@>")
    return tuple(dict.fromkeys((configured.replace("@", str(number)), f"<{kind}{number}>")))
