"""Calls that the audit makes: arguments that fit the state, arguments that nothing fits, and what schemas forbid."""

import random
from collections.abc import Iterator
from itertools import islice

from toolworld.environments.audit.reliability.values import allows, extremes_of, forbidden, type_of, value_of
from toolworld.environments.graph.state_links import state_links_of
from toolworld.environments.importers.environment_tools import tools_of_environment
from toolworld.environments.normaliser.environment_readings import readings_of_environment
from toolworld.environments.normaliser.words import compact
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Fields
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue

UNKNOWN_KEY = "no-such-key-0"
_LEFT_OUT, _OF_THE_RECORD, _OF_ANOTHER = 0.7, 0.8, 0.2
"""How often an optional argument is left out, a value taken from the record at hand, and a second record that does not
belong to the first."""
_UNKNOWN_NUMBER = 999_999_937
_FAVOURED = 12
"""Of how many records of a collection the audit draws; few, so that calls meet each other."""


class Prober:
    """Makes arguments for the tools of an environment.

    Args:
        environment: The environment.
        seed: Decides what is drawn.
    """

    def __init__(self, environment: Environment, seed: int) -> None:
        self._environment = environment
        self._draw = random.Random(f"{seed}:{environment.id}")
        self._today = environment.clock.start.date().isoformat()
        toolset = tools_of_environment(environment)
        readings = readings_of_environment(environment, toolset)
        self._keys: dict[tuple[str, str], str] = {}
        for link in state_links_of(environment, toolset, readings):
            self._keys[link.target, link.parameter] = link.source

    def collection_of(self, tool: str, parameter: str) -> str | None:
        """The collection whose keys a parameter holds, if one does."""
        return self._keys.get((tool, parameter))

    def learn(self, tool: str, parameter: str, collection: str) -> None:
        """Take it that a parameter holds keys of a collection."""
        self._keys[tool, parameter] = collection

    def open_parameters(self, tool: ToolSpec) -> list[str]:
        """The required parameters that may hold keys, and of which nothing says so: single texts and numbers."""
        return [
            name
            for name, schema in tool.parameters.items()
            if name in tool.required
            and self.collection_of(tool.name, name) is None
            and type_of(schema) in ("string", "integer")
            and "enum" not in schema
        ]

    def with_key(self, tool: ToolSpec, given: JsonObject, parameter: str, key: str) -> JsonObject | None:
        """Arguments with a key in a parameter; None if its schema does not allow that."""
        value = self._as(tool.parameters[parameter], key)
        return {**given, parameter: value} if allows(tool.parameters[parameter], value) else None

    def keys_of(self, tool: ToolSpec) -> dict[str, str]:
        """The required parameters of a tool that hold keys, each with the collection."""
        required = [name for name in tool.parameters if name in tool.required]  # in the order of the document
        return {name: found for name in required if (found := self.collection_of(tool.name, name)) is not None}

    def given_keys(self, tool: ToolSpec, given: JsonObject) -> dict[str, tuple[str, str]]:
        """The arguments that hold keys: of each parameter the collection and the key."""
        found = ((name, self.collection_of(tool.name, name), value) for name, value in given.items())
        return {name: (one, str(value)) for name, one, value in found if one is not None and value is not None}

    def right(self, tool: ToolSpec, state: State, about: tuple[str, str] | None = None) -> JsonObject:
        """Arguments that the schema allows and that the state knows of.

        Args:
            tool: The tool.
            state: The state.
            about: The collection and key of a record that it should be about, or about what that one refers to.
        """
        optional = [one for one in tool.parameters if one not in tool.required]
        chosen = {one for one in optional if self._draw.random() >= _LEFT_OUT}
        return self._given(tool, state, chosen, about)

    def fewest(self, tool: ToolSpec, state: State) -> JsonObject:
        """Right arguments without any that the schema does not ask for."""
        return self._given(tool, state, set(), None)

    def _given(self, tool: ToolSpec, state: State, chosen: set[str], about: tuple[str, str] | None) -> JsonObject:
        """Arguments for what is required and chosen, and for as many others as the schema asks for at least."""
        records = self._records(tool, state, about)
        wanted = [one for one in tool.parameters if one in tool.required or one in chosen]
        least = tool.input_schema.get("minProperties")
        others = [one for one in tool.parameters if one not in wanted]
        wanted += others[: max(least - len(wanted), 0)] if isinstance(least, int) else []
        given: JsonObject = {}
        for name, schema in tool.parameters.items():
            if name not in wanted:
                continue
            collection = self.collection_of(tool.name, name)
            if collection in records:
                given[name] = self._as(schema, records[collection][0])
            else:
                about_it = [record for _, record in records.values()]
                given[name] = self._value(name, schema, about_it or self._some_records(state))
        return given

    def _records(self, tool: ToolSpec, state: State, about: tuple[str, str] | None) -> dict[str, tuple[str, Fields]]:
        """A record of each collection that the tool is given keys of; those that others name, where they do."""
        found: dict[str, tuple[str, Fields]] = {}
        start = dict(state.rows(about[0])).get(about[1]) if about is not None else None
        for collection in dict.fromkeys(self._keys.get((tool.name, name)) for name in tool.parameters):
            if collection is None:
                continue
            rows = list(state.rows(collection))
            known = [record for _, record in found.values()] + ([start] if start is not None else [])
            named = {value for record in known for value in record.values() if isinstance(value, str)}
            wanted = [row for row in rows if (collection, row[0]) == about]
            fitting = [row for row in rows if row[0] in named]
            if rows:
                other = self._draw.choice(rows[:_FAVOURED])  # half of the time one that does not belong to the first
                is_other = about is None and self._draw.random() < _OF_ANOTHER
                found[collection] = other if is_other else next(iter(wanted or fitting), other)
        return found

    def _some_records(self, state: State) -> list[Fields]:
        """A record of each collection, where a tool is given none: it may ask for one by what people know of it."""
        found: list[Fields] = []
        for collection in state.baseline.collections:
            rows = [record for _, record in islice(state.rows(collection), _FAVOURED)]
            found += [self._draw.choice(rows)] if rows else []
        return found

    def _value(self, name: str, schema: JsonObject, records: list[Fields]) -> JsonValue:
        """A value of the record at hand under the same name, half of the time; else what the schema allows."""
        same = [
            value
            for record in records
            for field, value in record.items()
            if compact(field) == compact(name) and isinstance(value, str | int | float) and "enum" not in schema
        ]
        if same and self._draw.random() < _OF_THE_RECORD and allows(schema, self._as(schema, same[0])):
            return self._as(schema, same[0])
        return value_of(schema, self._draw, self._today)

    def unknown(self, tool: ToolSpec, given: JsonObject) -> Iterator[tuple[str, JsonObject]]:
        """Arguments with a key that no record has, for each required key, with the parameter."""
        for name in self.keys_of(tool):
            schema = tool.parameters[name]
            if "enum" not in schema and "pattern" not in schema:
                unknown: JsonValue = _UNKNOWN_NUMBER if type_of(schema) in ("integer", "number") else UNKNOWN_KEY
                yield name, {**given, name: unknown}

    def extreme(self, tool: ToolSpec, given: JsonObject) -> Iterator[JsonObject]:
        """Arguments with a figure or a day that the schema allows and a rule may not: each parameter once or twice."""
        for name, schema in tool.parameters.items():
            if self.collection_of(tool.name, name) is None:
                yield from ({**given, name: one} for one in extremes_of(schema) if allows(schema, one))

    def malformed(self, tool: ToolSpec, given: JsonObject) -> list[JsonObject]:
        """Arguments that the schema forbids."""
        return list(forbidden(tool.input_schema, given))

    @staticmethod
    def _as(schema: JsonObject, value: JsonValue) -> JsonValue:
        kind = type_of(schema)
        if kind in ("integer", "number") and isinstance(value, str) and value.isdecimal():
            return int(value)
        return str(value) if kind == "string" and not isinstance(value, bool) and value is not None else value
