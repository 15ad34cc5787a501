"""The curves of a sweep as a page of its own: no script, nothing that is loaded from elsewhere."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from toolworld.datasets.perturbation.methods import METHODS
from toolworld.datasets.perturbation.sweep import SweepPoint, trend_of

_TEMPLATE = Path(__file__).with_name("sweep.html")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 260, 150, 46, 26


def sweep_page(points: Sequence[SweepPoint], name: str) -> str:
    """The curves of all measures that move, and the names of those that do not."""
    from jinja2 import Environment  # takes time to load

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    names = list(dict.fromkeys(name for one in points for name in one.measures))
    trends = {one: trend_of(points, one) for one in names}
    method = points[0].method
    return template.render(
        name=name,
        method=method,
        parameter=METHODS[method].parameter,
        curves=[(one, trends[one] or "at some only", curve(points, one)) for one in names if trends[one] != "same"],
        same=[one for one in names if trends[one] == "same"],
        points=points,
    )


def curve(points: Sequence[SweepPoint], measure: str) -> str:
    """A measure over the strength, as SVG."""
    known = [(one.value, one.measures[measure]) for one in points if measure in one.measures]
    xs, ys = [x for x, _ in known], [y for _, y in known]
    spots = [(_scaled(x, xs, _LEFT, _WIDTH - 10), _scaled(y, ys, _HEIGHT - _BOTTOM, 12)) for x, y in known]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in spots)
    labels = [
        (_LEFT - 6, 16, "end", f"{max(ys):.3g}"),
        (_LEFT - 6, _HEIGHT - _BOTTOM, "end", f"{min(ys):.3g}"),
        (_LEFT, _HEIGHT - 8, "start", f"{min(xs):g}"),
        (_WIDTH - 10, _HEIGHT - 8, "end", f"{max(xs):g}"),
    ]
    texts = "".join(f'<text x="{x}" y="{y}" text-anchor="{at}">{escape(text)}</text>' for x, y, at, text in labels)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><polyline points="{line}"/>{dots}{texts}</svg>'


def _scaled(value: float, values: Sequence[float], start: float, end: float) -> float:
    low, high = min(values), max(values)
    return start + (end - start) * ((value - low) / (high - low) if high > low else 0.5)
