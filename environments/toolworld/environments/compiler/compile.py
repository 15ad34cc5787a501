"""Compiling a toolset: its collections, a template for each tool, data, a program, and the environment of it all."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from toolworld.environments.behaviour.language import MAX_SOURCE_BYTES
from toolworld.environments.compiler.data.facts import make_facts
from toolworld.environments.compiler.data.records import make_records
from toolworld.environments.compiler.file_system.commands import COLLECTION as FILES
from toolworld.environments.compiler.file_system.trees import FileState, files_of
from toolworld.environments.compiler.function_names import with_function_names
from toolworld.environments.compiler.functions.changes import changes_of
from toolworld.environments.compiler.functions.expressions import given_fields
from toolworld.environments.compiler.functions.functions import deleter, deleter_of, finder, finder_of, function_of
from toolworld.environments.compiler.functions.program_parts import SHARED_FUNCTIONS, shared_functions
from toolworld.environments.compiler.functions.results import output_schema, record_schema
from toolworld.environments.compiler.functions.state_functions import unread_errors
from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.layout.layout import lay_out
from toolworld.environments.compiler.layout.references import references_of
from toolworld.environments.compiler.layout.state_documents import take_evidence
from toolworld.environments.compiler.packs import FILE_SYSTEM, PackCommand, pack_commands, pack_sources
from toolworld.environments.compiler.plans.facts import MADE_UP
from toolworld.environments.compiler.plans.plan import READERS, Plan, plan_of
from toolworld.environments.compiler.plans.value_plans import SESSION
from toolworld.environments.normaliser.confidence import confidence_of
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Reading, Toolset
from toolworld.environments.normaliser.read import read_toolset
from toolworld.environments.spec.clock import Clock
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.inferred import Inferred, InferredValue, Reach
from toolworld.environments.spec.tool import DocumentedError, Effect, ToolSpec
from toolworld.environments.state.schema import CollectionSchema, StateDocument, StateSchema
from toolworld.ground import JsonObject, JsonSchema, JsonValue

START = "2026-03-02T09:00:00Z"
"""When the clocks of compiled environments start: after all that their records tell of the past."""
CHANGES_UNKNOWN = "it refuses what its errors say, and what it changes is not known"
"""Why a tool that changes something is held against no other: nothing says what it changes."""
_ROOM_FOR_OTHERS = 25_000
"""What of a program is left for everything but the functions of tools, in bytes."""
_ERRORS = {
    "already_exists": "There is a record with that key already.",
    "conflict": "The record has that status already.",
    "not_found": "There is no record with that key.",
}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled toolset."""

    toolset: Toolset
    plans: Mapping[str, Plan]
    collections: Mapping[str, Collection]
    state: StateDocument
    environment: Environment


def compile_toolset(toolset: Toolset, *, seed: int = 0) -> Compiled:
    """Make an environment of a toolset that answers what can be inferred without a model; nothing is checked yet.

    Args:
        toolset: The tools.
        seed: Decides the data.
    """
    commands = pack_commands(toolset)
    toolset = with_function_names(toolset, [*SHARED_FUNCTIONS, *pack_sources(commands.values())])
    has_files = any(one.pack == FILE_SYSTEM for one in commands.values())
    kept = files_of(toolset.states) if has_files else None
    if kept is not None and kept.part is not None:
        toolset = replace(toolset, states=tuple(_without(one, kept.part) for one in toolset.states))
    readings = read_toolset(toolset)
    layout = lay_out(toolset, readings)
    evidence = take_evidence(toolset.states, layout)
    plans = {one.name: plan_of(one, readings[one.name], layout) for one in toolset.operations}
    plans |= {name: _plan_of_command(plans[name], command) for name, command in commands.items()}
    for one in plans.values():
        one.collection.mixed |= set(_given_otherwise(one))
    used = _used(plans, layout.collections)
    collections = {name: one for name, one in layout.collections.items() if name in used or name in evidence.records}
    made = make_records(used, f"{seed}:{toolset.id}")
    facts: dict[str, JsonValue] = {
        name: [*make_facts(one.operation, f"{seed}:{toolset.id}")]
        for name, one in plans.items()
        if one.template == "fact"
    }
    made_up: dict[str, JsonValue] = {MADE_UP: facts} if facts else {}
    singletons = {**_sessions(plans), **made_up, **made.singletons, **evidence.singletons}
    records = {**made.collections, **evidence.records}
    if kept is not None:
        collections[FILES] = _files(kept)
        records[FILES] = kept.records
        singletons |= {"root_directory": kept.root, "working_directory": kept.root}
    state = StateDocument(collections=records, singletons=singletons)
    environment = _environment(toolset, plans, collections, state)
    return Compiled(toolset, plans, collections, state, environment)


