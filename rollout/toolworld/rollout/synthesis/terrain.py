"""What an environment offers to whoever makes tasks in it: whose keys its tools take, and what refers to what."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from toolworld.environments import Before, Never, Runtime, ToolSpec, environment_links
from toolworld.ground import JsonObject, JsonSchema, JsonValue, Schema, SpecError, humanize

_ID = re.compile(r"(?=.*\d)(?=.*[A-Za-z_])[\w-]+|\d{6,}")
_ROWS = 60
"""Of how many records values are taken."""
_FAR = 2
"""Over how many references a record is still somebody's."""
_LONGEST = 80
"""How long a text is that a person says."""
PERSONAL = ("phone", "email", "birth_date", "date_of_birth", "postcode", "address", "mobile")
"""Fields that only people themselves know."""
_ADULT = 18
TITLES = ("name", "title", "label", "subject", "full_name", "product_name")
"""Fields that say what people call a record."""


@dataclass(frozen=True)
class Terrain:
    """An environment, as a maker of tasks sees it."""

    runtime: Runtime

    @cached_property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that an agent has and a program answers."""
        known = self.runtime.environment.tools
        return tuple(one for one in known if one.party == "agent" and self.runtime.has_program(one))

    @cached_property
    def readers(self) -> tuple[ToolSpec, ...]:
        """Those that only look things up."""
        return tuple(one for one in self.tools if one.effect == "read")

    @cached_property
    def writers(self) -> tuple[ToolSpec, ...]:
        """Those that change something."""
        return tuple(one for one in self.tools if one.effect == "write")

    @cached_property
    def key_fields(self) -> Mapping[str, str]:
        """The key field of each collection."""
        return self.runtime.environment.state_schema.key_fields

    @cached_property
    def keys(self) -> Mapping[tuple[str, str], str]:
        """The collection whose keys a parameter holds, by tool and parameter."""
        links = environment_links(self.runtime.environment)
        return {(one.target, one.parameter): one.source for one in links if one.rule == "state_key"}

    def keys_of(self, tool: ToolSpec) -> Mapping[str, str]:
        """The parameters of a tool that hold keys, each with the collection."""
        return self._keys_of[tool.name]

    @cached_property
    def _keys_of(self) -> Mapping[str, Mapping[str, str]]:
        return {
            tool.name: {name: self.keys[tool.name, name] for name in tool.parameters if (tool.name, name) in self.keys}
            for tool in self.tools
        }

    @cached_property
    def references(self) -> Mapping[str, Mapping[str, str]]:
        """The fields of each collection that hold keys of another, with that one."""
        by_key = {field: name for name, field in self.key_fields.items() if field not in ("id", "key", "name")}
        found: dict[str, dict[str, str]] = {}
        for name, shape in self.runtime.environment.state_schema.collections.items():
            fields = shape.record.get("properties")
            known = fields if isinstance(fields, dict) else {}
            stated = {path: target for path, target in shape.references.items() if "." not in path}
            alike = {one: by_key[one] for one in known if one in by_key and by_key[one] != name}
            found[name] = {**alike, **stated}
        return found

    @cached_property
    def people(self) -> tuple[str, ...]:
        """The collections of people whom an agent serves: whom the policy wants identified; else those with a name,
        and something that only they know."""
        return tuple(self.identifying) or tuple(name for name in self.key_fields if self._is_of_people(name))

    @cached_property
    def identifying(self) -> Mapping[str, frozenset[str]]:
        """The tools by which people are identified before anything else, by the collection of those people."""
        found: dict[str, frozenset[str]] = {}
        for rule in self._identity_rules:
            for name, field in self.key_fields.items():
                if field == rule.same:
                    found[name] = found.get(name, frozenset()) | {*rule.first}
        return found

    @property
    def _identity_rules(self) -> list[Before]:
        rules = self.runtime.environment.rules
        return [one for one in rules if isinstance(one, Before) and one.same is not None]

    @cached_property
    def serves_staff(self) -> bool:
        """Whether those who are identified may ask for what is not theirs: few changes are bound to who they are."""
        return bool(self.identifying) and len(self.bound_tools) * 2 < len(self.writers)

    @cached_property
    def bound_tools(self) -> frozenset[str]:
        """The tools that change only what belongs to whoever was identified."""
        bound = {tool for rule in self._identity_rules for tool in rule.tools}
        return frozenset(one.name for one in self.writers if one.name in bound)

    def _is_of_people(self, collection: str) -> bool:
        shape = self.runtime.environment.state_schema.collections[collection].record
        fields = shape.get("properties")
        names = {*fields} if isinstance(fields, dict) else set[str]()
        is_referred_to = any(collection in one.values() for one in self.references.values())
        return "name" in names and bool(names & {*PERSONAL}) and is_referred_to

    def distances(self, people: str) -> Mapping[str, int]:
        """Over how many references records of other collections lead to somebody: those that do over at most two."""
        if people not in self._distances:
            self._distances[people] = self._measured(people)
        return self._distances[people]

    @cached_property
    def _distances(self) -> dict[str, Mapping[str, int]]:
        return {}

    def _measured(self, people: str) -> Mapping[str, int]:
        found = {people: 0}
        for distance in range(1, _FAR + 1):
            nearer = {one for one, at in found.items() if at == distance - 1}
            for name, targets in self.references.items():
                leading = {of for field, of in targets.items() if self._binds(field, of)}
                if name not in found and nearer & leading:
                    found[name] = distance
        return found

    def is_never_made(self, tool: ToolSpec, arguments: Mapping[str, JsonValue]) -> bool:
        """Whether the policy says that a call is never made."""
        return any(
            isinstance(rule, Never)
            and rule.tool == tool.name
            and all(arguments.get(name) == value for name, value in rule.arguments.items())
            for rule in self.runtime.environment.rules
        )

    def allows(self, tool: ToolSpec, parameter: str, value: JsonValue) -> bool:
        """Whether a parameter takes a value."""
        place = tool.name, parameter
        if place not in self._schemas:
            self._schemas[place] = _schema(tool.parameters[parameter])
        schema = self._schemas[place]
        return schema is not None and schema.error_in(value) is None

    @cached_property
    def _schemas(self) -> dict[tuple[str, str], Schema | None]:
        return {}

    def known_values(self, collection: str, parameter: str) -> tuple[JsonValue, ...]:
        """The values that records of a collection have under a parameter's name, at the start, each once."""
        place = collection, parameter
        if place not in self._known_values:
            found: dict[str | int | float, None] = {}
            for _, (_, record) in zip(range(_ROWS), self.runtime.start.state.rows(collection), strict=False):
                found |= {
                    value: None
                    for name, value in self.knowable(collection, record).items()
                    if humanize(name) == humanize(parameter)
                }
            self._known_values[place] = tuple(found)
        return self._known_values[place]

    @cached_property
    def _known_values(self) -> dict[tuple[str, str], tuple[JsonValue, ...]]:
        return {}

    def records(self, collection: str) -> tuple[str, ...]:
        """The keys of a collection, at the start."""
        if collection not in self._records:
            self._records[collection] = tuple(key for key, _ in self.runtime.start.state.rows(collection))
        return self._records[collection]

    @cached_property
    def _records(self) -> dict[str, tuple[str, ...]]:
        return {}

    def records_of(self, person: tuple[str, str], collection: str) -> tuple[str, ...]:
        """The keys of a collection's records that lead to somebody, at the start."""
        place = person, collection
        if place not in self._records_of:
            rows = self.runtime.start.state.rows(collection)
            self._records_of[place] = tuple(key for key, record in rows if self.is_of(person, collection, record))
        return self._records_of[place]

    @cached_property
    def _records_of(self) -> dict[tuple[tuple[str, str], str], tuple[str, ...]]:
        return {}

    def _binds(self, field: str, target: str) -> bool:
        """Whether a reference to people says whose a record is: where they are identified, by a field that is called as
        their key is; an approver, or the owner of what somebody else uses, is not meant."""
        return target not in self.identifying or field == self.key_fields[target]

    def is_of(self, person: tuple[str, str], collection: str, record: Mapping[str, JsonValue], depth: int = 0) -> bool:
        """Whether a record leads to somebody over its references."""
        for name, target in self.references[collection].items():
            key = record.get(name)
            if key is None or depth > _FAR or not self._binds(name, target):
                continue
            if (target, str(key)) == person:
                return True
            other = self.runtime.start.state.get(target, str(key))
            if target != person[0] and other is not None and self.is_of(person, target, other, depth + 1):
                return True
        return False

    def knowable(self, collection: str, record: Mapping[str, JsonValue]) -> dict[str, str | int | float]:
        """What a person can know of a record: plain values that are neither keys nor made up by a database."""
        hidden = {self.key_fields[collection], *self.references[collection]}
        return {
            name: value
            for name, value in record.items()
            if name not in hidden
            and isinstance(value, str | int | float)
            and not isinstance(value, bool)
            and not name.endswith("_id")
            and not (isinstance(value, str) and (not 0 < len(value) <= _LONGEST or _ID.fullmatch(value)))
        }

    def is_adult(self, collection: str, key: str) -> bool:
        """Whether somebody may speak for themselves, as far as the day of their birth is known."""
        record = self.runtime.start.state.get(collection, key) or {}
        born = record.get("date_of_birth") or record.get("birth_date")
        try:
            day = date.fromisoformat(born) if isinstance(born, str) else None
        except ValueError:
            return True
        today = self.runtime.environment.clock.start.date()
        return day is None or (today.year - day.year) - ((today.month, today.day) < (day.month, day.day)) >= _ADULT

    def known_value(self, collection: str, record: Mapping[str, JsonValue], path: str) -> str | int | float | None:
        """What a person knows of a record under a field, or of whom it refers to: `guest_id.surname`."""
        name, _, of = path.partition(".")
        if not of:
            return self.knowable(collection, record).get(name)
        target, key = self.references[collection][name], str(record.get(name))
        return self.knowable(target, self.runtime.start.state.get(target, key) or {}).get(of)

    def title_of(self, collection: str, record: Mapping[str, JsonValue]) -> str | None:
        """What people call a record, if it has such a field."""
        known = self.knowable(collection, record)
        return next((str(known[name]) for name in TITLES if name in known), None)


def objects_in(value: JsonValue, path: str = "") -> Iterator[tuple[str, JsonObject]]:
    """The objects in a result with their dotted paths, the outermost first; the path of the result itself is empty."""
    if isinstance(value, dict):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from objects_in(inner, f"{path}.{name}" if path else str(name))


def _schema(schema: JsonSchema) -> Schema | None:
    try:
        return Schema(schema, "a parameter")
    except SpecError:
        return None
