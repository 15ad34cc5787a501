"""Ways: the reads that lead to records of a collection, from what a person can know of them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal, NamedTuple

from toolworld.environments import Runtime, ToolSpec
from toolworld.ground import humanize
from toolworld.rollout.synthesis.terrain import TITLES, Terrain

ENDING = "_ending"
"""What the name of a parameter ends in that takes the last characters of a field."""
ENDING_LENGTH = 4
_MOST_MORE = 2
"""How many arguments more than the required ones a way has at most."""
_ENOUGH_TRIES, _NEVER = 8, 10**9
_MOST_WAYS = 24
"""How many ways one tool has at most."""

DIGITS = "_digits"
"""What the name of a parameter ends in that takes some characters of a field; which ones, trying it out shows."""

Given = Literal["field", "ending", "digits", "reference", "key"]
"""What an argument is: the value of a field, its last characters, some of them, the key of another record to which it
refers, or the record's own key, where people know it: the number of an order, a badge."""
Places = tuple[int, ...]
_LONGEST_SECRET, _MOST_DIGITS = 8, 3


class Way(NamedTuple):
    """How a tool finds records of a collection: what each of its arguments is."""

    tool: ToolSpec
    arguments: tuple[tuple[str, Given, str], ...]
    """Each parameter with what it is given, and the field that has it: of the record, or behind a dot of the person to
    whom it refers, `guest_id.surname`."""

    @property
    def name(self) -> str:
        """What tells it from others: `find_patron(name, postcode)`."""
        return f"{self.tool.name}({', '.join(name for name, _, _ in self.arguments)})"

    @property
    def is_by_key(self) -> bool:
        """Whether the user has to know the record's key."""
        return any(kind == "key" for _, kind, _ in self.arguments)


@dataclass(frozen=True)
class Ways:
    """The ways to the records of an environment."""

    terrain: Terrain

    @classmethod
    def in_environment(cls, runtime: Runtime) -> "Ways":
        """The ways in an environment."""
        return cls(Terrain(runtime))

    def to(self, collection: str) -> Sequence[Way]:
        """The ways that may lead to records of a collection."""
        if collection not in self._found:
            self._found[collection] = [way for tool in self.terrain.readers for way in self._of(tool, collection)]
        return self._found[collection]

    @cached_property
    def _found(self) -> dict[str, list[Way]]:
        return {}

    @cached_property
    def of_known_keys(self) -> frozenset[str]:
        """The collections whose keys people know, such as the numbers of orders: nothing that is theirs, or that they
        know by name, leads there, and a look-up takes the key; and those by whose keys people are identified."""
        return frozenset(name for name in self.terrain.key_fields if self._is_known(name))

    def _is_known(self, collection: str) -> bool:
        by_key = [one for one in self.to(collection) if one.is_by_key]
        tools = self.terrain.identifying.get(collection, frozenset())
        is_badge = any(one.tool.name in tools for one in by_key)
        return is_badge or (bool(by_key) and all(self.rank(one) > 1 for one in self.to(collection)))

    def places(self, way: Way) -> Iterator[Places]:
        """Which characters of a field its digits may be: those that were right before, else any two or three."""
        if not any(kind == "digits" for _, kind, _ in way.arguments):
            yield ()
        elif way.tool.name in self.right_places:
            yield self.right_places[way.tool.name]
        else:
            for count in range(2, _MOST_DIGITS + 1):
                yield from combinations(range(_LONGEST_SECRET), count)

    def remember(self, way: Way, places: Places) -> None:
        """Take note of the characters that were right."""
        self.right_places[way.tool.name] = places

    @cached_property
    def right_places(self) -> dict[str, Places]:
        """The characters of a secret that a tool asks for, as far as they are known."""
        return {}

    @property
    def vain_tries(self) -> tuple[tuple[str, str, int], ...]:
        """How often each way was followed in vain, by way and collection."""
        return tuple((way, collection, count) for (way, collection), count in sorted(self._tries.items()))

    def learn(self, tries: Iterable[tuple[str, str, int]], places: Mapping[str, Places]) -> None:
        """Go on from what is known of the same environment."""
        self._tries.clear()
        self._tries.update({(way, collection): count for way, collection, count in tries})
        self.right_places.clear()
        self.right_places.update(places)

    def is_vain(self, way: Way, collection: str) -> bool:
        """Whether a way never led to a record of the collection, as often as it was tried."""
        return self._tries[way.name, collection] >= _ENOUGH_TRIES

    def note(self, way: Way, collection: str, *, found: bool) -> None:
        """Take note of whether a way led to a record: one that once did is never vain."""
        self._tries[way.name, collection] += -_NEVER if found else 1

    @cached_property
    def _tries(self) -> Counter[tuple[str, str]]:
        return Counter()

    def rank(self, way: Way) -> int:
        """How soon a way is tried: through the person whose record it is first, by a title next, by its key last."""
        if way.is_by_key:
            return 3
        targets = [self.terrain.keys.get((way.tool.name, name)) for name, _, _ in way.arguments]
        if any(one in self._near_people for one in targets):
            return 0
        return 1 if any(of in TITLES for _, kind, of in way.arguments if kind == "field") else 2

    @cached_property
    def _near_people(self) -> frozenset[str]:
        """The collections of people, and those whose records lead to them."""
        return frozenset(name for one in self.terrain.people for name in self.terrain.distances(one))

    def _of(self, tool: ToolSpec, collection: str) -> Iterator[Way]:
        """The ways of one tool: with what it requires, and with one or two arguments more."""
        fields = self._fields(collection)
        needed = [self._argument(tool, name, collection, fields) for name in tool.parameters if name in tool.required]
        if any(one is None for one in needed):
            return
        given = tuple(one for one in needed if one is not None)
        more = [self._argument(tool, name, collection, fields) for name in tool.parameters if name not in tool.required]
        possible = [one for one in more if one is not None and one[1] != "key"]
        chosen = (some for count in (1, _MOST_MORE, 0) for some in combinations(possible, count))
        for _, some in zip(range(_MOST_WAYS), chosen, strict=False):
            if given or some:
                yield Way(tool, (*given, *some))

    def _fields(self, collection: str) -> list[str]:
        properties = self.terrain.runtime.environment.state_schema.collections[collection].record.get("properties")
        return [*properties] if isinstance(properties, dict) else []

    def _argument(self, tool: ToolSpec, name: str, collection: str, fields: list[str]) -> tuple[str, Given, str] | None:
        """What a parameter is given; None where nothing of the record is it."""
        wanted = self.terrain.keys.get((tool.name, name))
        if wanted == collection:
            return name, "key", self.terrain.key_fields[collection]
        references = self.terrain.references[collection]
        for one, target in references.items():
            if wanted == target:
                return name, "reference", one
        if wanted is not None:
            return None
        kind: Given = "ending" if name.endswith(ENDING) else "digits" if name.endswith(DIGITS) else "field"
        words = humanize(name.removesuffix(ENDING).removesuffix(DIGITS))
        of_person = [
            f"{one}.{of}" for one, who in references.items() if who in self.terrain.people for of in self._fields(who)
        ]
        hidden = {self.terrain.key_fields[collection], *references}
        alike = (one for one in [*fields, *of_person] if humanize(one.rpartition(".")[2]) == words)
        found = next((one for one in alike if one not in hidden), None)
        return None if found is None else (name, kind, found)