def _given_otherwise(plan: Plan) -> Iterator[str]:
    """The fields that a tool writes as they are given, and that are given as another type than they are described."""
    if plan.template not in ("create", "update", "change", "single_set"):
        return
    fields, key = plan.collection.fields, plan.collection.key
    written = {**given_fields(plan), **({key: plan.key} if key is not None and plan.key is not None else {})}
    for field, name in written.items():
        parameter = plan.operation.parameter(name)
        kinds = plain_type(parameter.schema) if parameter is not None else None, plain_type(fields.get(field, {}))
        if kinds[0] != kinds[1] and kinds != ("integer", "number"):
            yield field


def _without(document: JsonObject, part: str) -> JsonObject:
    return {name: one for name, one in document.items() if name != part}


def _plan_of_command(plan: Plan, command: PackCommand) -> Plan:
    """The plan of a tool that is a command of a pack."""
    return Plan(plan.operation, plan.reading, plan.placement, plan.collection, "pack", command=command)


def _files(kept: FileState) -> Collection:
    """The collection of files."""
    fields: dict[str, JsonSchema] = {"path": {"type": "string"}, "kind": {"type": "string"}, "content": {}}
    samples = {name: tuple(one[name] for one in kept.records[:20]) for name in fields}
    return Collection(FILES, "file", is_in_state=True, fields=fields, key="path", samples=samples)


def _sessions(plans: Mapping[str, Plan]) -> dict[str, JsonValue]:
    """The value that says that nobody is logged in yet, where a tool logs in and the state has no such value."""
    flags = [one.values.flag for one in plans.values() if one.values is not None and one.values.flag is not None]
    return {SESSION: False} if any(one.part == SESSION for one in flags) else {}


def settled(compiled: Compiled, failed: Mapping[str, str], verified: Set[str]) -> Environment:
    """The environment after its check: without what failed, and with what each tool was held against.

    Args:
        compiled: What was checked.
        failed: Tools that are not to be answered, each with the reason.
        verified: Tools that were held against another one.
    """
    made = _environment(compiled.toolset, compiled.plans, compiled.collections, compiled.state, failed)
    tools = tuple(
        one.model_copy(update={"inferred": _judged(one.inferred, one.name in verified)}) if one.inferred else one
        for one in made.tools
    )
    return made.replaced(tools=tools)


def _judged(inferred: Inferred, is_verified: bool) -> Inferred:
    if inferred.reach == "none":
        return inferred
    return inferred.model_copy(update={"reach": "full", "why": None}) if is_verified else inferred


def _environment(
    toolset: Toolset,
    plans: Mapping[str, Plan],
    collections: Mapping[str, Collection],
    state: StateDocument,
    failed: Mapping[str, str] | None = None,
) -> Environment:
    functions = {
        name: function_of(one, collections)
        for name, one in plans.items()
        if one.template != "none" and name not in (failed or {})
    }
    left = {**(failed or {}), **_too_many(functions)}
    return Environment(
        id=toolset.id,
        domain=toolset.domain or "tools",
        title=toolset.title,
        description=toolset.description,
        policy=toolset.policy,
        tools=tuple(
            _tool(plan, plans, collections, function=functions.get(name, ""), why=left.get(name))
            for name, plan in plans.items()
        ),
        state_schema=_state_schema(collections, state),
        initial_state=state,
        clock=Clock.model_validate({"start": toolset.start or START}),
        behaviour=_program(toolset, plans, collections, functions, left),
    )


