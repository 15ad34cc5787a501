"""Agora with its parts ready, for a method and a domain."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from toolworld.datasets.generation.demonstrations import Choice, Order
from toolworld.datasets.generation.domains.domain import (
    Checks,
    Domain,
    known_domain,
    prompt_text,
    rules_of,
    seeds_of,
    validator_of,
)
from toolworld.datasets.generation.loaders.instances import (
    InstanceGenerationPromptLoader,
    JSONPromptLoader,
    ThemeBasedInstanceGenerationPromptLoader,
)
from toolworld.datasets.generation.loaders.rows import QualityEnhancementPromptLoader, ResponseGenerationPromptLoader
from toolworld.datasets.generation.parsers.replies import (
    InstanceGenerationParser,
    JSONParser,
    QualityEnhancementParser,
    ResponseGenerationParser,
)
from toolworld.datasets.generation.parts import SeedRow
from toolworld.datasets.generation.placeholders import DEFAULT_FORMATS
from toolworld.datasets.generation.runner.agora import Agora
from toolworld.datasets.generation.runner.config import METHODS, AgoraConfig
from toolworld.ground import UsageError


class PromptSettings(NamedTuple):
    """How prompts are made."""

    template: str | None = None
    """A template of one's own."""
    themes: Sequence[str] | None = None
    first_words: Sequence[str] | None = None
    num_fewshot: int = 3
    num_sample_from_seed_data: int = 2
    choose: Choice = "random"
    order: Order = "random"
    max_prompt_tokens: int | None = None
    as_json: bool = False
    """Whether the model is asked for a JSON object, and not for markers."""


def agora_for(
    method: str,
    domain: str,
    llm: Any,
    *,
    seeds: Sequence[SeedRow] | None = None,
    prompts: PromptSettings | None = None,
    checks: Checks | None = None,
    sampling_params: Mapping[str, Any] | None = None,
    config: AgoraConfig | None = None,
) -> Agora:
    """Agora with the loader, the parser and the validator of a method and a domain.

    Args:
        method: `instance_generation`, `response_generation` or `quality_enhancement`.
        domain: `math`, `general` or `code`.
        llm: The model, in any form.
        seeds: The examples, or the rows; by default, for examples, those that come with toolworld.
        prompts: How prompts are made.
        checks: What is checked besides.
        sampling_params: How replies are sampled.
        config: Further settings.

    Raises:
        UsageError: there is no such method or domain, or rows are missing.
        SpecError: the template or a row is not sound.
    """
    known = known_domain(domain)
    if method not in METHODS:
        raise UsageError(f"there is no method {method!r}; there are: {', '.join(METHODS)}")
    if seeds is None and method != "instance_generation":
        raise UsageError(f"{method} needs rows (--rows): instructions to answer, or pairs to improve")
    formats = {**DEFAULT_FORMATS, **(_REVISED if method == "quality_enhancement" else {})}
    given: list[SeedRow] = [*(seeds if seeds is not None else seeds_of(known))]
    loader, parser = _loader_and_parser(method, known, given, formats, prompts or PromptSettings())
    sampling = {"max_tokens": 4096, "temperature": 1.0, "top_p": 0.9, "stop": formats["stop_phrase"]}
    return Agora(
        llm=llm,
        placeholder_formats=formats,
        prompt_loader=loader,
        validator=validator_of(known, formats, checks or Checks()),
        parser=parser,
        sampling_params={**sampling, **(sampling_params or {})},
        config=config,
    )


_REVISED = {"test_input_trigger": "Revised Question:", "test_output_trigger": "Revised Answer:"}


def _loader_and_parser(
    method: str, domain: Domain, seeds: list[SeedRow], formats: Mapping[str, str], prompts: PromptSettings
) -> tuple[Any, Any]:
    if method == "instance_generation":
        return _instance_loader(domain, seeds, formats, prompts), (
            JSONParser() if prompts.as_json else InstanceGenerationParser()
        )
    if prompts.as_json:
        raise UsageError("JSON is asked for where instances are generated; the other methods are read by markers")
    template = prompts.template or prompt_text(method).replace("{output_rules}", rules_of(domain).output_rules)
    if method == "response_generation":
        return ResponseGenerationPromptLoader(template, seeds, formats), ResponseGenerationParser()
    return QualityEnhancementPromptLoader(template, seeds, formats), QualityEnhancementParser()


def _instance_loader(
    domain: Domain, seeds: list[SeedRow], formats: Mapping[str, str], prompts: PromptSettings
) -> InstanceGenerationPromptLoader:
    rules = rules_of(domain)
    template = prompts.template or _instance_template(domain, prompts)
    themes = rules.themes if prompts.themes is None else tuple(prompts.themes)
    words = rules.first_words if prompts.first_words is None else tuple(prompts.first_words)
    for option, given, form in (
        ("themes", prompts.themes, "input_theme"),
        ("first words", prompts.first_words, "first_word"),
    ):
        if given is not None and formats[form] not in template:
            raise UsageError(f"there are {option}, and the template has no place for them: {formats[form]}")
    kind = JSONPromptLoader if prompts.as_json else ThemeBasedInstanceGenerationPromptLoader
    return kind(
        template,
        seeds,
        prompts.num_fewshot,
        prompts.num_sample_from_seed_data,
        # Only what the template has: one of the user's own may do without themes.
        {name: form for name, form in formats.items() if name not in ("input_theme", "first_word") or form in template},
        [*themes] if formats["input_theme"] in template else None,
        [*words] if formats["first_word"] in template else None,
        choose=prompts.choose,
        order=prompts.order,
        max_prompt_tokens=prompts.max_prompt_tokens,
    )


def _instance_template(domain: Domain, prompts: PromptSettings) -> str:
    rules = rules_of(domain)
    shown = [_shown(number, prompts.as_json) for number in range(1, prompts.num_fewshot + 1)]
    text = prompt_text("instance_generation_json" if prompts.as_json else "instance_generation")
    values = {
        "num_fewshot": str(prompts.num_fewshot),
        "input_rules": rules.input_rules,
        "output_rules": rules.output_rules,
        "demonstrations": "\n".join(shown),
    }
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text.rstrip("\n")


def _shown(number: int, as_json: bool) -> str:
    if as_json:
        return f'{{"instruction": <input{number}>, "response": <output{number}>}}'
    return f"INPUT: <input{number}>\nOUTPUT: <output{number}>\n[END]\n"
