"""The catalogue of trades: what a business of each kind keeps records of, and how they change."""

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from toolworld.environments.normaliser.words import word_set
from toolworld.ground import Record, SpecError

_ENTITY = re.compile(r"(\w+) = ([^:]+)(?: : (\w+) : (\w+)(?: > (.+))?)?")
_FIELD = re.compile(r"(\w+)(?:\(([^)]*)\))?")
_RANGE = re.compile(r"([\d.]+)\.\.([\d.]+)")


class Field(NamedTuple):
    """A field of an entity."""

    name: str
    choices: tuple[str, ...] = ()
    between: tuple[float, float] | None = None
    """Between what its values lie, where the catalogue says so."""


class Step(NamedTuple):
    """A way from one status to another."""

    verb: str
    status: str
    start: str


class Entity(NamedTuple):
    """A kind of record."""

    name: str
    fields: tuple[Field, ...]
    maker: str | None = None
    """The verb that makes one; None for what is only looked up and changed."""
    first: str = ""
    """The status of a new one."""
    steps: tuple[Step, ...] = ()

    @property
    def key(self) -> str:
        """The name of its key field."""
        return f"{self.name}_id"

    @property
    def thing(self) -> str:
        """What it is called in a sentence."""
        return self.name.replace("_", " ")

    @property
    def tells_of_the_past(self) -> bool:
        """Whether what it records has happened already, so that its day is behind."""
        return self.maker in _OF_THE_PAST

    @property
    def statuses(self) -> tuple[str, ...]:
        """Every status that one may have, the first one first."""
        return tuple(dict.fromkeys([self.first, *(one.status for one in self.steps)]))

    @property
    def many(self) -> str:
        """Its collection."""
        if self.name in _IRREGULAR:
            return _IRREGULAR[self.name]
        if self.name.endswith("y") and self.name[-2] not in "aeou":
            return f"{self.name[:-1]}ies"
        return f"{self.name}es" if self.name.endswith(("s", "x", "ch", "sh")) else f"{self.name}s"


_OF_THE_PAST = ("accept", "enter", "file", "receive", "record", "report", "submit")
_IRREGULAR = {"child": "children", "feedback": "feedback"}


class Trade(Record):
    """A kind of business."""

    name: str
    domain: str
    words: str
    """Other words for it."""
    entities: tuple[Entity, ...]

    def entity(self, name: str) -> Entity | None:
        """The entity of that name."""
        return next((one for one in self.entities if one.name == name), None)


class Department(Record):
    """What businesses of several kinds keep besides their own trade."""

    name: str
    entities: tuple[Entity, ...]
    domains: tuple[str, ...] = ()
    """Of which trades; of all, if empty."""

    def serving(self, served: Entity) -> tuple[Entity, ...]:
        """Its entities, for whom a desk serves."""
        return tuple(
            one._replace(
                fields=tuple(each._replace(name=served.name) if each.name == SERVED else each for each in one.fields)
            )
            for one in self.entities
        )


SERVED = "served"
"""What a department calls whom the desk serves."""


@lru_cache(maxsize=1)
def default_fields() -> tuple[str, ...]:
    """The fields that come with toolworld: a hundred of them."""
    return tuple(_text("fields.txt").split("\n")[:-1])


@lru_cache(maxsize=1)
def trades() -> tuple[Trade, ...]:
    """All trades.

    Raises:
        SpecError: the catalogue is malformed.
    """
    return tuple(Trade.model_validate(one) for one in _listed("trade"))


@lru_cache(maxsize=1)
def departments() -> tuple[Department, ...]:
    """All departments.

    Raises:
        SpecError: the catalogue is malformed.
    """
    return tuple(Department.model_validate(one) for one in _listed("department"))


def _listed(kind: str) -> Iterator[dict[str, object]]:
    """The entries of a kind in its file, with their entities read."""
    for one in tomllib.loads(_text(f"{kind}s.toml"))[kind]:
        yield {**one, "entities": tuple(map(entity_of, one["entities"]))}


