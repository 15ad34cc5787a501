"""The part of a state that a call can touch: what its arguments name, what that refers to, and what refers to it.

A model cannot be shown a whole state, and need not be. Records are taken in rounds of falling
nearness to the call until the budget is full:

    1. those that the arguments name, by key or by the value of a field
    2. those that they refer to, those that refer to them, and those that refer to the same
    3. what these refer to in turn, and what refers to these
    4. of the collections that the tool speaks of: those that share words with the arguments, and where
       the arguments name nothing, the first of each
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, zip_longest

from toolworld.environments.calls.event import Call
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Fields
from toolworld.environments.state.path import values_at
from toolworld.environments.state.schema import CollectionSchema, StateSchema
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue, encode, leaves

Place = tuple[str, str]
"""A collection, and the key of a record in it."""

BUDGET = 12_000
"""Bytes of records: about four thousand tokens."""
FEW_ALIKE, MOST_ALIKE = 8, 40
"""How many records of a collection one value or one reference brings in: at first, and where there is room."""
MOST_READ = 2000
"""How many records of a collection are looked through for shared words."""


@dataclass(slots=True)
class Slice:
    """Some of the records of a state, and its singletons."""

    records: dict[str, dict[str, Fields]] = field(default_factory=dict[str, dict[str, Fields]])
    singletons: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """How many records each collection has in all."""

    def __contains__(self, place: Place) -> bool:
        return place[1] in self.records.get(place[0], {})

    def document(self) -> JsonObject:
        """Give what is in it as JSON."""
        return {"records": {name: dict(rows) for name, rows in self.records.items()}, "singletons": self.singletons}


class Slicer:
    """Chooses slices of the states of an environment; what can be worked out once is kept."""

    def __init__(self, schema: StateSchema, budget: int = BUDGET) -> None:
        self.schema = schema
        self.budget = budget
        self._text_fields = {name: _text_fields(shape) for name, shape in schema.collections.items()}
        self._spoken: dict[str, list[str]] = {}
        self._about = _AboutRecords()

    def choose(self, state: State, tool: ToolSpec, call: Call) -> Slice:
        """Choose what of a state a call may need to see."""
        chosen = _Choosing(state, self.schema, self.budget, self._about)
        first = chosen.take(self._named(state, call))
        outward = chosen.take(self._referred(state, first))
        inward = chosen.take(self._referring(state, first, first, FEW_ALIKE))
        beside = chosen.take(self._referring(state, outward, first, FEW_ALIKE))
        chosen.take(self._referred(state, [*inward, *beside]))
        more = chosen.take(self._referring(state, first, first, MOST_ALIKE))
        chosen.take(self._referred(state, more))
        chosen.take(self._referring(state, [*inward, *more], first, FEW_ALIKE))
        if tool.name not in self._spoken:
            self._spoken[tool.name] = _spoken_of(self.schema, tool)
        spoken = self._spoken[tool.name]
        chosen.take(self._sharing_words(state, spoken, call))
        if not first:
            chosen.take((name, key) for name in spoken for key, _ in state.rows(name))
        return chosen.slice()

    def linked(self, state: State, place: Place) -> set[Place]:
        """Give the records that a record refers to, and those that refer to it."""
        return {*self._referred(state, [place]), *self._referring(state, [place], [], MOST_READ)}

    def _named(self, state: State, call: Call) -> Iterator[Place]:
        """Give the records that the arguments name: by key, or by a text that a field of theirs has."""
        said = [leaf for leaf in leaves(call.arguments) if isinstance(leaf, str) and leaf]
        for key in names_in(call.arguments):
            for name in self.schema.collections:
                if state.get(name, key) is not None:
                    yield name, key
        for leaf in dict.fromkeys(said):
            for name, paths in self._text_fields.items():
                for path in paths:
                    found = state.find(name, {path: leaf}, fold=True)
                    yield from ((name, key) for key, _ in islice(found, FEW_ALIKE))

    def _referred(self, state: State, places: list[Place]) -> Iterator[Place]:
        """Give what the records refer to."""
        for name, key in places:
            record = state.get(name, key)
            for path, target in self.schema.collections[name].references.items() if record else ():
                for value in values_at(record, path):
                    if isinstance(value, str):
                        yield target, value

    def _referring(self, state: State, places: list[Place], first: list[Place], most: int) -> Iterator[Place]:
        """Give what refers to the records, in turns, so that a large collection does not crowd out a small one."""
        groups: list[Iterator[Place]] = []
        for target, key in places:
            for name, shape in self.schema.collections.items():
                for path, to in shape.references.items():
                    if to == target:
                        found = [(name, place) for place, _ in state.find(name, {path: key})]
                        groups.append(islice(_nearest(state, name, found, first), most))
        for turn in zip_longest(*groups):
            yield from (place for place in turn if place is not None)

    def _sharing_words(self, state: State, spoken: list[str], call: Call) -> Iterator[Place]:
        """Give the records that share words with the arguments, those with the most first."""
        heard = {word for leaf in leaves(call.arguments) if isinstance(leaf, str) for word in _words(leaf.lower())}
        found: list[tuple[int, int, Place]] = []
        for name in spoken if heard else ():
            for key, record in islice(state.rows(name), MOST_READ):
                score = len(heard & self._about.words(record))
                if score:
                    found.append((-score, len(found), (name, key)))
        yield from (place for _, _, place in sorted(found))


class _AboutRecords:
    """What is worked out of a record once: records never change, and most are asked about again and again."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Fields, int, set[str]]] = {}

    def size(self, record: Fields) -> int:
        """Give the bytes that a record takes as JSON."""
        return self._of(record)[1]

    def words(self, record: Fields) -> set[str]:
        """Give the words that stand in a record."""
        return self._of(record)[2]

    def _of(self, record: Fields) -> tuple[Fields, int, set[str]]:
        known = self._known.get(id(record))
        if known is None or known[0] is not record:
            if len(self._known) > 4 * MOST_READ:
                self._known.clear()
            data = encode(record)
            known = self._known[id(record)] = record, len(data), _words(data.decode().lower())
        return known


