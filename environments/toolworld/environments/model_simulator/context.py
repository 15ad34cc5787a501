"""The slice of a state that a call can touch: the records that its arguments name, and their neighbours by reference.

A model cannot be shown a whole state, and need not be. Records are taken in rounds, the nearest to the
call first, until the budget is used up:

    1. the records that the arguments name, by key or by the value of a text field
    2. those that they refer to, those that refer to them, and those that refer to the same records
    3. those that these refer to in turn, and those that refer to these
    4. in the collections that the tool mentions: records that share words with the arguments, and if
       the arguments name no record, the first records
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

BUDGET_BYTES = 12_000
"""Maximum size of the records in a slice: about four thousand tokens."""
FIRST_RELATED, MAX_RELATED = 8, 40
"""Maximum number of records of a collection that one value or one reference adds: at first, and if there is room."""
MAX_SCANNED_RECORDS = 2000
"""Maximum number of records of a collection that are searched for shared words."""


@dataclass(slots=True)
class Slice:
    """A selection of the records of a state, and all its singletons."""

    records: dict[str, dict[str, Fields]] = field(default_factory=dict[str, dict[str, Fields]])
    singletons: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Number of records in each whole collection."""

    def __contains__(self, place: Place) -> bool:
        return place[1] in self.records.get(place[0], {})

    def document(self) -> JsonObject:
        """The records and singletons as one JSON object."""
        return {"records": {name: dict(rows) for name, rows in self.records.items()}, "singletons": self.singletons}


class Slicer:
    """Chooses slices of the states of an environment; keeps what it derives from schema, tools and records."""

    def __init__(self, schema: StateSchema, budget: int = BUDGET_BYTES) -> None:
        self.schema = schema
        self.budget = budget
        self._text_fields = {name: _text_fields(shape) for name, shape in schema.collections.items()}
        self._mentioned: dict[str, list[str]] = {}
        self._measures = _RecordMeasures()

    def choose(self, state: State, tool: ToolSpec, call: Call) -> Slice:
        """Choose the slice of a state that a call may need."""
        chosen = _SliceBuilder(state, self.schema, self.budget, self._measures)
        named = chosen.take(self._named_places(state, call))
        referred = chosen.take(self._referred_places(state, named))
        referring = chosen.take(self._referring_places(state, named, named, FIRST_RELATED))
        siblings = chosen.take(self._referring_places(state, referred, named, FIRST_RELATED))
        chosen.take(self._referred_places(state, [*referring, *siblings]))
        # The other records that refer to the named ones follow only now. At most `FIRST_RELATED` came above, so
        # that the hundred loans of a patron do not use up the budget before the first loans have their books.
        more_referring = chosen.take(self._referring_places(state, named, named, MAX_RELATED))
        chosen.take(self._referred_places(state, more_referring))
        chosen.take(self._referring_places(state, [*referring, *more_referring], named, FIRST_RELATED))
        if tool.name not in self._mentioned:
            self._mentioned[tool.name] = _mentioned_collections(self.schema, tool)
        mentioned = self._mentioned[tool.name]
        chosen.take(self._places_sharing_words(state, mentioned, call))
        if not named:
            chosen.take((name, key) for name in mentioned for key, _ in state.rows(name))
        return chosen.slice()

    def linked(self, state: State, place: Place) -> set[Place]:
        """The records that a record refers to, and those that refer to it."""
        return {
            *self._referred_places(state, [place]),
            *self._referring_places(state, [place], [], MAX_SCANNED_RECORDS),
        }

    def _named_places(self, state: State, call: Call) -> Iterator[Place]:
        """Yield the records that the arguments name: by key, or by the value of a text field."""
        texts = [leaf for leaf in leaves(call.arguments) if isinstance(leaf, str) and leaf]
        for key in names_in(call.arguments):
            for name in self.schema.collections:
                if state.get(name, key) is not None:
                    yield name, key
        for leaf in dict.fromkeys(texts):
            for name, paths in self._text_fields.items():
                for path in paths:
                    found = state.find(name, {path: leaf}, fold=True)
                    yield from ((name, key) for key, _ in islice(found, FIRST_RELATED))

    def _referred_places(self, state: State, places: list[Place]) -> Iterator[Place]:
        """Yield the places that the records refer to."""
        for name, key in places:
            record = state.get(name, key)
            for path, target in self.schema.collections[name].references.items() if record else ():
                for value in values_at(record, path):
                    if isinstance(value, str):
                        yield target, value

    def _referring_places(self, state: State, places: list[Place], named: list[Place], most: int) -> Iterator[Place]:
        """Yield the records that refer to the given ones, at most `most` for each reference.

        The references take turns, so that a large collection does not displace a small one.
        """
        groups: list[Iterator[Place]] = []
        for target, key in places:
            for name, shape in self.schema.collections.items():
                for path, referred_collection in shape.references.items():
                    if referred_collection == target:
                        found = [(name, place) for place, _ in state.find(name, {path: key})]
                        groups.append(islice(_nearest_first(state, name, found, named), most))
        for places_in_turn in zip_longest(*groups):
            yield from (place for place in places_in_turn if place is not None)

    def _places_sharing_words(self, state: State, mentioned: list[str], call: Call) -> Iterator[Place]:
        """Yield the records that share words with the arguments, those with the most shared words first."""
        wanted_words = {
            word for leaf in leaves(call.arguments) if isinstance(leaf, str) for word in _words(leaf.lower())
        }
        found: list[tuple[int, int, Place]] = []
        for name in mentioned if wanted_words else ():
            for key, record in islice(state.rows(name), MAX_SCANNED_RECORDS):
                score = len(wanted_words & self._measures.words(record))
                if score:
                    found.append((-score, len(found), (name, key)))  # among equals, the order of the state
        yield from (place for _, _, place in sorted(found))


