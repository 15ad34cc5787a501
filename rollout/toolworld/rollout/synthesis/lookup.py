"""Look-ups: the reads by which an agent finds a record that a user speaks of, from what a person can know of it."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple

from toolworld.environments import Event, ToolSpec
from toolworld.ground import JsonObject, JsonValue, humanize
from toolworld.rollout.synthesis.chain import Argument, Chain
from toolworld.rollout.synthesis.terrain import TITLES, Terrain, objects_in

_DEPTH = 3
"""Over how many other records a record is looked for."""
_LONGEST_LIST = 40
"""How many records a list may have that somebody finds one in."""


class Way(NamedTuple):
    """How a tool finds records of a collection: what each of its arguments is."""

    tool: ToolSpec
    arguments: tuple[tuple[str, Literal["field", "reference"], str], ...]
    """Each parameter with the field of the record whose value it is given, or whose key of another record."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record that was looked up."""

    collection: str
    key: str
    reference: str
    """Where its key stands: `$1.orders.2.order_id`."""
    said: Mapping[str, JsonValue]
    """What the user had to say of it, by parameter."""
    shown: JsonObject
    """The record as the tool shows it."""
    alike: tuple[JsonObject, ...]
    """The others that were shown beside it."""
    through: tuple[tuple[str, str], "Found | None"] | None = None
    """The record through which it was found, by collection and key, if one; None instead of a record that was looked up
    before."""


@dataclass
class Lookups:
    """The look-ups of an environment.

    Args:
        terrain: The environment.
        draw: Decides which of several ways is taken.
    """

    terrain: Terrain
    draw: random.Random
    _ways: dict[str, list[Way]] = field(default_factory=dict[str, list[Way]])

    async def find(self, chain: Chain, collection: str, key: str, depth: int = 0) -> Found | None:
        """Look a record up, with the calls that it takes; None where no way leads to it, and then nothing is kept."""
        record = chain.snapshot.state.get(collection, key)
        if record is None or depth > _DEPTH:
            return None
        ways = self.ways(collection)
        for way in sorted(self.draw.sample(ways, len(ways)), key=self._rank):
            tried = chain.fork()
            found = await self._follow(tried, way, (collection, key), record, depth)
            if found is not None:
                chain.become(tried)
                return found
        return None

    def _rank(self, way: Way) -> int:
        """How soon a way is tried: through the person whose record it is first, by a title next."""
        targets = [self.terrain.keys.get((way.tool.name, name)) for name, _, _ in way.arguments]
        if any(one in self._near_people for one in targets):
            return 0
        return 1 if any(of in TITLES for _, kind, of in way.arguments if kind == "field") else 2

    @cached_property
    def _near_people(self) -> frozenset[str]:
        """The collections of people, and those whose records lead to them."""
        return frozenset(name for one in self.terrain.people for name in self.terrain.distances(one))

    def ways(self, collection: str) -> list[Way]:
        """The ways that may lead to records of a collection."""
        if collection not in self._ways:
            self._ways[collection] = [way for tool in self.terrain.readers for way in self._of(tool, collection)]
        return self._ways[collection]

    def _of(self, tool: ToolSpec, collection: str) -> Iterator[Way]:
        """The ways of one tool: with what it requires, and with one argument more."""
        fields = self._fields(collection)
        needed = [self._argument(tool, name, collection, fields) for name in tool.parameters if name in tool.required]
        if any(one is None for one in needed):
            return
        given = tuple(one for one in needed if one is not None)
        more = [self._argument(tool, name, collection, fields) for name in tool.parameters if name not in tool.required]
        yield from (Way(tool, (*given, one)) for one in more if one is not None)
        if given:
            yield Way(tool, given)

    def _fields(self, collection: str) -> list[str]:
        properties = self.terrain.runtime.environment.state_schema.collections[collection].record.get("properties")
        return [*properties] if isinstance(properties, dict) else []

    def _argument(
        self, tool: ToolSpec, name: str, collection: str, fields: list[str]
    ) -> tuple[str, Literal["field", "reference"], str] | None:
        """What a parameter is given: a value of the record, or the key of what it refers to; None for its own key."""
        wanted = self.terrain.keys.get((tool.name, name))
        for one, target in self.terrain.references[collection].items():
            if wanted == target and wanted != collection:
                return name, "reference", one
        alike = next((one for one in fields if humanize(one) == humanize(name)), None)
        if wanted is not None or alike is None or alike == self.terrain.key_fields[collection]:
            return None
        return name, "field", alike

    async def _follow(
        self, chain: Chain, way: Way, place: tuple[str, str], record: Mapping[str, JsonValue], depth: int
    ) -> Found | None:
        """Make the calls of a way."""
        collection, _ = place
        known = self.terrain.knowable(collection, record)
        said: dict[str, JsonValue] = {}
        arguments: dict[str, Argument] = {}
        through: tuple[tuple[str, str], Found | None] | None = None
        for name, kind, of in way.arguments:
            if kind == "field":
                if of not in known:
                    return None
                said[name] = known[of]
                arguments[name] = Argument(known[of])
                continue
            target, other = self.terrain.references[collection][of], record.get(of)
            reference, found = chain.keys.get((target, str(other))), None
            if reference is None:
                found = await self.find(chain, target, str(other), depth + 1)
                if found is None:
                    return None
                reference = found.reference
                said |= {one: value for one, value in found.said.items() if one not in said}
            arguments[name] = Argument(other, reference)
            through = ((target, str(other)), found)
        event = await chain.make(way.tool, arguments)
        shown = self._found(chain, event, place, said)
        return None if shown is None else replace(shown, through=through)

    def _found(self, chain: Chain, event: Event, place: tuple[str, str], said: Mapping[str, JsonValue]) -> Found | None:
        """The record in a result, if it is there."""
        collection, key = place
        field_name = self.terrain.key_fields[collection]
        number = len(chain.steps) - 1
        if event.failure is not None or not isinstance(event.result, dict):
            return None
        shown = [
            (path, inner) for path, inner in objects_in(event.result) if isinstance(inner.get(field_name), str | int)
        ]
        own = next(((path, inner) for path, inner in shown if str(inner[field_name]) == key), None)
        if own is None or len(shown) > _LONGEST_LIST:
            return None
        path, inner = own
        reference = f"${number}.{path}.{field_name}" if path else f"${number}.{field_name}"
        chain.keys[collection, key] = reference
        alike = tuple(one for where, one in shown if where != path)
        return Found(collection, key, reference, said, inner, alike)
