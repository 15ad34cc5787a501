"""Importer of SynthTools' generated tools: tool JSON, specifications in YAML, and environments with their state.

Three kinds of files, told apart by what is in them: a tool (`tool_name`, `parameters`, `error_messages`, `usage`,
`output_details`); a specification (`field_name`, `subfield`, `task`, `tool_description`, whose text holds a fenced
block of JSON a tool); an environment (`<spec>.environment.yml`, whose `state` or collections are the initial state).
Tools of one specification are one toolset: their files are called `<spec>__<Tool_Name>.json`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from toolworld.environments.importers.documents import document_files, read_document
from toolworld.environments.importers.found_toolset import (
    TWICE,
    FoundToolset,
    ImportedItem,
    OperationDraft,
    environment_id,
    finished,
    list_of,
    object_of,
    refused,
    text_of,
)
from toolworld.environments.importers.synthtools_tasks import spec_of, tasks_in
from toolworld.environments.normaliser.mend import mended
from toolworld.environments.normaliser.operation import Operation, Toolset
from toolworld.environments.normaliser.words import word_set
from toolworld.environments.spec.tool import DocumentedError
from toolworld.ground import EncodingError, JsonObject, JsonSchema, JsonValue, RecordError, decode

_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL)
_STATE_NAMES = ("state", "state_collections", "initial_state", "environment_state", "collections")
_NO_STATE = word_set("field_name meta_data metadata solution subfield task task_data task_list tasks tools_data")


def import_synthtools_tools(path: Path) -> Iterator[FoundToolset]:
    """Read a file or folder of tools, specifications and environments."""
    tools: dict[str, list[tuple[str, JsonObject]]] = {}
    titles: dict[str, tuple[str, str]] = {}
    states: dict[str, JsonObject] = {}
    for file, name in document_files(path):
        spec = spec_of(name)
        try:
            document = read_document(file, path)
        except RecordError as problem:
            yield refused(name, str(problem))
            continue
        found = list(_tools_in(document, name))
        state = {} if found else _state_in(document)
        if found:
            tools.setdefault(spec, []).extend((place, one) for place, one in found)
        elif state:
            states[spec] = state
        elif next(tasks_in(document, name), None) is None:
            yield refused(name, "it holds neither a tool nor a specification with tools nor a state")
        whole = object_of(document)
        if text_of(whole.get("field_name")):
            titles[spec] = text_of(whole.get("field_name")), text_of(whole.get("task"))
    for spec, found in tools.items():
        yield _toolset(spec, found, titles.get(spec, ("", "")), states.pop(spec, {}))
    for spec in states:
        yield refused(spec, "it has a state, but there are no tools of that specification")


def _tools_in(document: JsonValue, name: str) -> Iterator[tuple[str, JsonObject]]:
    """The tools in a document: itself, those of a list, or those in the fenced blocks of its texts."""
    if isinstance(document, dict) and text_of(document.get("tool_name")):
        yield name, document
        return
    listed = document.get("tools") if isinstance(document, dict) else document
    for number, one in enumerate(list_of(listed)):
        if isinstance(one, dict) and text_of(one.get("tool_name")):
            yield f"{name}#{number}", one
    for text in _texts(document):
        for number, block in enumerate(_FENCED.findall(text)):
            try:
                parsed = decode(block.encode())
            except EncodingError as problem:
                yield f"{name}#block {number}", {"why": f"the block is no JSON: {problem}"}
                continue
            for one in parsed if isinstance(parsed, list) else [parsed]:
                if isinstance(one, dict) and text_of(one.get("tool_name")):
                    yield f"{name}#block {number}", one


def _texts(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _state_in(document: JsonValue) -> JsonObject:
    whole = object_of(document)
    for name in _STATE_NAMES:
        if isinstance(whole.get(name), dict):
            return dict(object_of(whole[name]))
    return {
        name: value
        for name, value in whole.items()
        if name not in _NO_STATE and isinstance(value, dict | list) and value
    }


def _toolset(
    spec: str, tools: list[tuple[str, JsonObject]], titles: tuple[str, str], state: JsonObject
) -> FoundToolset:
    made = environment_id(spec)
    left = [ImportedItem(item=place, outcome="refused", why=str(tool["why"])) for place, tool in tools if "why" in tool]
    kept: dict[str, tuple[str, JsonObject]] = {}
    for place, tool in tools:
        called = text_of(tool.get("tool_name"))
        if called and called in kept:
            left.append(ImportedItem(item=place, outcome="refused", why=TWICE))
        elif called:
            kept[called] = (place, tool)
    operations, items = finished([(place, _draft(tool)) for place, tool in kept.values()], made)
    documented = tuple(
        _with_errors(operation, tool) for operation, (_, tool) in zip(operations, kept.values(), strict=True)
    )
    field, task = titles
    toolset = Toolset(
        id=made,
        title=task[:200] or spec,
        domain=field or spec,
        description=f"Imported from the SynthTools specification {spec}.",
        operations=documented,
        states=(state,) if state else (),
    )
    return FoundToolset(toolset if operations else None, tuple(items + left))


def _draft(tool: Mapping[str, JsonValue]) -> OperationDraft:
    usage = text_of(tool.get("usage"))
    said = " ".join(one for one in (text_of(tool.get("tool_description")), usage) if one)
    draft = OperationDraft(original=text_of(tool.get("tool_name")), description=said)
    for name, shape in object_of(tool.get("parameters")).items():
        schema = object_of(shape)
        draft.add(name, dict(schema) | {"required": None}, required=schema.get("required") is not False)
    details = object_of(tool.get("output_details"))
    response: JsonSchema = {"type": "object", "properties": dict(details)} if details else {}
    draft.response = mended(response, draft.mends)
    return draft


def _with_errors(operation: Operation, tool: Mapping[str, JsonValue]) -> Operation:
    messages = [text_of(one) for one in list_of(tool.get("error_messages")) if text_of(one)]
    errors = tuple(DocumentedError(code=f"error_{number}", when=one[:500]) for number, one in enumerate(messages, 1))
    return replace(operation, errors=errors)