@dataclass(slots=True)
class _Choosing:
    state: State
    schema: StateSchema
    left: int
    about: _AboutRecords
    taken: dict[Place, Fields] = field(default_factory=dict[Place, Fields])

    def take(self, places: Iterable[Place]) -> list[Place]:
        """Take records as long as there is room, and give those that are new."""
        new: list[Place] = []
        for place in places if self.left > 0 else ():
            record = self.state.get(*place)
            if record is None or place in self.taken:
                continue
            size = self.about.size(record)
            if size <= self.left or not self.taken:
                self.taken[place] = record
                new.append(place)
            self.left -= size
            if self.left <= 0:
                break
        return new

    def slice(self) -> Slice:
        chosen = Slice(singletons={name: self.state.value(name) for name in self.schema.singletons})
        for name in self.schema.collections:
            rows = {key: record for (where, key), record in self.taken.items() if where == name}
            if rows:
                chosen.records[name] = rows
            chosen.counts[name] = self.state.count(name)
        return chosen


def names_in(value: JsonValue) -> list[str]:
    """Give the texts of a value that may be keys of records: whole ones, and the words of longer ones."""
    said = [leaf for leaf in leaves(value) if isinstance(leaf, str) and leaf]
    words = [word.strip(".,;:!?()'\"") for text in said for word in text.split()]
    return list(dict.fromkeys([*said, *words]))


def _text_fields(shape: CollectionSchema) -> list[str]:
    """Give the fields whose values tell records apart: texts that are neither keys, nor one of a few."""
    properties = shape.record.get("properties")
    return [
        name
        for name, kind in (properties.items() if isinstance(properties, dict) else ())
        if isinstance(kind, dict) and "enum" not in kind and "string" in str(kind.get("type"))
        if name != shape.key and name not in shape.references
    ]


def _nearest(state: State, name: str, found: list[Place], first: list[Place]) -> Iterator[Place]:
    """Put the neighbours of a record of the same collection first, where there is one, and else the latest."""
    order = state.baseline.order(name)
    at = next((order[key] for where, key in first if where == name and key in order), None)
    if at is None:
        return reversed(found)
    return iter(sorted(found, key=lambda place: abs(order[place[1]] - at) if place[1] in order else 0))


def _spoken_of(schema: StateSchema, tool: ToolSpec) -> list[str]:
    """Give the collections whose names, or whose fields, the tool speaks of; those with the most first."""
    text = f"{tool.name} {tool.description} {encode(tool.output_schema).decode()}".lower()
    heard = _words(text)
    scores: dict[str, int] = {}
    for name, shape in schema.collections.items():
        properties = shape.record.get("properties")
        fields = properties.keys() if isinstance(properties, dict) else ()
        singular = {name, name.removesuffix("s"), name.removesuffix("es")}
        scores[name] = 10 * bool(singular & heard or _words(name) & heard) + sum(one in heard for one in fields)
    return sorted((name for name, score in scores.items() if score >= 3), key=lambda name: -scores[name])


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z][a-z0-9_]{2,}", text))
