"""The whole grid of measures on 5,000 samples beside 200, without embedding: the original's, and the right ones."""

import random
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from tests.benchmarks.figures import Figure
from tests.support.samples import made_samples

from toolworld.datasets import (
    Dataset,
    EvaluationOptions,
    Layout,
    Sample,
    VectorTable,
    code_of,
    evaluate,
    original_numbers,
    original_texts,
    text_key,
    texts_of,
)
from toolworld.datasets.perturbation.perturbed import with_turns
from toolworld.environments import Call

_REAL, _SYNTHETIC, _SIZE = 200, 5_000, 768
_PEERS: dict[Layout, str] = {"t1": "44.3 s SynAE", "bfcl": "33.0 s SynAE"}
_BUDGETS: dict[Layout, float] = {"t1": 4.43, "bfcl": 6.6}
"""A tenth and a fifth of what the original needs, in seconds."""
_CATEGORIES = {"city": ("oslo", "paris", "rome", "lima"), "type": ("room", "flight", "parcel")}


def measure_datasets() -> list[Figure]:
    """The CPU seconds of both modes, for T1's layout and BFCL's."""
    figures: list[Figure] = []
    layouts: tuple[Layout, ...] = ("t1", "bfcl")
    for layout in layouts:
        real, synthetic = (_samples(count, seed, layout) for count, seed in ((_REAL, 1), (_SYNTHETIC, 2)))
        vectors = _vectors([*real, *synthetic], layout)
        sets = [Dataset(name, tuple(of), layout, _CATEGORIES) for name, of in (("real", real), ("made", synthetic))]
        what = f"measures of {_SYNTHETIC:,} samples beside {_REAL}, {layout}"
        both = partial(original_numbers, real, synthetic, layout, vectors=vectors, categories=_CATEGORIES)
        original = _seconds(both)
        options = EvaluationOptions(resamples=0, categories=_CATEGORIES)
        right = _seconds(partial(evaluate, *sets, vectors=vectors, options=options))
        figures.append(Figure(f"{what}, the original's", original, "s", _BUDGETS[layout], peers=_PEERS[layout]))
        figures.append(Figure(f"{what}, the right ones", right, "s", _BUDGETS[layout], peers=_PEERS[layout]))
    return figures


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _samples(count: int, seed: int, layout: Layout) -> list[Sample]:
    """Samples of which many share their calls, as those of sets that are made from a smaller one do."""
    bases = made_samples(_REAL, seed=1, with_output=layout == "t1")
    draw = random.Random(seed)
    return [_edited(draw.choice(bases), number, draw, layout) for number in range(count)]


def _edited(base: Sample, number: int, draw: random.Random, layout: Layout) -> Sample:
    """A sample with six in a hundred words left out, and two calls changed in their order or left out."""
    turns = [
        one.model_copy(update={"text": " ".join(word for word in one.text.split() if draw.random() > 0.06)})
        for one in base.turns
        if layout == "t1" or one.speaker == "user"
    ]
    calls = _calls(base.id, layout)
    for _ in range(2):
        place = draw.randrange(len(calls))
        call = calls.pop(place)
        if draw.random() < _KEPT[layout] or not calls:
            calls.insert(draw.randrange(len(calls) + 1), call)
    labels = {"primary_api": base.attributes["kind"], "secondary_api": "", "conv_len": "short"}
    made = base.model_copy(
        update={
            "id": f"m{number}",
            "layout": layout,
            "data": "",
            "calls": tuple(calls),
            "code": code_of(calls),
            "attributes": labels,
            "output": None if layout == "bfcl" else f"It is {number % 97}, {base.output}.",
        }
    )
    return with_turns(made, turns)


def _calls(name: str, layout: Layout) -> list[Call]:
    """The calls of a base: of six tools on T1, and of seventy on BFCL, as there."""
    draw = random.Random(name)
    tools, most = (6, 5) if layout == "t1" else (70, 9)
    return [Call(name=f"tool_{draw.randrange(tools)}", arguments={"id": name}) for _ in range(draw.randint(3, most))]


_KEPT: dict[Layout, float] = {"t1": 0.2, "bfcl": 0.8}
"""How often a call is moved and not left out: then about a thousand, and about four thousand sequences differ."""


def _vectors(samples: list[Sample], layout: Layout) -> VectorTable:
    """Clustered random vectors of all texts."""
    texts = list(dict.fromkeys([*original_texts(samples, layout), *texts_of(samples)]))
    random_ = np.random.default_rng(1)
    centres = random_.normal(size=(40, _SIZE)).astype(np.float32)
    rows = centres[random_.integers(0, 40, len(texts))] + random_.normal(size=(len(texts), _SIZE)) / 2
    return VectorTable("random", [text_key(text) for text in texts], rows.astype(np.float32))
