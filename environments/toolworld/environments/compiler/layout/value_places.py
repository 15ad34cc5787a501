"""Single values of state documents: numbers, words and lists that are no records, and the names that mean them."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.environments.compiler.literals import quoted
from toolworld.environments.normaliser.words import compact, singulars, word_set
from toolworld.ground import JsonObject, JsonValue

_VAGUE = word_set("amount id info level list message mode name setting state status success type value")
"""Words that say nothing of what a value is of."""
_SMALL = word_set("a current get my new of set the to")
_MAX_SAMPLES = 50


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """Where a single value stands: a part of the state, or a name inside of one."""

    part: str
    inner: str | None
    samples: tuple[JsonValue, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.inner if self.inner is not None else self.part

    @property
    def expression(self) -> str:
        """The expression of a program that reads it."""
        return f"get({quoted(self.part)})" + (f".get({quoted(self.inner)})" if self.inner is not None else "")

    def assigned(self, value: str) -> str:
        """The statement of a program that writes it."""
        if self.inner is None:
            return f"set({quoted(self.part)}, {value})"
        return f"set({quoted(self.part)}, _with_value(get({quoted(self.part)}), {quoted(self.inner)}, {value}))"

    def holds(self, *types: type) -> bool:
        """Whether it holds a value of one of some types; true and false are no numbers."""
        known = [one for one in self.samples if one is not None]
        is_flag = any(isinstance(one, bool) for one in known)
        return bool(known) and all(isinstance(one, types) for one in known) and (bool in types or not is_flag)


def value_places(documents: Sequence[JsonObject], parts: Sequence[str]) -> tuple[ValuePlace, ...]:
    """The places of single values.

    Args:
        documents: The state documents.
        parts: The parts that hold records, which are left out.
    """
    found: dict[tuple[str, str | None], list[JsonValue]] = {}
    for document in documents[:_MAX_SAMPLES]:
        for part, value in document.items():
            if part in parts:
                continue
            found.setdefault((part, None), []).append(value)
            if isinstance(value, dict):
                for inner, one in value.items():
                    if not isinstance(one, dict):
                        found.setdefault((part, inner), []).append(one)
    return tuple(ValuePlace(part, inner, tuple(samples)) for (part, inner), samples in found.items())


def place_of(name: str, places: Sequence[ValuePlace], about: frozenset[str] = frozenset()) -> ValuePlace | None:
    """The place that a name means; None where none does, or several do alike.

    Args:
        name: The name of a parameter or of a field of a result.
        places: All places.
        about: Words of the tool, which may say what the name leaves out: the `mode` of `set_headlights`.
    """
    scored = sorted(((_score(name, one, about), one.name) for one in places), reverse=True)
    if not scored or scored[0][0] < 1 or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return None
    return max(places, key=lambda one: _score(name, one, about))


def _score(name: str, place: ValuePlace, about: frozenset[str]) -> float:
    own, theirs = {*singulars(name)} - _SMALL, {*singulars(place.name)} - _SMALL
    if compact(name) == compact(place.name):
        return 4
    if own == theirs or (own <= theirs and own & theirs == own - _VAGUE and own - _VAGUE):
        return 3
    shared = (own & theirs) - _VAGUE
    if shared and (own - _VAGUE) == (theirs - _VAGUE):
        return 2.5
    by_tool = (theirs & about) - _VAGUE
    if by_tool and own & _VAGUE and (theirs - _VAGUE) <= about:
        return 1.5
    is_whole = shared == theirs - _VAGUE or (shared == own - _VAGUE and (theirs - _VAGUE - shared) <= about)
    return 1 + 0.1 * len(shared) if shared and is_whole else 0
