"""A comparison of generators as a page of its own: no script, nothing that is loaded from elsewhere."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from toolworld.datasets.agora_bench.report import BETTER, BenchReport

_TEMPLATE = Path(__file__).with_name("bench.html")
_SIDE, _ROOM = 380, 40
_COLOUR = "#3d6b99"
_LETTER, _LINE = 5.5, 11.0
"""About how wide a letter of a label is, and how high a line."""


def bench_page(report: BenchReport) -> str:
    """The table of a comparison, the card of the judge, and the plane of the first two components."""
    from jinja2 import Environment  # takes time to load

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    names = [*next(iter(report.generators.values())).metrics]
    return template.render(report=report, names=names, better=BETTER, plane=component_plane(report))


def component_plane(report: BenchReport) -> str | None:
    """Settings in the plane of the first two components, with the directions of metrics, as SVG."""
    found = report.components
    if found is None or len(found.explained) < 2:
        return None
    reach = max((abs(one) for place in found.places.values() for one in place[:2]), default=1.0) or 1.0
    parts = [
        f'<line x1="{_ROOM}" y1="{_SIDE / 2}" x2="{_SIDE - _ROOM}" y2="{_SIDE / 2}" stroke="#ccc"/>',
        f'<line x1="{_SIDE / 2}" y1="{_ROOM}" x2="{_SIDE / 2}" y2="{_SIDE - _ROOM}" stroke="#ccc"/>',
    ]
    labels = _Labels()
    for name, where in found.places.items():
        x, y = _spot(where, reach)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{_COLOUR}"/>')
        parts.append(labels.add(name, x + 8, y + 4, "setting"))
    for place, name in enumerate(found.metrics):
        x, y = _spot((found.loadings[0][place], found.loadings[1][place]), 1.0)
        parts.append(
            f'<line x1="{_SIDE / 2}" y1="{_SIDE / 2}" x2="{x:.1f}" y2="{y:.1f}" stroke="#c8553d" opacity=".5"/>'
        )
        parts.append(labels.add(name, x, y, "metric"))
    return f'<svg viewBox="0 0 {_SIDE + 140} {_SIDE}" role="img">{"".join(parts)}</svg>'


class _Labels:
    """Labels of a drawing, of which none stands on another."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, float, float]] = []

    def add(self, text: str, x: float, y: float, kind: str) -> str:
        """A label at this place, or below those that stand there."""
        width = _LETTER * len(text)
        while any(abs(y - at) < _LINE and x < left + wide and left < x + width for left, at, wide in self._taken):
            y += _LINE / 2
        self._taken.append((x, y, width))
        return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'


def _spot(where: Sequence[float], reach: float) -> tuple[float, float]:
    half = _SIDE / 2 - _ROOM
    return _SIDE / 2 + half * where[0] / reach, _SIDE / 2 - half * where[1] / reach
