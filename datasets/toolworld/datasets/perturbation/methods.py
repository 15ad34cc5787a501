"""All perturbations by name, each with the one number that a sweep varies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from toolworld.datasets.perturbation.asking import ModelOptions
from toolworld.datasets.perturbation.blankfill import blankfill
from toolworld.datasets.perturbation.by_rule import drop_minority, invalidate, oversample, shuffle_calls, truncate
from toolworld.datasets.perturbation.fewshot import fewshot
from toolworld.datasets.perturbation.perturbed import Perturbed
from toolworld.datasets.samples.sample import Sample
from toolworld.ground import UsageError
from toolworld.llm import Model


@dataclass(frozen=True, slots=True)
class Method:
    """A perturbation."""

    summary: str
    parameter: str
    """What its number is."""
    default: float
    most: float
    needs_model: bool = False


METHODS = {
    "oversample": Method("copies of one sample take the place of others", "share of the set", 0.5, 1.0),
    "blankfill": Method("a model fills in blanks in what users say", "share of the words", 0.5, 1.0, needs_model=True),
    "fewshot": Method("a model writes new samples after examples", "examples", 5, 1_000, needs_model=True),
    "fewshot_random": Method("the same, with other examples for each", "examples", 5, 1_000, needs_model=True),
    "invalidate": Method("values in calls, or outputs, become wrong", "share of the samples", 0.5, 1.0),
    "drop_minority": Method("samples of the rarest classes are left out", "share of each class", 0.3, 1.0),
    "truncate": Method("the last turn is cut to its first half", "share of the samples", 0.5, 1.0),
    "shuffle": Method("the calls are put into another order", "share of the samples", 0.5, 1.0),
}
MINORITY_LABELS = {"bfcl": "secondary_api", "t1": "type", "acp": "domain"}
"""The label whose rarest classes are left out, by layout."""


@dataclass(frozen=True, slots=True)
class PerturbationOptions:
    """How samples are perturbed."""

    seed: int = 123
    original: bool = False
    """Draw as the original SynAE draws."""
    label: str | None = None
    """The label whose rarest classes are left out."""
    classes: int = 1
    """How many of them."""
    positions: tuple[int, ...] = (0,)
    """Which samples are copied."""
    model: Model | None = None
    on_sample: Callable[[], None] = field(default=lambda: None)


def check_method(method: str, value: float, options: PerturbationOptions) -> None:
    """Refuse a method, a number or an option of it that makes no sense, before anything is done.

    Raises:
        UsageError: there is no such method, its number is out of range, or an option is of another method.
    """
    known = METHODS.get(method)
    if known is None:
        raise UsageError(f"there is no method {method!r}; there are {', '.join(METHODS)}")
    if not 0 <= value <= known.most:
        raise UsageError(f"{method}: the {known.parameter} is from 0 to {known.most:g}, and not {value:g}")
    of_others = {
        "label or classes": method != "drop_minority" and (options.label is not None or options.classes != 1),
        "samples to copy": method != "oversample" and options.positions != (0,),
        "draws of the original": method in ("truncate", "shuffle") and options.original,
    }
    for what, is_given in of_others.items():
        if is_given:
            raise UsageError(f"{method} takes no {what}")
    if known.needs_model and options.model is None:
        raise UsageError(f"{method} needs a model: give --model")


async def perturb(samples: Sequence[Sample], method: str, value: float, options: PerturbationOptions) -> Perturbed:
    """Make a dataset of another one.

    Args:
        samples: The dataset.
        method: One of `METHODS`.
        value: Its number.
        options: How it is done.

    Raises:
        UsageError: there is no such method, its number is out of range, it needs a model, or cannot be done here.
        ModelError: the model does not answer.
    """
    check_method(method, value, options)
    seed, original = options.seed, options.original
    match method:
        case "oversample":
            return oversample(samples, value, positions=options.positions, seed=seed, original=original)
        case "invalidate":
            return invalidate(samples, value, seed=seed, original=original)
        case "drop_minority":
            label = options.label or MINORITY_LABELS.get(samples[0].layout, "environment")
            return drop_minority(samples, value, label=label, classes=options.classes, seed=seed, original=original)
        case "truncate":
            return truncate(samples, value, seed=seed)
        case "shuffle":
            return shuffle_calls(samples, value, seed=seed)
        case _:
            return await _by_model(samples, method, value, options)


async def _by_model(samples: Sequence[Sample], method: str, value: float, options: PerturbationOptions) -> Perturbed:
    assert options.model is not None
    asked = ModelOptions(options.model, options.seed, options.original, options.on_sample)
    if method == "blankfill":
        return await blankfill(samples, value, asked)
    if value != int(value):
        raise UsageError(f"{method}: the number of examples is a whole number, and not {value:g}")
    return await fewshot(samples, int(value), asked, each_anew=method == "fewshot_random")
