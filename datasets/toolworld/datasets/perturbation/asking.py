"""Asking a model for the samples of a dataset, several at once; those of which none came are listed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import cast

from toolworld.datasets.perturbation.perturbed import PerturbationRecord, Perturbed, RejectedSample, with_new_ids
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import JsonObject, JsonValue, for_each
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, ask

_AT_ONCE = 16
_TEMPERATURE = {"blankfill": 0.2, "fewshot": 0.5}
"""As in the original."""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """How a model is asked."""

    model: Model
    seed: int = 123
    original: bool = False
    """Draw as the original SynAE does."""
    on_sample: Callable[[], None] = lambda: None


async def ask_for_json(
    options: ModelOptions,
    text: str,
    form: ResponseFormat,
    problem: Callable[[JsonObject], str | None],
    place: int,
    method: str,
) -> JsonObject | str:
    """The model's answer, or why it cannot be used."""
    request = Request(
        (Message(role="user", content=text),),
        response_format=form,
        temperature=_TEMPERATURE[method],
        seed=options.seed + place,
    )

    def find_problem(completion: Completion) -> str | None:
        return problem(cast(JsonObject, completion.value))

    found = await ask(options.model, request, find_problem)
    if found.accepted:
        return cast(JsonObject, found.completion.value)
    return found.rejected[-1].why


async def make_each(
    method: str,
    samples: Sequence[Sample],
    make: Callable[[int], Awaitable[Sample | str]],
    options: ModelOptions,
    parameters: dict[str, JsonValue],
) -> Perturbed:
    """Make a sample of each, several at once; those of which none came are listed."""
    made: dict[int, Sample | str] = {}

    async def make_one(place: int) -> None:
        made[place] = await make(place)
        options.on_sample()

    await for_each(range(len(samples)), make_one, at_once=_AT_ONCE)
    pairs: list[tuple[Sample, Sample]] = []
    rejected: list[RejectedSample] = []
    for place, sample in enumerate(samples):
        found = made[place]
        if isinstance(found, str):
            rejected.append(RejectedSample(source=sample.id, reason=found))
        else:
            pairs.append((found, sample))
    changed = [source.id for one, source in pairs if one != source]
    record = PerturbationRecord(
        method=method,
        parameters=parameters,
        seed=options.seed,
        original=options.original,
        asked=len(samples),
        delivered=len(pairs),
        changed=len(changed),
        selected=tuple(changed),
        rejected=tuple(rejected),
        model=options.model.name,
    )
    return Perturbed(samples=with_new_ids(pairs, method), record=record)


@cache
def prompt(name: str) -> Template:
    """A prompt of this folder."""
    return Template((files("toolworld.datasets.perturbation") / "prompts" / f"{name}.md").read_text(encoding="utf-8"))
