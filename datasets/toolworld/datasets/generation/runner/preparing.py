"""Calling loaders and parsers in every form in which users have them."""

import inspect
import random
from collections.abc import Mapping
from typing import Any, cast

from toolworld.datasets.generation.loaders.instances import InstanceGenerationPromptLoader, PromptTooLongError
from toolworld.datasets.generation.parts import (
    Draw,
    Instance,
    Ok,
    Outcome,
    PromptResult,
    Reject,
    parameter_names,
)
from toolworld.ground import EncodingError, JsonObject, SpecError, decode, encode, reason_of


class PromptSource:
    """A loader in any form: one of ours, one in Agora's form, or a function of nothing, or of a row's number.

    Args:
        loader: The loader.
    """

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self._prepare: Any = getattr(loader, "prepare", loader)
        self.takes_index = not isinstance(loader, InstanceGenerationPromptLoader) and _takes_arguments(self._prepare)
        rows = getattr(loader, "seed_data", None)
        self.rows: int | None = len(cast("list[Any]", rows)) if self.takes_index and isinstance(rows, list) else None
        """How many rows there are; None where there is no end."""
        self._is_ours = type(loader).__module__.startswith("toolworld.")

    @property
    def uses_accepted(self) -> bool:
        """Whether prompts show rows that were accepted before."""
        return bool(getattr(self.loader, "uses_accepted", False))

    def prompt(self, draw: Draw, seed: str) -> PromptResult | Reject | None:
        """The prompt of a draw; None after the last row.

        Raises:
            SpecError: the loader fails.
        """
        if hasattr(self.loader, "draw"):
            self.loader.draw = draw
        # Others draw from the module `random`; for the prompt to be the same again it begins at the same place.
        state = None if self._is_ours else random.getstate()
        if not self._is_ours:
            random.seed(seed)
        try:
            made = self._prepare(draw.index) if self.takes_index else self._prepare()
        except PromptTooLongError as problem:
            return Reject("prompt_too_long", str(problem))
        except StopIteration:
            return None
        except SpecError:
            raise
        except Exception as problem:
            raise SpecError(f"the prompt loader failed on candidate {draw.index}: {reason_of(problem)}") from problem
        finally:
            if state is not None:
                random.setstate(state)
        if isinstance(made, str):
            return PromptResult(made)
        if isinstance(getattr(made, "prompt", None), str):
            self._refuse_left_over(made.prompt)
            return PromptResult(made.prompt, _plain(made.metadata, draw.index))
        raise SpecError(f"the prompt loader must return a PromptResult or a text, and not {type(made).__name__}")

    def _refuse_left_over(self, prompt: str) -> None:
        """Refuse a prompt in which somebody else's loader left a placeholder."""
        formats: Mapping[str, str] = {} if self._is_ours else getattr(self.loader, "placeholder_formats", None) or {}
        for name in _FILLED_BY_OTHERS:
            form = formats.get(name)
            if form and form in prompt:
                raise SpecError(f"the prompt still has {form}: the prompt loader did not fill it in")


_FILLED_BY_OTHERS = ("input_theme", "first_word")


def parsed(parser: Any, asked: PromptResult, text: str, formats: Mapping[str, str]) -> Outcome:
    """What a parser in any form reads: one of ours, one in Agora's form, or a function of the reply."""
    parse = getattr(parser, "parse", parser)
    parameters = parameter_names(parse)
    more: dict[str, Any] = {"metadata": asked.metadata} if "metadata" in parameters else {}
    try:
        is_short = len([one for one in parameters if one != "metadata"]) == 1
        said = parse(text, **more) if is_short else parse(asked.prompt, text, formats, **more)
        if isinstance(said, Ok | Reject):
            return said
        if isinstance(said, Instance):
            return Ok(said)
        if not isinstance(said, Mapping) and hasattr(said, "instruction") and hasattr(said, "response"):
            said = {"instruction": said.instruction, "response": said.response}
        if isinstance(said, Mapping):
            return _instance(dict(cast("Mapping[str, Any]", said)))
    except Exception as problem:  # noqa: BLE001 - parsers in Agora's form raise where they find nothing
        return Reject("unreadable", f"the parser failed: {reason_of(problem)}")
    return Reject("unreadable", f"the parser found {'nothing' if said is None else type(said).__name__}")


def _instance(found: dict[str, Any]) -> Outcome:
    instruction, response = found.pop("instruction", None), found.pop("response", None)
    if not isinstance(instruction, str) or not isinstance(response, str):
        return Reject("unreadable", "the parser must return `instruction` and `response`, both text")
    return Ok(Instance(instruction=instruction, response=response, fields=cast(JsonObject, decode(encode(found)))))


def _plain(metadata: Any, index: int) -> dict[str, Any]:
    """What a loader says of a prompt, as rows can hold it."""
    try:
        plain = decode(encode(metadata or {}))
    except (EncodingError, RecursionError) as problem:
        raise SpecError(f"the metadata of candidate {index} cannot be written as JSON: {problem}") from None
    if not isinstance(plain, dict) or not isinstance(plain.get("fields", {}), dict):
        raise SpecError(f"the metadata of candidate {index} must be an object, and `fields` in it as well")
    return plain


def _takes_arguments(function: Any) -> bool:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(one.kind in kinds for one in inspect.signature(function).parameters.values())
