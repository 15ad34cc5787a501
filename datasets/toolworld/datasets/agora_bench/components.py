"""Principal components of the metrics of several settings, and how far they explain the gap recovered."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolworld.ground import Record

FEWEST = 3
"""Settings, of which components are taken."""
_MOST, _SETTINGS_EACH = 5, 4


class PrincipalComponents(Record):
    """The directions in which settings differ most."""

    metrics: tuple[str, ...]
    """Those that all settings have, and that differ between them."""
    explained: tuple[float, ...]
    """The share of the variance that each component has."""
    loadings: tuple[tuple[float, ...], ...]
    """How much each metric counts in each component."""
    places: dict[str, tuple[float, ...]]
    """Where each setting lies."""


class Regression(Record):
    """The gap recovered, explained by components: least squares."""

    of: str
    """Which gap: that of trained models, or the one in context."""
    components: int
    r2: float
    adjusted_r2: float
    """For the number of components; around 0 where nothing is explained."""
    p: float
    """The chance of as good a fit where nothing is explained (F test)."""
    settings: int


def principal_components(table: Mapping[str, Mapping[str, float | None]]) -> PrincipalComponents | None:
    """The principal components of settings; None of fewer than three, or where fewer than two metrics differ.

    Each metric is centred and scaled to variance 1; a component's sign is that of its largest loading.

    Args:
        table: The metrics of each setting.
    """
    first = next(iter(table.values()), dict[str, float | None]())
    names: list[str] = [name for name in first if all(row.get(name) is not None for row in table.values())]
    values = np.array([[row[name] for name in names] for row in table.values()], np.float64)
    if len(table) < FEWEST or not names:
        return None
    spread = values.std(axis=0)
    differing = spread > 1e-12 * np.maximum(1, np.abs(values).max(axis=0))
    if differing.sum() < 2:
        return None
    scaled = ((values - values.mean(axis=0)) / np.where(differing, spread, 1))[:, differing]
    left, sizes, directions = np.linalg.svd(scaled, full_matrices=False)
    kept = sizes > 1e-9 * sizes[0]
    signs = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])
    where = (left * sizes * signs)[:, kept]
    return PrincipalComponents(
        metrics=tuple(name for name, differs in zip(names, differing, strict=True) if differs),
        explained=tuple(_floats(np.square(sizes[kept]) / np.square(sizes).sum())),
        loadings=tuple(tuple(_floats(row)) for row in (directions * signs[:, None])[kept]),
        places={name: tuple(_floats(row)) for name, row in zip(table, where, strict=True)},
    )


def _floats(values: NDArray[np.float64]) -> Sequence[float]:
    return [float(one) for one in values]


def regression(components: PrincipalComponents, gaps: Mapping[str, float | None], of: str) -> Regression | None:
    """The gap recovered on the first components; None where fewer than four settings have one.

    A component is taken for every four settings, five at most: with more, anything could be explained.

    Args:
        components: The components.
        gaps: The gap recovered of each setting.
        of: Which gap it is.
    """
    where = components.places
    known = [(where[name], gap) for name, gap in gaps.items() if gap is not None and name in where]
    count = min(_MOST, len(components.explained), len(known) // _SETTINGS_EACH)
    if count < 1:
        return None
    places = np.array([[1.0, *place[:count]] for place, _ in known])
    wanted = np.array([gap for _, gap in known], np.float64)
    total = float(np.square(wanted - wanted.mean()).sum())
    if total == 0:
        return None
    weights, _, rank, _ = np.linalg.lstsq(places, wanted, rcond=None)
    rest = float(np.square(wanted - places @ weights).sum())
    count = int(rank) - 1  # components may coincide on the settings whose gap is known
    freedom = len(known) - count - 1
    if count < 1 or freedom < 1:
        return None
    stats: Any = import_module("scipy.stats")  # takes time to load
    ratio = ((total - rest) / count) / max(rest / freedom, 1e-300)
    r2 = 1 - rest / total
    return Regression(
        of=of,
        components=count,
        r2=r2,
        adjusted_r2=1 - (1 - r2) * (len(known) - 1) / freedom,
        p=float(stats.f.sf(ratio, count, freedom)),
        settings=len(known),
    )
