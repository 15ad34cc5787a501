"""Prompts for rows that are given: a response to an instruction, or a better pair."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from toolworld.datasets.generation.parts import Draw, PromptResult, SeedRow
from toolworld.datasets.generation.placeholders import DEFAULT_FORMATS, Template
from toolworld.ground import SpecError, UsageError


class ResponseGenerationPromptLoader:
    """Prompts that ask for the response to a given instruction.

    Args:
        prompt_template: Holds `<input>`.
        seed_data: Rows with `instruction`; whatever else they have goes with them, an `answer` or `tests` for instance.
        placeholder_formats: How placeholders are written.

    Raises:
        SpecError: a placeholder is missing or unknown, or a row lacks a field.
    """

    needed: ClassVar[dict[str, str]] = {"instruction": "test_input_placeholder"}
    """The placeholder of each field that a row must have."""

    def __init__(
        self,
        prompt_template: str,
        seed_data: Sequence[SeedRow],
        placeholder_formats: Mapping[str, str] | None = None,
    ) -> None:
        self.placeholder_formats = {**DEFAULT_FORMATS, **(placeholder_formats or {})}
        self.prompt_template = prompt_template
        self.seed_data = list(seed_data)
        self.draw = Draw()
        served = {name: (self.placeholder_formats[form],) for name, form in self.needed.items()}
        self._template = Template(prompt_template, served, placeholder_formats or {})
        for number, row in enumerate(self.seed_data):
            missing = [name for name in self.needed if not isinstance(row.get(name), str)]
            if missing:
                raise SpecError(f"row {number} must have {' and '.join(missing)}, as text; it has {', '.join(row)}")

    def __len__(self) -> int:
        return len(self.seed_data)

    def prepare(self, index: int = 0) -> PromptResult:
        """The prompt of a row.

        Raises:
            StopIteration: there are no more rows.
        """
        if index >= len(self.seed_data):
            raise StopIteration("there are no more rows")
        row = self.seed_data[index]
        metadata: dict[str, Any] = {"index": index, **{name: row[name] for name in self.needed}}
        more = {name: value for name, value in row.items() if name not in ("instruction", "response", "index")}
        if more:
            metadata["fields"] = more
        return PromptResult(self._template.fill({name: row[name] for name in self.needed}), metadata)


class QualityEnhancementPromptLoader(ResponseGenerationPromptLoader):
    """Prompts that ask for a better version of a given instruction and response.

    Args:
        prompt_template: Holds `<input>` and `<output>`.
        seed_data: Rows with `instruction` and `response`.
        placeholder_formats: How placeholders are written.
    """

    needed: ClassVar[dict[str, str]] = {
        "instruction": "test_input_placeholder",
        "response": "test_output_placeholder",
    }


def load_prompt_loader(method: str, **settings: Any) -> Any:
    """The usual loader of a method, by Agora's names of both.

    Raises:
        UsageError: there is no such method.
    """
    from toolworld.datasets.generation.loaders.instances import InstanceGenerationPromptLoader

    loaders: dict[str, Any] = {
        "instance_generation": InstanceGenerationPromptLoader,
        "response_generation": ResponseGenerationPromptLoader,
        "quality_enhancement": QualityEnhancementPromptLoader,
    }
    if method not in loaders:
        raise UsageError(f"there is no method {method!r}; there are: {', '.join(loaders)}")
    return loaders[method](**settings)
