"""Importer of tau2-bench domains (Sierra Research): database, policy and tools become an environment.

The data that tau2 publishes is read from the given folder. Its code, which defines how the tools
behave, is replaced by a program of ours, written from the policy and the tools' descriptions. Source of
the format: "tau2-bench: Evaluating Conversational Agents in a Dual-Control Environment", 2025.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, TypeVar, cast

from pydantic import AfterValidator, TypeAdapter, ValidationError

from toolworld.environments.spec.clock import Clock
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.policy_rule import Rule
from toolworld.environments.spec.tool import DocumentedError, Effect, ToolSpec, object_root
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.ground import (
    JsonSchema,
    JsonValue,
    Record,
    SpecError,
    describe_error,
    parse_record,
    read_bytes,
    read_text,
)

T = TypeVar("T")
TOOLS_FILE = "tools.json"


class _Addition(Record):
    """The parts of a tool's specification that its function schema lacks."""

    effect: Effect
    returns: str | JsonSchema
    """The schema of the results, or the name of the collection whose records the tool returns."""
    errors: tuple[DocumentedError, ...] = ()
    free_text: tuple[str, ...] = ()


class _Domain(Record):
    """The parts of a domain's environment that tau2 does not publish as data; read from `domain.json`."""

    id: str
    domain: str
    title: str
    description: str
    clock: Clock
    rules: tuple[Rule, ...] = ()
    state_schema: StateSchema
    tools: dict[str, _Addition]


class _Function(Record):
    name: str
    description: str
    parameters: Annotated[JsonSchema, AfterValidator(object_root)]


class _Tool(Record):
    type: str
    function: _Function


_TOOLS: TypeAdapter[list[_Tool]] = TypeAdapter(list[_Tool])
_DATABASE: TypeAdapter[dict[str, dict[str, dict[str, JsonValue]]]] = TypeAdapter(
    dict[str, dict[str, dict[str, JsonValue]]]
)


def has_tau2_program(domain: str) -> bool:
    """Whether the tools of a domain have a program of ours."""
    return _program_folder(domain).is_dir()


def import_tau2(folder: Path, domain: str = "retail") -> Environment:
    """Build an environment from a folder with `db.json` and `policy.md`, whose tools have a program of ours.

    The tools are described by the folder's `tools.json`, if it has one; tau2 publishes none.

    Raises:
        SpecError: a file is missing or malformed, there is no program for the domain, or the folder's tools are not
            those of the program.
    """
    program_folder = _program_folder(domain)
    if not has_tau2_program(domain):
        raise SpecError(f"there is no behaviour program for the tau2 domain {domain!r}; there is one for retail")
    shape = parse_record(
        _Domain, (program_folder / "domain.json").read_bytes(), f"tau2_{domain}/domain.json", SpecError
    )
    tools = _described_tools(folder, domain)
    differing = {tool.function.name for tool in tools} ^ shape.tools.keys()
    if differing:
        raise SpecError(f"{folder / 'tools.json'} does not hold the tools of tau2 {domain}: {min(differing)} differs")
    database = _read_json(folder / "db.json", _DATABASE)
    return Environment(
        id=shape.id,
        domain=shape.domain,
        title=shape.title,
        description=shape.description,
        policy=_read_policy(folder / "policy.md"),
        tools=tuple(_build_tool(tool.function, shape.tools[tool.function.name], shape.state_schema) for tool in tools),
        rules=shape.rules,
        state_schema=shape.state_schema,
        initial_state=StateDocument(collections={name: tuple(records.values()) for name, records in database.items()}),
        clock=shape.clock,
        behaviour=(program_folder / BEHAVIOUR_FILE).read_text(encoding="utf-8"),
    )


def _program_folder(domain: str) -> Traversable:
    return files("toolworld.environments.importers") / f"tau2_{domain}"


def _described_tools(folder: Path, domain: str) -> list[_Tool]:
    if (folder / TOOLS_FILE).exists():
        return _read_json(folder / TOOLS_FILE, _TOOLS)
    return _TOOLS.validate_json((_program_folder(domain) / TOOLS_FILE).read_bytes())


def _read_policy(path: Path) -> str:
    return read_text(path, SpecError, within=path.parent)


def _build_tool(function: _Function, addition: _Addition, state: StateSchema) -> ToolSpec:
    returns = addition.returns
    schema: JsonSchema = {**function.parameters, "additionalProperties": False}
    properties = cast("dict[str, JsonValue]", schema.get("properties", {}))
    schema["properties"] = {
        name: {**cast(JsonSchema, shape), "format": "free-text"} if name in addition.free_text else shape
        for name, shape in properties.items()
    }
    return ToolSpec(
        name=function.name,
        description=function.description,
        input_schema=schema,
        output_schema=state.collections[returns].record if isinstance(returns, str) else returns,
        effect=addition.effect,
        errors=addition.errors,
    )


def _read_json(path: Path, adapter: TypeAdapter[T]) -> T:
    try:
        return adapter.validate_json(read_bytes(path, SpecError, within=path.parent))
    except ValidationError as problem:
        raise SpecError(f"{path}: {describe_error(problem)}") from None
