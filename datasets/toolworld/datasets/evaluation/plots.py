"""Plots of an evaluation as SVG: bars by pillar, both sets in the plane, and which tool follows which."""

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.evaluation.measures.measure import Pillar, Subject
from toolworld.datasets.evaluation.report import MeasureResult
from toolworld.datasets.evaluation.sample_set import SampleSet

SUBJECTS: tuple[Subject, ...] = get_args(Subject)
PILLARS: tuple[Pillar, ...] = get_args(Pillar)
_COLOURS = {"validity": "#5b8e7d", "fidelity": "#3d6b99", "diversity": "#b5803c"}
_REAL, _SYNTHETIC = "#3d6b99", "#c8553d"
_ROW, _LABEL, _BAR = 22, 210, 420
_SIDE, _MOST_POINTS, _MOST_TOOLS = 420, 800, 12


def closeness(result: MeasureResult) -> float | None:
    """How near the ideal a result is, from 0 to 1; None where its scale has no end.

    1 - value for distances up to 1, the value for shares, and the synthetic value over the real one for scores of
    diversity without a bound, which may pass 1.
    """
    if result.value is None:
        return None
    if result.real is not None and result.pillar == "diversity" and result.better == "higher":
        return result.value / result.real if result.real else None
    if not result.has_end:
        return None
    return result.value if result.better == "higher" else 1 - result.value


def bars(results: Sequence[MeasureResult]) -> str:
    """Bars of all measures whose scale has an end, grouped by pillar; 1 is ideal."""
    rows: list[str] = []
    top = 0
    for pillar in PILLARS:
        near = [(one, closeness(one)) for one in results if one.pillar == pillar]
        shown = [(one, value) for one, value in near if value is not None]
        if not shown:
            continue
        rows.append(f'<text x="0" y="{top + 15}" class="head">{pillar}</text>')
        top += _ROW
        for one, value in shown:
            rows.append(f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(one.name)}</text>')
            rows.append(f'<rect x="{_LABEL}" y="{top + 4}" width="{_BAR}" height="14" class="track"/>')
            width = min(value, 1.0) * _BAR
            rows.append(f'<rect x="{_LABEL}" y="{top + 4}" width="{width:.1f}" height="14" fill="{_COLOURS[pillar]}"/>')
            rows.append(f'<text x="{_LABEL + _BAR + 8}" y="{top + 15}">{value:.2f}</text>')
            top += _ROW
        top += _ROW // 2
    return _svg(_LABEL + _BAR + 50, top, rows)


def scatter(real: SampleSet, synthetic: SampleSet) -> str | None:
    """Both sets in the plane of the two directions in which they spread most; None without vectors."""
    if real.text_vectors is None or synthetic.text_vectors is None:
        return None
    sides = [np.asarray(of.text_vectors[:_MOST_POINTS], np.float64) for of in (real, synthetic)]  # pyright: ignore[reportOptionalSubscript]
    joint = np.concatenate(sides)
    centred = joint - joint.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    flat = centred @ _turned(directions[:2]).T
    low, high = flat.min(axis=0), flat.max(axis=0)
    spots = (flat - low) / np.where(high > low, high - low, 1) * (_SIDE - 20) + 10
    circles = [*_circles(spots[: len(sides[0])], _REAL), *_circles(spots[len(sides[0]) :], _SYNTHETIC)]
    legend = [
        f'<circle cx="{_SIDE + 20}" cy="{y}" r="5" fill="{colour}"/><text x="{_SIDE + 32}" y="{y + 4}">{name}</text>'
        for y, colour, name in ((20, _REAL, "real"), (42, _SYNTHETIC, "synthetic"))
    ]
    return _svg(_SIDE + 120, _SIDE, [*circles, *legend])


def _turned(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions with a sign that follows from themselves: a decomposition may give either."""
    largest = np.abs(directions).argmax(axis=1)
    return directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]


def _circles(spots: NDArray[np.float64], colour: str) -> Iterator[str]:
    for x, y in spots:
        yield f'<circle cx="{x:.1f}" cy="{_SIDE - y:.1f}" r="3.2" fill="{colour}" fill-opacity="0.45"/>'


def transition_maps(real: SampleSet, synthetic: SampleSet) -> tuple[str, str] | None:
    """For each set, how often each of the commonest tools follows each other; None where nothing is called."""
    counts = Counter(name for of in (real, synthetic) for names in of.names for name in names)
    tools = [name for name, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_MOST_TOOLS]]
    if not tools:
        return None
    return _transition_map(real, tools), _transition_map(synthetic, tools)


def _transition_map(of: SampleSet, tools: Sequence[str]) -> str:
    follows = Counter(pair for names in of.names for pair in pairwise(names))
    left, top, cell = 150, 130, 24
    cells: list[str] = []
    for row, before in enumerate(tools):
        total = sum(count for (first, _), count in follows.items() if first == before)
        cells.append(f'<text x="{left - 6}" y="{top + row * cell + 16}" text-anchor="end">{_short(before)}</text>')
        x = left + row * cell + 15
        cells.append(f'<text transform="translate({x},{top - 6}) rotate(-60)">{_short(before)}</text>')
        for column, after in enumerate(tools):
            share = follows[before, after] / total if total else 0.0
            said = f"{escape(before)} then {escape(after)}: {share:.0%} of {total}"
            cells.append(
                f'<rect x="{left + column * cell}" y="{top + row * cell}" width="{cell - 1}" height="{cell - 1}" '
                f'fill="{_REAL}" fill-opacity="{0.04 + 0.96 * share:.2f}"><title>{said}</title></rect>'
            )
    size = cell * len(tools)
    return _svg(left + size + 60, top + size + 4, cells)


def _short(name: str) -> str:
    return escape(name if len(name) <= 20 else name[:19] + "…")


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img">{"".join(parts)}</svg>'
