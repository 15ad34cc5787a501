"""Arguments of an explorer without a model: what each parameter can be given, of all that a path has shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from toolworld.environments import Environment, ToolSpec, environment_links
from toolworld.ground import JsonObject, JsonSchema, JsonValue
from toolworld.rollout.facts.facts import facts_of
from toolworld.rollout.facts.values import names_in, names_said, shown_values
from toolworld.rollout.trees.node import Node
from toolworld.rollout.trees.queries import python_programs, sql_queries
from toolworld.rollout.trees.seeds import Seed

_QUERIES = ("query", "q", "key_words", "keywords", "search", "text", "term", "question")
"""Names of parameters that take words."""
_NAMED = ("name", "title", "topic", "subject")
"""Endings of names of parameters that take the name of something."""
_MOST = 40
"""How many values a parameter is tried with."""
_SEED = -1


class Candidate(NamedTuple):
    """A call that could be made."""

    tool: ToolSpec
    arguments: JsonObject
    step: int
    """The latest step of the path that showed one of its arguments; -1 for the seed, and for calls without any."""
    about: str
    """The name of what it asks about; empty where nobody knows."""


class _Choice(NamedTuple):
    value: JsonValue
    step: int
    about: str = ""


@dataclass
class Arguments:
    """What calls in an environment can be given."""

    environment: Environment
    description: str = ""
    """What seeds are, which may say in which table they stand."""

    @cached_property
    def _links(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """The names of the fields that a parameter can be given, by tool and parameter."""
        found: dict[tuple[str, str], set[str]] = {}
        for link in environment_links(self.environment):
            field = link.field.rpartition(".")[2].removesuffix("[]")
            found.setdefault((link.target, link.parameter), set()).add(field)
        return {place: frozenset(names) for place, names in found.items()}

    def candidates(self, tool: ToolSpec, seed: Seed, path: Sequence[Node]) -> Iterator[Candidate]:
        """The calls of a tool that a path makes possible."""
        if tool.name == "text2sql_execute":
            for found in sql_queries(path, seed.content, self.description):
                yield Candidate(tool, found.arguments, found.step, found.about)
            return
        if tool.name == "ds_run_python":
            for found in python_programs(path, seed.content, self.description):
                yield Candidate(tool, found.arguments, found.step, found.about)
            return
        given = {name: value for name, value in seed.kwargs.items() if name in tool.parameters}
        open_ones = [name for name in tool.parameters if name in tool.required and name not in given]
        choices = [self._choices(tool, name, seed, path) for name in open_ones]
        if all(choices):
            yield from self._combined(tool, given, open_ones, choices)

    def _combined(
        self, tool: ToolSpec, given: JsonObject, names: Sequence[str], choices: Sequence[Sequence[_Choice]]
    ) -> Iterator[Candidate]:
        """Each choice of the first parameter, with the best of the others."""
        if not names:
            yield Candidate(tool, given, _SEED, "")
            return
        for first in choices[0]:
            rest = [one[0] for one in choices[1:]]
            step = max(first.step, *(one.step for one in rest)) if rest else first.step
            values = dict(zip(names, [first.value, *(one.value for one in rest)], strict=True))
            yield Candidate(tool, {**given, **values}, step, first.about)

    def _choices(self, tool: ToolSpec, name: str, seed: Seed, path: Sequence[Node]) -> list[_Choice]:
        """What a parameter can be given, the latest first."""
        schema = tool.parameters[name]
        fixed = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if isinstance(fixed, list):
            return [_Choice(value, _SEED) for value in fixed]
        if name in _QUERIES or name.endswith(_NAMED):
            found = [*self._shown(tool, name, path), *_names(seed, path)]
        elif schema.get("type") == "array":
            found = [_Choice([one.value], one.step, one.about) for one in self._shown(tool, name, path)]
        else:
            found = self._shown(tool, name, path)
        fitting = [one for one in found if _is_of_type(one.value, schema)]
        return fitting[:_MOST] or ([_Choice(schema["default"], _SEED)] if "default" in schema else [])

    def _shown(self, tool: ToolSpec, name: str, path: Sequence[Node]) -> list[_Choice]:
        """Values under the field that a parameter asks for: of its own name, or linked to it."""
        one = name.removesuffix("s") if name.endswith("_ids") else name
        wanted = {name, one, *self._links.get((tool.name, name), ())}
        if "file" in name:
            wanted.add("file")
        found: dict[str, _Choice] = {}
        for step in range(len(path) - 1, -1, -1):
            for shown in shown_values(path[step].result):
                if shown.field in wanted:
                    about = shown.name or str(shown.value)
                    found.setdefault(str(shown.value), _Choice(shown.value, step, about))
        return [*found.values()]


def _names(seed: Seed, path: Sequence[Node]) -> list[_Choice]:
    """Names that results led to, the latest first, and those of the seed."""
    found: dict[str, _Choice] = {}
    for step in range(len(path) - 1, -1, -1):
        node = path[step]
        for name in names_in(facts_of(step, node.result, node.action.parameters)):
            found.setdefault(name, _Choice(name, step, name))
    for name in names_said(seed.content):
        found.setdefault(name, _Choice(name, _SEED, name))
    return [*found.values()]


def _is_of_type(value: JsonValue, schema: JsonSchema) -> bool:
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "array": list,
        "object": dict,
    }
    kind = schema.get("type")
    return not isinstance(kind, str) or kind not in kinds or isinstance(value, kinds[kind])
