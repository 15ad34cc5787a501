"""The numbers of the original SynAE, its defects included, for the layouts that it reads.

The habits that are kept: W1 everywhere; pairs that cross samples; a history that one side lacks counts 0.5; six known
tools on T1; negative eigenvalues dropped without rescaling; 1e-6 on both diagonals of the Fréchet distance; outputs of
ACPBench measured on its instructions; labels by substring; one syntax error empties a sample. T1's attribute entropy
depends on the order of a Python set there, and here takes the first label in the order of the list.
"""

from collections.abc import Sequence
from typing import cast

from toolworld.datasets.evaluation.original.side import OriginalSide
from toolworld.datasets.evaluation.original.texts import substring_labels
from toolworld.datasets.evaluation.vectors import VectorTable
from toolworld.datasets.metrics.attributes import attribute_entropy
from toolworld.datasets.metrics.distances import total_variation, wasserstein
from toolworld.datasets.metrics.frechet import ORIGINAL_RIDGE, frechet_distance
from toolworld.datasets.metrics.neighbours import Vectors, precision_recall
from toolworld.datasets.metrics.pair_similarity import pair_cosines
from toolworld.datasets.metrics.tool_planning import planning_distance
from toolworld.datasets.metrics.vendi import vendi_of_edits, vendi_of_vectors
from toolworld.datasets.samples.attributes import Categories
from toolworld.datasets.samples.sample import Layout, Sample
from toolworld.ground import RecordError

T1_TOOLS = (
    "search_attractions",
    "filter_attractions",
    "search_nearest",
    "sort_results",
    "get_results_from_cache",
    "save_to_cache",
)
BFCL_ATTRIBUTES = ("primary_api", "secondary_api", "conv_len")
NOT_COMPUTED = {
    "t1": ("tool call", "output"),
    "bfcl": ("tool call",),
    "acp": ("output",),
}
"""What the original names and always leaves empty, by layout."""

Numbers = dict[str, float | None]


def original_numbers(
    real: Sequence[Sample],
    synthetic: Sequence[Sample],
    layout: Layout,
    *,
    vectors: VectorTable | None = None,
    categories: Categories | None = None,
) -> Numbers:
    """What the original writes for two sets, key by key.

    Args:
        real: The real samples.
        synthetic: The synthetic ones.
        layout: t1, bfcl or acp.
        vectors: Of all texts, statements and outputs; without them the keys that need them are None.
        categories: For T1, the words of `city` and `type`; without them the keys that need them are None.

    Returns:
        Numbers by key, in the original's order; None where nothing was computed, infinity where one side is empty.

    Raises:
        RecordError: a text has no vector, a label is missing, or the layout has no original.
    """
    if layout not in NOT_COMPUTED:
        raise RecordError(f"the original reads the layouts {', '.join(NOT_COMPUTED)}, and not {layout}")
    one, other = OriginalSide(real, layout, vectors), OriginalSide(synthetic, layout, vectors)
    found: Numbers = {key: _w1(sizes, other.lengths[key]) for key, sizes in one.lengths.items()}
    found |= _clouds("Task", one.text_vectors, other.text_vectors) if vectors else _without("Task")
    found |= _pair_distances(one, other) if vectors else dict.fromkeys(_PAIRS[layout])
    if layout == "t1":
        found |= _t1_attributes(one, other, categories or {}) | _tools(one, other)
    elif layout == "bfcl":
        found |= _tools(one, other) | _bfcl_attributes(one, other)
    if layout != "bfcl":
        found |= _outputs(one, other)
    return found | _diversity(other, categories or {}) | _left_empty(layout)


def _w1(real: Sequence[float], synthetic: Sequence[float]) -> float:
    """The original's distance: infinity where either is empty, or both."""
    return wasserstein(real, synthetic, 1) if len(real) and len(synthetic) else float("inf")


def _clouds(subject: str, real: Vectors, synthetic: Vectors) -> Numbers:
    if min(len(real), len(synthetic)) < _FEWEST_POINTS:
        return _without(subject)
    precision, recall = precision_recall(real, synthetic)
    return {
        f"{subject}: precision": precision,
        f"{subject}: recall": recall,
        f"{subject}: FID": frechet_distance(real, synthetic, ORIGINAL_RIDGE),
    }


_FEWEST_POINTS = 4
"""With fewer the original breaks."""


def _without(subject: str) -> Numbers:
    return dict.fromkeys([f"{subject}: precision", f"{subject}: recall", f"{subject}: FID"])


_PAIRS = {
    "t1": ("Task: assistant-user pair similarity", "Task: user-assistant pair similarity"),
    "bfcl": ("Task: user-user pair similarity",),
    "acp": ("Task: user-user pair similarity",),
}