def _text(name: str) -> str:
    return (files("toolworld.environments.synthesis.trades") / name).read_text(encoding="utf-8")


def entity_of(line: str) -> Entity:
    """Read an entity: `visit = animal date : schedule : scheduled > cancel cancelled`.

    Raises:
        SpecError: it is not of that form.
    """
    match = _ENTITY.fullmatch(line)
    if match is None:
        raise SpecError(f"{line!r} is no entity: `name = fields : verb : first status > verb status, ...`")
    fields = tuple(_field(name, given) for name, given in _FIELD.findall(match[2]))
    ways = [one for one in (match[5] or "").split(", ") if one]
    return Entity(match[1], fields, match[3], match[4] or "", tuple(_step(one, match[4] or "", line) for one in ways))


def _field(name: str, given: str) -> Field:
    """Read a field, with what stands in its brackets: choices, or a range."""
    between = _RANGE.fullmatch(given)
    if between is not None:
        return Field(name, between=(float(between[1]), float(between[2])))
    return Field(name, tuple(one for one in given.split("/") if one))


def _step(text: str, first: str, line: str) -> Step:
    """Read a way: `cancel cancelled`, or `deliver shipped>delivered`."""
    match = re.fullmatch(r"(\w+) (?:(\w+)>)?(\w+)", text)
    if match is None:
        raise SpecError(f"{line!r}: a way is a verb and a status, or a verb and `one>another`")
    return Step(match[1], match[3], match[2] or first)


class FittingTrades(NamedTuple):
    """The trades of a field."""

    trades: tuple[Trade, ...]
    is_known: bool
    """Whether they have a word of it; otherwise they only stand in."""


def fitting_trades(field: str) -> FittingTrades:
    """The trades that a field means, the best first; all of them where none has a word of it."""
    asked = _stems(field)
    scored = [(_score(asked, one), one) for one in trades()]
    most = max(score for score, _ in scored)
    best = sorted((one for one in scored if one[0] > _GOOD * most), key=lambda one: (-one[0], one[1].name))
    return FittingTrades(tuple(one for _, one in best) if most else trades(), most > 0)


def _score(asked: frozenset[str], trade: Trade) -> float:
    """How well a trade fits: a word of its name counts more than another word for it, and its domain least."""
    said = ((3, trade.name), (2, trade.words), (1, trade.domain))
    return sum(weight * any(_alike(one, other) for other in _stems(text)) for weight, text in said for one in asked)


def _alike(one: str, other: str) -> bool:
    """Whether two words begin alike: `hairdressing` and `hairdresser`, `healthcare` and `health`."""
    differing = (place for place, (first, second) in enumerate(zip(one, other, strict=False)) if first != second)
    shared = next(differing, min(len(one), len(other)))
    is_ending = abs(len(one) - len(other)) <= _LONGEST_ENDING or shared >= _LETTERS
    return one == other or (is_ending and shared >= max(_LEAST_LETTERS, min(len(one), len(other), _LETTERS)))


def _stems(text: str) -> frozenset[str]:
    """The words of a text without their endings, but for small ones and those that say nothing."""
    found = re.findall(r"[a-z]+", text.lower())
    stems = (re.sub(r"(?:ies|ing|es|s|y|(?<=\w{4})e)$", "", one) for one in found if one not in _VAGUE)
    return frozenset(one for one in stems if len(one) > _SMALL)


_GOOD = 0.75
"""What share of the best score a trade needs that stands beside the best."""
_SMALL = 1
_LEAST_LETTERS = 4
_LETTERS = 6
"""So many letters that are the same at the beginning are enough."""
_LONGEST_ENDING = 4
"""How many letters more one may have, where fewer are the same: a plantation is no plane."""
_VAGUE = word_set(
    "agency and booking care centre company desk facility firm for of office planning practice school schools "
    "service services shop supplier supplies supply the"
)
"""Words of names of businesses of all kinds."""


def with_article(thing: str) -> str:
    """A thing with its article: `an order`, `a unit`."""
    return f"{'an' if thing[0] in 'aeiou' and not thing.startswith(('uni', 'eu')) else 'a'} {thing}"
