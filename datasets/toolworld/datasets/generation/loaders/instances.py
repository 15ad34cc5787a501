"""Prompts for new instances: demonstrations, and a theme where there are themes, in a template."""

from collections.abc import Mapping, Sequence
from typing import Any

from toolworld.datasets.generation.demonstrations import (
    CHOICES,
    ORDERS,
    Choice,
    Order,
    as_demonstrations,
    choose,
    in_order,
)
from toolworld.datasets.generation.loaders.window import fitted
from toolworld.datasets.generation.parts import Demonstration, Draw, PromptResult, SeedRow
from toolworld.datasets.generation.placeholders import DEFAULT_FORMATS, Template, numbered
from toolworld.datasets.generation.tokens import CountTokens, token_counter
from toolworld.ground import SpecError, UsageError, encode


class InstanceGenerationPromptLoader:
    """Prompts that show demonstrations and ask for a new instance.

    A part of them comes from the seeds, which are never changed; the others from rows that were accepted, so that the
    examples move on as the set grows. A class that is derived from this one may override `prepare`, as in Agora.

    Args:
        prompt_template: Holds `<input1>`, `<output1>` and so on.
        seed_data: Rows with `instruction` and `response`.
        num_fewshot: How many demonstrations a prompt has.
        placeholder_formats: How placeholders are written.
        num_sample_from_seed_data: How many demonstrations are seeds; by default all.
        choose: How demonstrations are chosen.
        order: In which order they stand.
        max_prompt_tokens: How long a prompt may be; longer demonstrations are replaced by shorter ones.
        tokenizer: Counts tokens; see `token_counter`.

    Raises:
        SpecError: a placeholder is missing or unknown, or a seed lacks a field.
        UsageError: a number is not possible.
    """

    def __init__(
        self,
        prompt_template: str,
        seed_data: Sequence[SeedRow],
        num_fewshot: int = 3,
        placeholder_formats: Mapping[str, str] | None = None,
        num_sample_from_seed_data: int | None = None,
        *,
        choose: Choice = "random",
        order: Order = "random",
        max_prompt_tokens: int | None = None,
        tokenizer: str | CountTokens | None = None,
    ) -> None:
        from_seeds = num_fewshot if num_sample_from_seed_data is None else num_sample_from_seed_data
        _check_numbers(num_fewshot, from_seeds, len(seed_data))
        if choose not in CHOICES or order not in ORDERS:
            raise UsageError(
                f"`choose` is one of {', '.join(CHOICES)}, and `order` one of {', '.join(ORDERS)}; "
                f"they are {choose!r} and {order!r}"
            )
        self.placeholder_formats = {**DEFAULT_FORMATS, **(placeholder_formats or {})}
        self.prompt_template = prompt_template
        self.seed_data = list(seed_data)
        self.num_fewshot = num_fewshot
        self.num_sample_from_seed_data = from_seeds
        self.draw = Draw()
        """What the next prompt depends on; the runner sets it."""
        self._seeds = as_demonstrations(self.seed_data)
        self._choose: Choice = choose
        self._order: Order = order
        self._max_tokens, self._count = max_prompt_tokens, token_counter(tokenizer)
        # A class that is derived from this one may fill in more, after `super().prepare()`.
        others = not type(self).__module__.startswith("toolworld.")
        self._template = Template(prompt_template, self._served(), placeholder_formats or {}, others=others)

    @property
    def uses_accepted(self) -> bool:
        """Whether prompts show rows that were accepted."""
        return self.num_fewshot > self.num_sample_from_seed_data

    @property
    def seeds(self) -> tuple[Demonstration, ...]:
        """The seeds, none of which a new instance may resemble."""
        return self._seeds

    def prepare(self) -> PromptResult:
        """The next prompt.

        Raises:
            PromptTooLongError: no demonstrations were found that are short enough.
        """
        return self.prompt_for(self.draw)

    def prompt_for(self, draw: Draw) -> PromptResult:
        """The prompt of a draw; the same draw gives the same prompt."""
        more = self._more_values(draw)
        near = more.get("input_theme", "")
        shown = choose(
            self._seeds,
            draw,
            of_seeds=self.num_sample_from_seed_data,
            of_accepted=self.num_fewshot - self.num_sample_from_seed_data,
            by=self._choose,
            near=near,
        )
        if self._max_tokens is not None:
            shown = self._within(self._max_tokens, shown, draw, more)
        shown = in_order(shown, self._order, draw, near)
        values = dict(more)
        for number, one in enumerate(shown, start=1):
            values[f"input{number}"], values[f"output{number}"] = map(self._written, (one.instruction, one.response))
        metadata: dict[str, Any] = {"demonstrations": [one.id for one in shown], **_chosen(more)}
        return PromptResult(self._template.fill(values), metadata)

    def _within(
        self, most: int, shown: list[Demonstration], draw: Draw, more: Mapping[str, str]
    ) -> list[Demonstration]:
        blank = {f"{kind}{number}": "" for number in range(1, self.num_fewshot + 1) for kind in ("input", "output")}
        room = most - self._count(self._template.fill({**blank, **more}))
        found = fitted(shown, draw, seeds=self._seeds, room=room, count=self._count)
        if found is None:
            raise PromptTooLongError(
                f"no prompt within {most} tokens was found: demonstrations are too long, or the rest of it is"
            )
        return found

    def _served(self) -> dict[str, tuple[str, ...]]:
        """The forms of each value that stands in the template."""
        return {
            f"{kind}{number}": numbered(self.placeholder_formats, kind, number)
            for number in range(1, self.num_fewshot + 1)
            for kind in ("input", "output")
        }

    def _more_values(self, draw: Draw) -> dict[str, str]:
        """What is drawn besides demonstrations."""
        return {}

    def _written(self, text: str) -> str:
        """A text of a demonstration as it stands in the prompt."""
        return text


