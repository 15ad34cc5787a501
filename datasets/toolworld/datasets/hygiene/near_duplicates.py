"""Near duplicates: by shared words or calls (MinHash, then counted exactly), or by vectors of texts.

Source: Broder, "On the resemblance and containment of documents", 1997; Leskovec, Rajaraman and Ullman, "Mining of
massive datasets", chapter 3, on bands.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from toolworld.datasets.metrics.neighbours import Vectors
from toolworld.datasets.samples.sample import Sample, words_in
from toolworld.ground import canonical

By = Literal["words", "calls"]
"""What is compared: the words that were said, or the calls with their arguments."""
THRESHOLDS: dict[By, float] = {"words": 0.7, "calls": 0.8}
"""From which share of parts on two samples are near duplicates."""
COSINE = 0.85
"""From which cosine on two texts of a dataset say nearly the same, so that one is left out: few that only resemble each
other reach it, and of 50 paraphrases 14."""
_PERMUTATIONS, _SEED = 120, 1
_FOUND = 0.995
"""The chance with which a pair at the threshold is to be found."""
_BLOCK = 1_024


class NearPair(NamedTuple):
    """Two samples that are nearly the same, by position."""

    first: int
    second: int
    similarity: float


def parts_of(sample: Sample, by: By) -> frozenset[str]:
    """The parts by which samples are compared.

    Of a request: its words, and two words in a row. Of calls: each call with its arguments, and the names of two calls
    in a row.
    """
    if by == "words":
        return word_parts(" ".join(sample.said_by("user")))
    calls = [canonical([one.name, one.arguments]).decode() for one in sample.calls]
    names = sample.names
    return frozenset([*calls, *(f"{one} {other}" for one, other in pairwise(names))])


def word_parts(text: str) -> frozenset[str]:
    """The words of a text, and two words in a row."""
    words = words_in(text) or text.split()  # signs and pictures are words where there are no others
    return frozenset([*words, *(f"{one} {other}" for one, other in pairwise(words))])


Parts = frozenset[str]


def near_pairs(parts: Sequence[Parts], threshold: float) -> list[NearPair]:
    """Pairs of a set whose shared parts are at least a share of all their parts, in order: so many as join each group.

    Samples with the same parts are paired with the first of them only, and of those that are near to each other anyway
    not all pairs are looked at. A sample without parts is near to none.

    Args:
        parts: The parts of each sample.
        threshold: Above 0, at most 1.
    """
    equal = _places(parts)
    found = [NearPair(places[0], other, 1.0) for places in equal.values() for other in places[1:]]
    different = [*equal]
    group = list(range(len(different)))
    for one, other in _candidates(different, threshold):
        first, second = _root(group, one), _root(group, other)
        similarity = _jaccard(different[one], different[other]) if first != second else 0.0
        if similarity >= threshold:
            group[max(first, second)] = min(first, second)
            places = sorted((equal[different[one]][0], equal[different[other]][0]))
            found.append(NearPair(places[0], places[1], similarity))
    return sorted(found)


def _root(group: list[int], place: int) -> int:
    while group[place] != place:
        group[place] = group[group[place]]
        place = group[place]
    return place


def near_across(parts: Sequence[Parts], others: Sequence[Parts], threshold: float) -> list[NearPair]:
    """All pairs of one in a set and one in another, whose position is `second`: of equal ones there the first."""
    ours, theirs = _places(parts), _places(others)
    different = [*dict.fromkeys([*ours, *theirs])]
    alike = [(one, one, 1.0) for one in ours if one in theirs]
    for place, other_place in _candidates(different, threshold):
        one, other = different[place], different[other_place]
        if not (one in ours and other in theirs) and not (other in ours and one in theirs):
            continue
        similarity = _jaccard(one, other)
        if similarity >= threshold:
            alike += [(one, other, similarity), (other, one, similarity)]
    return sorted(
        NearPair(place, theirs[two][0], similarity)
        for one, two, similarity in alike
        if two in theirs
        for place in ours.get(one, ())
    )


def _places(parts: Sequence[Parts]) -> dict[Parts, list[int]]:
    found: dict[Parts, list[int]] = {}
    for place, one in enumerate(parts):
        if one:
            found.setdefault(one, []).append(place)
    return found


def _candidates(parts: Sequence[Parts], threshold: float) -> Iterator[tuple[int, int]]:
    """Positions of pairs that may be similar enough: those that share a band of their signatures."""
    if len(parts) < 2:
        return
    rensa: Any = import_module("rensa")  # it has no types
    tokens = [sorted(one) for one in parts]  # a set's own order differs from process to process
    signatures: Any = rensa.RMinHash.from_token_sets(tokens, num_perm=_PERMUTATIONS, seed=_SEED)
    index: Any = rensa.RMinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, num_bands=bands_for(threshold))
    index.insert_many(signatures)
    near: list[list[int]] = index.query_all(signatures)
    for number, others in enumerate(near):
        yield from ((number, other) for other in sorted(others) if other > number)


def bands_for(threshold: float, permutations: int = _PERMUTATIONS) -> int:
    """The fewest bands, so that few pairs are compared in vain, with which a pair at the threshold is hardly missed."""
    for bands in (one for one in range(1, permutations + 1) if permutations % one == 0):
        if 1 - (1 - threshold ** (permutations // bands)) ** bands >= _FOUND:
            return bands
    return permutations


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def near_vectors(vectors: Vectors, threshold: float = COSINE) -> list[NearPair]:
    """The pairs of a set whose vectors have at least a cosine, in order.

    Args:
        vectors: Of shape (n, d).
        threshold: The cosine.
    """
    rows = _unit(vectors)
    first: dict[bytes, int] = {}
    places = [first.setdefault(row.tobytes(), place) for place, row in enumerate(rows)]
    found = [NearPair(of, place, 1.0) for place, of in enumerate(places) if of != place]  # equal ones stand for one
    kept = np.array([*first.values()])
    for start in range(0, len(kept), _BLOCK):
        cosines = rows[kept[start : start + _BLOCK]] @ rows[kept].T
        for one, other in zip(*np.nonzero(cosines >= threshold), strict=True):
            if start + one < other:
                found.append(NearPair(int(kept[start + one]), int(kept[other]), float(cosines[one, other])))
    return sorted(found)


def nearest_vectors(vectors: Vectors, others: Vectors, threshold: float) -> list[NearPair]:
    """For each vector of a set the nearest one of another, whose position is `second`, if it is near enough."""
    rows, columns = _unit(vectors), _unit(others)
    found: list[NearPair] = []
    for start in range(0, len(rows), _BLOCK):
        cosines = rows[start : start + _BLOCK] @ columns.T
        for one, other in enumerate(cosines.argmax(axis=1)):
            if cosines[one, other] >= threshold:
                found.append(NearPair(start + one, int(other), float(cosines[one, other])))
    return found


def _unit(vectors: Vectors) -> NDArray[np.float32]:
    rows = np.asarray(vectors, np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def groups_of(pairs: Sequence[NearPair]) -> list[list[int]]:
    """The groups that pairs join, each in order, by their first."""
    import networkx  # takes time to load

    graph: Any = cast(Any, networkx).Graph()
    graph.add_edges_from((one.first, one.second) for one in pairs)
    components: Any = cast(Any, networkx).connected_components(graph)
    return sorted(sorted(one) for one in components)