def _pair_distances(real: OriginalSide, synthetic: OriginalSide) -> Numbers:
    cosines = [_cosines(side) for side in (real, synthetic)]
    return {key: _w1(cosines[0][key], cosines[1][key]) for key in _PAIRS[real.layout]}


def _cosines(side: OriginalSide) -> dict[str, Sequence[float]]:
    """The cosines of statements that follow on each other in all samples one after the other: pairs cross samples."""
    users = side.statement_vectors("user")
    keys = _PAIRS[side.layout]
    if side.layout == "t1":
        assistants = side.statement_vectors("assistant")
        pairs = ((assistants, users), (users[:-1], assistants[1:]))
    else:
        pairs = ((users[:-1], users[1:]) if side.layout == "bfcl" else (users[0::2], users[1::2]),)
    return {
        key: cast(Sequence[float], pair_cosines(first[: len(second)], second))
        for key, (first, second) in zip(keys, pairs, strict=True)
    }


def _tools(real: OriginalSide, synthetic: OriginalSide) -> Numbers:
    sizes = [[len(names) for names in side.names] for side in (real, synthetic)]
    found: Numbers = {"Tool Calling: length distance": _w1(*sizes)}
    one, other = ([_known(names, real.layout) for names in side.names] for side in (real, synthetic))
    for k in (1, 2, 3):
        distance = planning_distance(one, other, k, absent=0.5, weights="pooled")
        found[f"Tool Calling: {k}-step TV distance"] = distance if any(one) or any(other) else float("inf")
    return found


def _known(names: Sequence[str], layout: Layout) -> list[str]:
    """On T1, calls of other than its six tools are taken out before windows are formed."""
    return [name for name in names if layout != "t1" or name in T1_TOOLS]


def _t1_attributes(real: OriginalSide, synthetic: OriginalSide, categories: Categories) -> Numbers:
    found: Numbers = {}
    for name in ("city", "type"):
        words = categories.get(name)
        labels = [
            [hit for text in side.texts for hit in substring_labels(text, words or ())] for side in (real, synthetic)
        ]
        found[f"Task: {name} similarity"] = total_variation(*labels) if words else None
    return found


def _bfcl_attributes(real: OriginalSide, synthetic: OriginalSide) -> Numbers:
    return {
        f"Task: {name} similarity": total_variation(
            *([_label(one, name) for one in side.samples] for side in (real, synthetic))
        )
        for name in BFCL_ATTRIBUTES
    }


def _label(sample: Sample, name: str) -> str:
    if name not in sample.attributes:
        raise RecordError(f"sample {sample.id} has no label {name!r}, which the layout bfcl has in `attrs`")
    return sample.attributes[name]


def _outputs(real: OriginalSide, synthetic: OriginalSide) -> Numbers:
    """On ACPBench these are computed on the instructions again."""
    if real.layout == "acp":
        has = real.vectors is not None
        return _clouds("Output", real.text_vectors, synthetic.text_vectors) if has else _without("Output")
    found: Numbers = {"Output: token length": _w1(real.output_lengths, synthetic.output_lengths)}
    has = real.vectors is not None
    return found | (_clouds("Output", real.output_vectors, synthetic.output_vectors) if has else _without("Output"))


def _diversity(side: OriginalSide, categories: Categories) -> Numbers:
    found: Numbers = {"Diversity: attribute entropy": _entropy(side, categories)}
    has = side.vectors is not None
    found["Diversity: Vendi instruction"] = vendi_of_vectors(side.text_vectors, rescale=False) if has else None
    if side.layout != "acp":
        found["Diversity: Vendi tool calling"] = vendi_of_edits(side.names)
    if side.layout != "bfcl":
        found["Diversity: Vendi output"] = vendi_of_vectors(side.output_vectors, rescale=False) if has else None
    return found


def _entropy(side: OriginalSide, categories: Categories) -> float | None:
    if side.layout == "acp":
        return -0.0  # the original counts the names of a table, not what stands in it
    if side.layout == "bfcl":
        return attribute_entropy([tuple(_label(one, name) for name in BFCL_ATTRIBUTES) for one in side.samples])
    if not categories:
        return None
    names = ("city", "type")
    return attribute_entropy(
        [tuple(substring_labels(text, categories.get(name, ()))[0] for name in names) for text in side.texts]
    )


def _left_empty(layout: Layout) -> Numbers:
    subjects = NOT_COMPUTED[layout]
    keys = [f"Validity: {one} rate" for one in subjects]
    keys += [
        f"Downstream: {measure} {one}" for measure in ("task difficulty", "ranking divergence") for one in subjects
    ]
    return dict.fromkeys(keys)
