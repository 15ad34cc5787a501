"""Perturbations that need no model: copies, invalid calls and answers, classes left out, cut and shuffled samples."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from toolworld.datasets.perturbation.draws import (
    drop_draw,
    exact_draw,
    original_draw,
    original_oversample_draw,
    oversample_draw,
    rarest,
)
from toolworld.datasets.perturbation.perturbed import (
    PerturbationRecord,
    Perturbed,
    with_calls,
    with_new_ids,
    with_output,
    with_turns,
)
from toolworld.datasets.samples.code import calls_line_by_line
from toolworld.datasets.samples.sample import Sample
from toolworld.environments import Call
from toolworld.ground import JsonValue, UsageError

INVALID = "invalid"
_FLIPPED = {"yes": "no", "no": "yes", "true": "false", "false": "true"}


def oversample(
    samples: Sequence[Sample],
    share: float,
    *,
    seed: int = 123,
    positions: Sequence[int] = (0,),
    original: bool = False,
) -> Perturbed:
    """Make a share of the set copies of a few samples; the size stays."""
    outside = [one for one in positions if not 0 <= one < len(samples)]
    if outside or not positions:
        raise UsageError(f"the samples to copy are numbers from 0 to {len(samples) - 1}, and not {outside or 'none'}")
    draw = original_oversample_draw if original else oversample_draw
    places = draw(len(samples), share, positions, seed)
    if original and len({*positions}) == len(samples) and len(places) < len(samples):
        raise UsageError("oversample: there is no other sample to draw")
    copied = [] if places == [*range(len(samples))] else [place for place in places if place in positions]
    chosen = [(samples[place], samples[place]) for place in places]
    return _perturbed(
        "oversample", samples, with_new_ids(chosen, "oversample"), copied, seed=seed, original=original,
        parameters={"share": share, "positions": list(positions)},
    )  # fmt: skip


def invalidate(samples: Sequence[Sample], share: float, *, seed: int = 123, original: bool = False) -> Perturbed:
    """Make the calls of a share of the samples invalid, or their outputs where they have no calls.

    Values of arguments become `invalid`, or another of their type; answers are turned round. The original changes
    only texts in single quotes, and draws with replacement.
    """
    change = _originally_invalid if original else _invalid
    return _changed("invalidate", samples, share, change, seed=seed, original=original)


def truncate(samples: Sequence[Sample], share: float, *, seed: int = 123) -> Perturbed:
    """Cut the last turn of a share of the samples to its first half."""
    return _changed("truncate", samples, share, _cut, seed=seed)


def shuffle_calls(samples: Sequence[Sample], share: float, *, seed: int = 123) -> Perturbed:
    """Put the calls of a share of the samples into another order."""
    random = np.random.default_rng([seed, 1])

    def shuffled(sample: Sample) -> Sample | None:
        if len({call.name for call in sample.calls}) < 2:
            return None
        names = sample.names
        while True:
            order = [sample.calls[int(place)] for place in random.permutation(len(sample.calls))]
            if tuple(call.name for call in order) != names:
                return with_calls(sample, order)

    return _changed("shuffle", samples, share, shuffled, seed=seed)


def drop_minority(
    samples: Sequence[Sample],
    share: float,
    *,
    label: str,
    classes: int = 1,
    seed: int = 123,
    original: bool = False,
) -> Perturbed:
    """Leave out a share of the samples of each of the rarest classes.

    Raises:
        UsageError: a sample has no such label.
    """
    labels = [_label(one, label) for one in samples]
    places = drop_draw(labels, classes, share, seed, original=original)
    if len(places) == len(samples):
        raise UsageError("drop_minority: no sample would be left; leave out fewer classes, or a smaller share")
    left_out = set(places)
    kept = [(one, one) for place, one in enumerate(samples) if place not in left_out]
    found = _perturbed(
        "drop_minority", samples, with_new_ids(kept, "drop_minority"), places, seed=seed, original=original,
        parameters={"share": share, "label": label, "classes": [*rarest(labels, classes)]},
    )  # fmt: skip
    return found.model_copy(update={"record": found.record.model_copy(update={"asked": len(kept)})})


def _label(sample: Sample, name: str) -> str:
    if name not in sample.attributes:
        has = ", ".join(sample.attributes) or "none"
        raise UsageError(f"sample {sample.id} has no label {name!r}; it has {has}")
    return sample.attributes[name]


def _changed(
    method: str,
    samples: Sequence[Sample],
    share: float,
    change: Callable[[Sample], Sample | None],
    *,
    seed: int,
    original: bool = False,
) -> Perturbed:
    """Change as many samples as the share says; one that cannot be changed is passed over for the next of the draw.

    Raises:
        UsageError: not so many can be changed.
    """
    wanted = original_draw(len(samples), share, seed) if original else exact_draw(len(samples), 1.0, seed)
    count = len(wanted) if original else round(share * len(samples))
    made: dict[int, Sample] = {}
    for place in wanted:
        if len(made) == count:
            break
        found = change(samples[place])
        if found is not None:
            made[place] = found
    if len(made) < count and not original:
        raise UsageError(f"{method}: {count} of {len(samples)} samples were to be changed, and only {len(made)} can be")
    pairs = [(made.get(place, one), one) for place, one in enumerate(samples)]
    return _perturbed(
        method,
        samples,
        with_new_ids(pairs, method),
        list(made),
        seed=seed,
        original=original,
        parameters={"share": share},
    )


def _perturbed(
    method: str,
    before: Sequence[Sample],
    after: tuple[Sample, ...],
    places: Sequence[int],
    *,
    seed: int,
    original: bool,
    parameters: dict[str, JsonValue],
) -> Perturbed:
    record = PerturbationRecord(
        method=method,
        parameters=parameters,
        seed=seed,
        original=original,
        asked=len(before),
        delivered=len(after),
        changed=len(places),
        selected=tuple(before[place].id for place in places),
    )
    return Perturbed(samples=after, record=record)


def _invalid(sample: Sample) -> Sample | None:
    """A sample with invalid calls, or an invalid output; None where nothing can be changed."""
    if sample.calls:
        calls = [call.model_copy(update={"arguments": _spoiled(call)}) for call in sample.calls]
        return with_calls(sample, calls) if [*calls] != [*sample.calls] else None
    if sample.output is None:
        return None
    return with_output(sample, _FLIPPED.get(sample.output.strip().lower(), INVALID))


def _spoiled(call: Call) -> dict[str, JsonValue]:
    return {name: _spoiled_value(value) for name, value in call.arguments.items()}


def _spoiled_value(value: JsonValue) -> JsonValue:
    """Another value of the same type; what is empty or a variable stays."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return INVALID
    if isinstance(value, int | float):
        return -value - 1
    return [_spoiled_value(one) for one in value] if isinstance(value, list) else value


_QUOTED = re.compile(r"'[^']*'")


def _originally_invalid(sample: Sample) -> Sample | None:
    """The original's way: each text in single quotes; answers that are yes or no. Others stay, and count as changed."""
    if sample.code:
        code = originally_invalid_code(sample.code)
        return sample.model_copy(update={"code": code, "calls": calls_line_by_line(code), "checks": {}})
    answer = (sample.output or "").strip().lower()
    return with_output(sample, _FLIPPED[answer]) if answer in ("yes", "no") else sample


def originally_invalid_code(code: str) -> str:
    """Code in which each text in single quotes is `'invalid'`."""
    return _QUOTED.sub(f"'{INVALID}'", code)


def _cut(sample: Sample) -> Sample | None:
    if not sample.turns:
        return None
    *before, last = sample.turns
    words = last.text.split()
    if len(words) < 2:
        return None
    short = last.model_copy(update={"text": " ".join(words[: len(words) // 2])})
    return with_turns(sample, [*before, short])
