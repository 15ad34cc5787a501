"""Importer of ToolBench (OpenBMB): RapidAPI tools in either of its two spellings.

The one is a list of queries, each with the `api_list` that it may use (`G1_query.json`); the other a file a tool, with
`api_list` of the APIs of that tool (`toolenv/tools`, `response_examples`). All APIs of a tool are one toolset.
"""

from collections.abc import Iterator, Mapping
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
from toolworld.environments.normaliser.mend import MAX_DEPTH, mended, schema_of
from toolworld.environments.normaliser.operation import Toolset
from toolworld.ground import JsonObject, JsonSchema, JsonValue, RecordError

_Api = tuple[str, Mapping[str, JsonValue]]
"""An API, and the place where it stands."""


def import_toolbench(path: Path) -> Iterator[FoundToolset]:
    """Read a file of queries or tools, or all of a folder; an API that stands in several places is taken once."""
    tools: dict[tuple[str, str], list[_Api]] = {}
    twice: list[ImportedItem] = []
    seen: set[tuple[str, str]] = set()
    for file, name in document_files(path, (".json",)):
        try:
            document = read_document(file, path)
        except RecordError as problem:
            yield refused(name, str(problem))
            continue
        apis = list(_apis(document, name))
        if not apis:
            yield refused(name, "it has no api_list with an API in it")
        for category, tool, place, api in apis:
            called = text_of(api.get("api_name")) or text_of(api.get("name"))
            if not called:
                twice.append(ImportedItem(item=place, outcome="refused", why="it is no API with a name"))
                continue
            if (tool, called) in seen:
                twice.append(ImportedItem(item=place, outcome="refused", why=TWICE))
                continue
            seen.add((tool, called))
            tools.setdefault((category, tool), []).append((place, api))
    for (category, tool), apis in tools.items():
        yield _toolset(category, tool, apis)
    if twice:
        yield FoundToolset(None, tuple(twice))


def _apis(document: JsonValue, name: str) -> Iterator[tuple[str, str, str, Mapping[str, JsonValue]]]:
    """Each API with its category, its tool and its place."""
    folder = name.split("/")[-2] if "/" in name else "tools"
    holders = document if isinstance(document, list) else [document]
    for number, holder in enumerate(holders):
        whole = object_of(holder)
        titles = [text_of(whole.get(key)) for key in ("tool_name", "title", "name", "standardized_name")]
        title = next((one for one in titles if one), name.rsplit("/", 1)[-1].removesuffix(".json"))
        for place, api in enumerate(list_of(whole.get("api_list"))):
            if not isinstance(api, dict):
                yield folder, title, f"{name}#{number}.{place}", {"api_name": None}
            else:
                category = text_of(api.get("category_name")) or text_of(whole.get("category")) or folder
                tool = text_of(api.get("tool_name")) or title
                yield category, tool, f"{name}#{number}.{place}", api


def _toolset(category: str, tool: str, apis: list[_Api]) -> FoundToolset:
    made = environment_id(f"{category} {tool}")
    operations, items = finished([(place, _draft(api)) for place, api in apis], made)
    description = f"The tool {tool} of ToolBench, of the category {category.replace('_', ' ')}."
    return FoundToolset(Toolset(made, tool, category.replace("_", " "), description, operations), tuple(items))


def _draft(api: Mapping[str, JsonValue]) -> OperationDraft:
    named = text_of(api.get("api_name")) or text_of(api.get("name")) or "tool"
    said = (text_of(api.get("api_description")) or text_of(api.get("description"))).strip()
    draft = OperationDraft(original=named, description=said or named, path=named if "/" in named else None)
    for group, required in (("required_parameters", True), ("optional_parameters", False)):
        for one in list_of(api.get(group)):
            parameter = object_of(one)
            name = text_of(parameter.get("name"))
            if not name:
                draft.mends["a parameter without a name was left out"] += 1
                continue
            kept = {key: parameter[key] for key in ("type", "default", "description") if key in parameter}
            draft.add(name, _example_of_default(kept) if required else kept, required=required)
    template = api.get("template_response") or api.get("schema") or api.get("test_endpoint")
    draft.response = mended(_of_template(template), draft.mends)
    return draft


def _example_of_default(schema: JsonObject) -> JsonObject:
    """A required parameter's default is an example of what to give."""
    rest = {name: value for name, value in schema.items() if name != "default"}
    return {**rest, "example": schema["default"]} if schema.get("default") not in (None, "") else rest


_LEAVES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "NoneType": None}


def _of_template(value: JsonValue, depth: int = 0) -> JsonSchema:
    """The schema of a template, in which a leaf is the name of a type, or of an example of a response."""
    if isinstance(value, dict) and value and depth < MAX_DEPTH:
        inner: JsonObject = {
            name: _of_template(one, depth + 1) for name, one in value.items() if name != "_list_length"
        }
        return {"type": "object", "properties": inner}
    if isinstance(value, list):
        return {"type": "array", "items": _of_template(value[0], depth + 1) if value else {}}
    kind = _LEAVES.get(value, "string") if isinstance(value, str) else schema_of(value).get("type")
    return {"type": kind} if kind else {}