class _RecordMeasures:
    """Size and words of records, computed once: records never change, and most are needed for many calls."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Fields, int, set[str]]] = {}

    def size(self, record: Fields) -> int:
        """The size of a record as JSON, in bytes."""
        return self._measure(record)[1]

    def words(self, record: Fields) -> set[str]:
        """The words in a record, in lower case."""
        return self._measure(record)[2]

    def _measure(self, record: Fields) -> tuple[Fields, int, set[str]]:
        # By identity: hashing the content would cost as much as encoding it. The entry holds the record, so its `id`
        # cannot be reused while the entry exists; the comparison is a safeguard.
        known = self._known.get(id(record))
        if known is None or known[0] is not record:
            if len(self._known) > 4 * MAX_SCANNED_RECORDS:
                self._known.clear()
            data = encode(record)
            known = self._known[id(record)] = record, len(data), _words(data.decode().lower())
        return known


@dataclass(slots=True)
class _SliceBuilder:
    """A slice in the making: the records taken so far, and the bytes left of the budget."""

    state: State
    schema: StateSchema
    bytes_left: int
    measures: _RecordMeasures
    taken: dict[Place, Fields] = field(default_factory=dict[Place, Fields])

    def take(self, places: Iterable[Place]) -> list[Place]:
        """Add records while the budget lasts, and return the places of those that were added."""
        added: list[Place] = []
        for place in places if self.bytes_left > 0 else ():
            record = self.state.get(*place)
            if record is None or place in self.taken:
                continue
            size = self.measures.size(record)
            # the first record is shown even if it is larger than the budget: it is what the call is about
            if size <= self.bytes_left or not self.taken:
                self.taken[place] = record
                added.append(place)
            self.bytes_left -= size  # one that does not fit ends the choice: farther records must not take its place
            if self.bytes_left <= 0:
                break
        return added

    def slice(self) -> Slice:
        """The records taken so far, by collection in the order of the schema."""
        chosen = Slice(singletons={name: self.state.value(name) for name in self.schema.singletons})
        for name in self.schema.collections:
            rows = {key: record for (where, key), record in self.taken.items() if where == name}
            if rows:
                chosen.records[name] = rows
            chosen.counts[name] = self.state.count(name)
        return chosen


def names_in(value: JsonValue) -> list[str]:
    """The texts in a value that may be keys of records: whole strings, and the words of longer ones."""
    texts = [leaf for leaf in leaves(value) if isinstance(leaf, str) and leaf]
    words = [word.strip(".,;:!?()'\"") for text in texts for word in text.split()]
    return list(dict.fromkeys([*texts, *words]))


def _text_fields(shape: CollectionSchema) -> list[str]:
    """The text fields whose values can identify a record: no keys, no references and no enums."""
    properties = shape.record.get("properties")
    return [
        name
        for name, kind in (properties.items() if isinstance(properties, dict) else ())
        if isinstance(kind, dict) and "enum" not in kind and "string" in str(kind.get("type"))
        if name != shape.key and name not in shape.references
    ]


def _nearest_first(state: State, name: str, found: list[Place], named: list[Place]) -> Iterator[Place]:
    """Sort records by their distance from a named record of the same collection; without one, the latest first.

    Records inserted by the episode have no position in the baseline, and count as nearest.
    """
    order = state.baseline.order(name)
    position = next((order[key] for where, key in named if where == name and key in order), None)
    if position is None:
        return reversed(found)
    return iter(sorted(found, key=lambda place: abs(order[place[1]] - position) if place[1] in order else 0))


def _mentioned_collections(schema: StateSchema, tool: ToolSpec) -> list[str]:
    """The collections whose names or fields the tool mentions, those with the highest scores first."""
    text = f"{tool.name} {tool.description} {encode(tool.output_schema).decode()}".lower()
    mentioned_words = _words(text)
    scores: dict[str, int] = {}
    for name, shape in schema.collections.items():
        properties = shape.record.get("properties")
        fields = properties.keys() if isinstance(properties, dict) else ()
        singular = {name, name.removesuffix("s"), name.removesuffix("es")}
        # the name decides alone; without it, three fields are needed, since many tools mention fields such as `name`
        scores[name] = 10 * bool(singular & mentioned_words or _words(name) & mentioned_words) + sum(
            field_name in mentioned_words for field_name in fields
        )
    return sorted((name for name, score in scores.items() if score >= 3), key=lambda name: -scores[name])


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z][a-z0-9_]{2,}", text))
