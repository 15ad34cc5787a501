"""The three domains: their rules, themes, seeds and checks."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from toolworld.datasets.generation.domains.shapes import read_rows
from toolworld.datasets.generation.parts import PlaceholderFormats
from toolworld.datasets.generation.tokens import CountTokens
from toolworld.datasets.generation.validators.code import CodeValidator
from toolworld.datasets.generation.validators.mathematics import MathValidator
from toolworld.datasets.generation.validators.text import GeneralValidator
from toolworld.ground import JsonObject, UsageError

Domain = Literal["math", "general", "code"]
"""Mathematics, following instructions, or code."""
DOMAINS: tuple[Domain, ...] = get_args(Domain)
_FOLDER = Path(__file__).parent


class DomainRules(NamedTuple):
    """What is particular to a domain."""

    input_rules: str
    output_rules: str
    themes: tuple[str, ...]
    first_words: tuple[str, ...]


@cache
def rules_of(domain: Domain) -> DomainRules:
    """The rules, themes and first words of a domain."""
    known = tomllib.loads((_FOLDER / "domains.toml").read_text(encoding="utf-8"))[domain]
    return DomainRules(
        known["input_rules"].strip("\n"),
        known["output_rules"].strip("\n"),
        tuple(known["themes"]),
        tuple(known["first_words"]),
    )


def seeds_of(domain: Domain) -> list[JsonObject]:
    """The seeds that come with toolworld: eight of each domain."""
    return read_rows(_FOLDER / "seeds" / f"{domain}.jsonl")


def prompt_text(name: str) -> str:
    """A prompt that comes with toolworld."""
    return (_FOLDER / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def known_domain(name: str) -> Domain:
    """A domain by its name.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in DOMAINS:
        raise UsageError(f"there is no domain {name!r}; there are: {', '.join(DOMAINS)}")
    return name


class Checks(NamedTuple):
    """What is checked besides a domain's own rules."""

    max_tokens: int = 4096
    tokenizer: str | CountTokens | None = None
    language: str | None = None
    forbidden: Sequence[str] = ()
    min_response_characters: int = 1
    run_tests: bool = True


def validator_of(domain: Domain, formats: PlaceholderFormats, checks: Checks) -> Any:
    """The checks of a domain."""
    settings: dict[str, Any] = {
        "tokenizer_name": checks.tokenizer,
        "max_tokens": checks.max_tokens,
        "placeholder_formats": formats,
        "language": checks.language,
        "forbidden": checks.forbidden,
        "min_response_characters": checks.min_response_characters,
    }
    if domain == "math":
        return MathValidator(**settings)
    if domain == "code":
        return CodeValidator(**settings, run_tests=checks.run_tests)
    return GeneralValidator(**settings)