def uncompiled(toolset: Toolset) -> Environment:
    """The environment of a toolset without a program: a model has to answer its tools."""
    readings = read_toolset(toolset)
    states: dict[str, JsonValue] = dict(toolset.states[0]) if toolset.states else {}
    return Environment(
        id=toolset.id,
        domain=toolset.domain or "tools",
        title=toolset.title,
        description=toolset.description,
        policy=toolset.policy,
        tools=tuple(
            ToolSpec(
                name=one.name,
                description=one.description,
                input_schema=_input_schema(one),
                output_schema=one.response if one.response.get("type") else None,
                effect=readings[one.name].effect,
                errors=one.errors,
                original_name=one.original if one.original != one.name else None,
                request=one.request,
            )
            for one in toolset.operations
        ),
        state_schema=StateSchema(singletons={name: {} for name in states}),
        initial_state=StateDocument(singletons=states),
        clock=Clock.model_validate({"start": toolset.start or START}),
    )


def _too_many(functions: Mapping[str, str]) -> dict[str, str]:
    """The tools whose functions a program has no room for: the longest, one after the other."""
    room = MAX_SOURCE_BYTES - _ROOM_FOR_OTHERS
    size = sum(map(len, functions.values()))
    left: dict[str, str] = {}
    for name in sorted(functions, key=lambda one: len(functions[one]), reverse=True):
        if size <= room:
            break
        size -= len(functions[name])
        left[name] = f"the program would be larger than {MAX_SOURCE_BYTES:,} bytes"
    return left


def _used(plans: Mapping[str, Plan], collections: Mapping[str, Collection]) -> dict[str, Collection]:
    """The collections that a tool reads or writes, and those that they are below."""
    wanted = [plan.collection for plan in plans.values() if plan.template not in ("none", "values", "fact", "pack")]
    found: set[str] = set()
    while wanted:
        one = wanted.pop()
        if one.name not in found:
            found.add(one.name)
            wanted += [collections[parent] for parent in one.parents.values()]
    return {name: one for name, one in collections.items() if name in found}


def _state_schema(collections: Mapping[str, Collection], state: StateDocument) -> StateSchema:
    many = {name: one for name, one in collections.items() if not one.is_single}
    return StateSchema(
        collections={
            name: CollectionSchema(key=one.key_field, record=record_schema(one)) for name, one in many.items()
        },
        singletons={
            **{name: {} for name in state.singletons},
            **{name: record_schema(one) for name, one in collections.items() if one.is_single},
        },
    )


def _tool(
    plan: Plan, plans: Mapping[str, Plan], collections: Mapping[str, Collection], *, function: str, why: str | None
) -> ToolSpec:
    operation = plan.operation
    return ToolSpec(
        name=operation.name,
        description=operation.description,
        input_schema=_input_schema(operation, plan),
        output_schema=output_schema(plan) if plan.template != "none" and why is None else None,
        effect=plan.reading.effect if plan.template == "none" else _effect(plan),
        errors=(*operation.errors, *_errors(operation, function, collections)),
        function=operation.function or None,
        original_name=operation.original if operation.original != operation.name else None,
        request=operation.request,
        inferred=_inferred(plan, plans, collections, why),
    )


def _effect(plan: Plan) -> Effect:
    if plan.template == "values":
        return plan.reading.effect
    if plan.command is not None:
        return "read" if plan.command.only_reads else "write"
    return "read" if plan.template in READERS or plan.template == "fact" else "write"


def _input_schema(operation: Operation, plan: Plan | None = None) -> JsonSchema:
    """The schema of a tool's arguments; as its document has it where nothing answers it."""
    properties: dict[str, JsonValue] = {}
    for one in operation.parameters:
        shape: JsonSchema = dict(one.schema)
        if plan is not None and plan.default(one) is None:
            shape.pop("default", None)
        if one.original != one.name:
            shape["x-original-name"] = one.original
        properties[one.name] = shape
    return {
        "type": "object",
        "properties": properties,
        "required": [one.name for one in operation.parameters if one.required],
        "additionalProperties": False,
    }


def _errors(operation: Operation, function: str, collections: Mapping[str, Collection]) -> tuple[DocumentedError, ...]:
    """The errors that a function can refuse a call with, and that the document does not name."""
    found = [one for one in collections.values() if f"{finder(one)}(" in function]
    missing = [one.missing for one in found if one.missing is not None]
    codes = [
        code for code in _ERRORS if f'fail("{code}"' in function or (code == "not_found" and len(missing) < len(found))
    ]
    raised = [*missing, *(DocumentedError(code=code, when=_ERRORS[code]) for code in codes)]
    known = {one.code for one in operation.errors}
    return tuple({one.code: one for one in raised if one.code not in known}.values())