class ThemeBasedInstanceGenerationPromptLoader(InstanceGenerationPromptLoader):
    """Prompts that name a theme, and the first words of the new instruction, besides their demonstrations.

    Args:
        prompt_template: Holds `<input_theme>` and `<first_word>` as well, where there are such lists.
        seed_data: Rows with `instruction` and `response`.
        num_fewshot: How many demonstrations a prompt has.
        num_sample_from_seed_data: How many of them are seeds.
        placeholder_formats: How placeholders are written.
        input_theme_list: The themes, of which each prompt has one.
        first_word_list: First words, of which each prompt has one.
        more: `choose`, `order`, `max_prompt_tokens` and `tokenizer`.
    """

    def __init__(
        self,
        prompt_template: str,
        seed_data: Sequence[SeedRow],
        num_fewshot: int = 3,
        num_sample_from_seed_data: int = 2,
        placeholder_formats: Mapping[str, str] | None = None,
        input_theme_list: Sequence[str] | None = None,
        first_word_list: Sequence[str] | None = None,
        **more: Any,
    ) -> None:
        self.input_theme_list, self.first_word_list = input_theme_list, first_word_list
        super().__init__(
            prompt_template, seed_data, num_fewshot, placeholder_formats, num_sample_from_seed_data, **more
        )

    @property
    def _lists(self) -> dict[str, Sequence[str]]:
        lists = {"input_theme": self.input_theme_list, "first_word": self.first_word_list}
        return {name: words for name, words in lists.items() if words}

    def _served(self) -> dict[str, tuple[str, ...]]:
        return {**super()._served(), **{name: (self.placeholder_formats[name],) for name in self._lists}}

    def _more_values(self, draw: Draw) -> dict[str, str]:
        return {name: draw.random.choice(words) for name, words in self._lists.items()}


class JSONPromptLoader(ThemeBasedInstanceGenerationPromptLoader):
    """The same with demonstrations as JSON strings, for templates that ask for a JSON object."""

    def _written(self, text: str) -> str:
        return encode(text).decode()


class PromptTooLongError(SpecError):
    """No prompt of this draw fits into the model's window."""


def _check_numbers(fewshot: int, from_seeds: int, seeds: int) -> None:
    if fewshot < 1:
        raise UsageError(f"num_fewshot is at least 1, and not {fewshot}")
    if not 0 <= from_seeds <= fewshot:
        raise UsageError(f"num_sample_from_seed_data is from 0 to num_fewshot ({fewshot}), and not {from_seeds}")
    if seeds < fewshot:
        raise UsageError(f"there are {seeds} seeds, and each prompt shows {fewshot}")


def _chosen(more: Mapping[str, str]) -> dict[str, str]:
    """What was drawn, by the names that Agora gives it."""
    names = {"input_theme": "chosen_theme", "first_word": "chosen_trigger"}
    return {names.get(name, name): value for name, value in more.items()}
