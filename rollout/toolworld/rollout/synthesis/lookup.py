"""Look-ups: the reads by which an agent finds a record that a user speaks of, from what a person can know of it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from toolworld.ground import JsonObject, JsonValue
from toolworld.rollout.synthesis.chain import Argument, Chain
from toolworld.rollout.synthesis.terrain import objects_in
from toolworld.rollout.synthesis.ways import ENDING_LENGTH, Given, Places, Way, Ways

_DEPTH = 3
"""Over how many other records a record is looked for."""
_LONGEST_LIST = 40
"""How many records a list may have that somebody finds one in."""


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
    """The others that were shown beside it, and those that the same call would have shown at the start: the user says
    everything at once, before anything is changed."""
    is_by_key: bool = False
    """Whether the user had to say its key."""
    through: tuple[tuple[str, str], "Found | None"] | None = None
    """The record through which it was found, by collection and key, if one; None instead of a record that was looked up
    before."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """The look-ups of an environment.

    Args:
        ways: The ways to its records.
        draw: Decides which of several is taken.
    """

    ways: Ways
    draw: random.Random

    async def identify(self, chain: Chain, person: tuple[str, str]) -> Found | None:
        """Look a person up by a tool by which the policy wants them identified; None where none finds them."""
        tools = self.ways.terrain.identifying[person[0]]
        return await self._first(chain, person, [one for one in self.ways.to(person[0]) if one.tool.name in tools], 0)

    async def find(self, chain: Chain, collection: str, key: str, depth: int = 0) -> Found | None:
        """Look a record up, with the calls that it takes; None where no way leads to it, and then nothing is kept."""
        tools = self.ways.terrain.identifying.get(collection, frozenset())
        # whoever is not there says nothing by which they could be identified
        ways = [one for one in self.ways.to(collection) if one.tool.name not in tools]
        return await self._first(chain, (collection, key), ways, depth)

    async def _first(self, chain: Chain, place: tuple[str, str], ways: Sequence[Way], depth: int) -> Found | None:
        """The record by the first way that leads to it."""
        record = chain.snapshot.state.get(*place)
        if record is None or depth > _DEPTH:
            return None
        for way in sorted(self.draw.sample(ways, len(ways)), key=self.ways.rank):
            is_hidden = way.is_by_key and place[0] not in self.ways.of_known_keys
            if is_hidden or self.ways.is_vain(way, place[0]):
                continue
            for digits in self.ways.places(way):
                tried = chain.fork()
                found = await self._follow(tried, way, place, depth, digits)
                if found is not None:
                    self.ways.note(way, place[0], found=True)
                    self.ways.remember(way, digits)
                    chain.become(tried)
                    return found
            self.ways.note(way, place[0], found=False)
        return None

    async def _follow(self, chain: Chain, way: Way, place: tuple[str, str], depth: int, digits: Places) -> Found | None:
        """Make the calls of a way; what was shown already is not looked up again."""
        collection, key = place
        record = chain.snapshot.state.get(collection, key) or {}
        said: dict[str, JsonValue] = {}
        arguments: dict[str, Argument] = {}
        through: tuple[tuple[str, str], Found | None] | None = None
        for name, kind, of in way.arguments:
            if kind != "reference":
                value = key if kind == "key" else self._said(collection, record, (kind, of), digits)
                if value is None:
                    return None
                said[name] = value
                arguments[name] = Argument(value)
                continue
            target, other = self.ways.terrain.references[collection][of], record.get(of)
            reference, found = chain.keys.get((target, str(other))), None
            if reference is None and target in self.ways.terrain.identifying:
                return None  # somebody who is not there: nothing is looked up through them
            if reference is None:
                found = await self.find(chain, target, str(other), depth + 1)
                if found is None:
                    return None
                reference = found.reference
                said |= {one: value for one, value in found.said.items() if one not in said}
            arguments[name] = Argument(other, reference)
            through = ((target, str(other)), found)
        of = (self.ways.terrain.key_fields[collection], key)
        number = await chain.look_up(way.tool, arguments, of)
        shown = self._found(chain, number, place, said)
        if shown is None:
            return None
        before = await chain.shown_at_start(number, of)
        return replace(shown, alike=(*shown.alike, *before), through=through, is_by_key=way.is_by_key)

    def _said(
        self, collection: str, record: Mapping[str, JsonValue], what: tuple[Given, str], digits: Places
    ) -> JsonValue:
        """What a person says of a field: its value, or some of its characters."""
        kind, of = what
        if kind == "field":
            return self.ways.terrain.known_value(collection, record, of)
        if not isinstance(record.get(of), str):
            return None
        text = str(record[of])
        if kind == "ending":
            return text[-ENDING_LENGTH:]
        return "".join(text[one] for one in digits) if len(text) > max(digits, default=0) else None

    def _found(self, chain: Chain, number: int, place: tuple[str, str], said: Mapping[str, JsonValue]) -> Found | None:
        """The record in the result of a call, if it is there."""
        collection, key = place
        field_name = self.ways.terrain.key_fields[collection]
        event = chain.steps[number].event
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