def _inferred(
    plan: Plan, plans: Mapping[str, Plan], collections: Mapping[str, Collection], why: str | None
) -> Inferred:
    reach: Reach = "none" if plan.template == "none" or why is not None else "partial"
    reason = why or plan.why or _why_partial(plan, plans)
    values = [*_values(plan.reading), *_references(plan, collections)]
    ignored = plan.ignored if reach != "none" else ()
    unread = unread_errors(plan, collections) if plan.placement.is_in_state and reach != "none" else ()
    return Inferred(reach=reach, why=reason or None, ignored=ignored, unread=unread, values=tuple(values))


def _references(plan: Plan, collections: Mapping[str, Collection]) -> list[InferredValue]:
    if plan.template not in ("create", "update"):
        return []
    return [
        InferredValue(what="reference", value=target.name, rule="named_reference", quote=one.original)
        for one, target in references_of(plan.operation, plan.collection, collections)
    ]


def _why_partial(plan: Plan, plans: Mapping[str, Plan]) -> str:
    """Why no other tool can tell what a tool does, as far as the tools themselves say."""
    if plan.template == "change" and not changes_of(plan.operation, plan.collection, plan.key):
        return CHANGES_UNKNOWN
    others = [one.template for one in plans.values() if one.collection is plan.collection and one is not plan]
    if plan.template in READERS:
        is_written = any(one not in READERS and one != "none" for one in others)
        came = "came with the state" if plan.collection.is_in_state else "are made up"
        return "it was not held against another tool" if is_written else f"its records {came}; no tool changes them"
    is_read = any(one in READERS for one in others)
    return "it was not held against another tool" if is_read else "no tool reads what it writes"


def _values(reading: Reading) -> list[InferredValue]:
    found = [("kind", reading.kind, reading.kind_rule, reading.evidence)]
    if reading.entity:
        found.append(("entity", reading.entity, reading.entity_rule, ""))
    if reading.key is not None:
        found.append(("key", reading.key, reading.key_rule, ""))
    return [
        InferredValue(what=what, value=value, rule=rule, quote=quote[:120], confidence=confidence_of(what, rule))
        for what, value, rule, quote in found
    ]


def _deleted(tools: str, collections: Sequence[Collection]) -> list[Collection]:
    """The collections of which records are deleted: by a tool, or because they are below what a tool deletes."""
    found: dict[str, Collection] = {}
    waiting = [one for one in collections if f"{deleter(one)}(" in tools]
    while waiting:
        one = waiting.pop()
        if one.name not in found:
            found[one.name] = one
            waiting += [child for child in collections if one.name in child.parents.values()]
    return [one for one in collections if one.name in found]


def _program(
    toolset: Toolset,
    plans: Mapping[str, Plan],
    collections: Mapping[str, Collection],
    functions: Mapping[str, str],
    left: Mapping[str, str],
) -> str:
    """The program: what it is, the shared functions, those that find records, and one function a tool."""
    missing = [f"#   {name}: {one.why}" for name, one in plans.items() if one.template == "none"]
    missing += [f"#   {name}: {' '.join(why.split())}" for name, why in left.items()]
    tools = "\n\n".join(text for name, text in functions.items() if name not in left)
    many = [one for one in collections.values() if not one.is_single]
    deleters = "\n\n".join(deleter_of(one, collections) for one in _deleted(tools, many))
    finders = "\n\n".join(finder_of(one) for one in many if f"{finder(one)}(" in tools)
    title = "".join(one for one in " ".join(toolset.title.split()) if one.isprintable())
    head = [f"# {title}: compiled from its document; yours to change."]
    if missing:
        head += ["#", "# Not inferred, so that a model has to answer them:", *missing]
    packs = pack_sources([one.command for one in plans.values() if one.command is not None], tools)
    parts = ["\n".join(head) + "\n", shared_functions(finders + tools), *packs, finders, deleters, tools]
    return "\n\n".join(part for part in parts if part)
