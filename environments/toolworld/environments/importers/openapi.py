"""Importer of OpenAPI documents, versions 3.0 and 3.1, in JSON or YAML.

Source of the format: OpenAPI Specification 3.0.4 and 3.1.1. Parameters of path and query and the fields of a JSON body
become parameters of one tool; headers and cookies are left out. Of responses the first of success counts.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping

from toolworld.environments.importers.expansion import Expansion
from toolworld.environments.importers.found_toolset import (
    MAX_TOOLS,
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
from toolworld.environments.normaliser.mend import mended
from toolworld.environments.normaliser.operation import Toolset
from toolworld.environments.normaliser.path import segments
from toolworld.environments.normaliser.words import compact
from toolworld.ground import JsonObject, JsonSchema, JsonValue

_METHODS = ("get", "put", "post", "delete", "patch", "head")
_OTHER_METHODS = ("options", "trace")
_JSON_OR_FORM = ("json", "form")
MAX_OPERATIONS = 100_000
"""How many operations a document may have."""


def read_openapi(document: JsonValue, name: str, *, max_tools: int = MAX_TOOLS, seed: int = 0) -> FoundToolset:
    """Make a toolset of a document.

    Args:
        document: The document.
        name: What reports call it: the file's path, of which the environment's id is made.
        max_tools: Of a document with more operations, whole resources are drawn until there are so many.
        seed: Decides which.
    """
    if not isinstance(document, dict) or not text_of(document.get("openapi")).startswith("3."):
        return refused(name, "it is no OpenAPI document of version 3: `openapi` must be 3.x")
    requests = [
        (path, method, item, operation)
        for path, item in _paths(document)
        for method, operation in item.items()
        if method in _METHODS and isinstance(operation, dict)
    ]
    if not requests:
        return refused(name, "it has no operation under `paths`")
    if len(requests) > MAX_OPERATIONS:
        return refused(name, f"it has {len(requests)} operations; at most {MAX_OPERATIONS} are read")
    chosen = _chosen([path for path, *_ in requests], max_tools, f"{seed}:{name}")
    expansion, info = Expansion(document), object_of(document.get("info"))
    made = environment_id(name.removesuffix(".json").removesuffix(".yaml").removesuffix(".yml"))
    drafts: list[tuple[str, OperationDraft]] = []
    left: list[ImportedItem] = []
    for path, method, item, operation in requests:
        place = f"{name}#{method.upper()} {path}"
        if path in chosen:
            drafts.append((place, _draft(expansion, path, method, item, operation)))
        else:
            why = f"its document has more operations than the {max_tools} that are taken, and it was not drawn"
            left.append(ImportedItem(item=place, outcome="refused", why=why))
    left += _left_out(document, name)
    operations, items = finished(drafts, made)
    toolset = Toolset(
        id=made,
        title=text_of(info.get("title")).strip()[:200] or made,
        domain=_domain(info, document),
        description=(text_of(info.get("description")).strip().split("\n")[0] or f"Imported from {name}.")[:500],
        operations=operations,
    )
    return FoundToolset(toolset, tuple(items + left))


def _left_out(document: JsonObject, name: str) -> list[ImportedItem]:
    """A line for each operation or path that is not read."""
    found: list[ImportedItem] = []
    for path, item in object_of(document.get("paths")).items():
        whole = object_of(item)
        if "$ref" in whole and not text_of(whole["$ref"]).startswith("#/"):
            found.append(ImportedItem(item=f"{name}#{path}", outcome="refused", why="it stands in another document"))
        for method in _OTHER_METHODS:
            if isinstance(whole.get(method), dict):
                place = f"{name}#{method.upper()} {path}"
                found.append(ImportedItem(item=place, outcome="refused", why="its method is not read"))
    return found


def _paths(document: JsonObject) -> Iterator[tuple[str, Mapping[str, JsonValue]]]:
    expansion = Expansion(document)
    for path, item in object_of(document.get("paths")).items():
        target = expansion.target(item)
        if isinstance(target, dict):
            yield path, target


def _chosen(paths: list[str], most: int, seed: str) -> set[str]:
    """The paths that are taken: all, or those of resources that are drawn until there are enough operations.

    A resource is the first segment of a path that is no parameter, with all below it, or where that alone is too much,
    the first two: what belongs together stays together.
    """
    if len(paths) <= most:
        return set(paths)
    sizes = Counter(_resource(path, 1) for path in paths)
    by_resource: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        first = _resource(path, 1)
        by_resource.setdefault(first if sizes[first] <= most else _resource(path, 2), []).append(path)
    order = sorted(by_resource)
    random.Random(seed).shuffle(order)
    chosen: set[str] = set()
    count = 0
    for resource in order:
        below = by_resource[resource]
        if count + len(below) <= most:
            chosen.update(below)
            count += len(below)
    if not chosen:  # a single resource is too much: its shortest paths are taken
        for path in sorted(set(paths), key=lambda one: (one.count("/"), one)):
            if count + paths.count(path) > most:
                break
            chosen.add(path)
            count += paths.count(path)
    return chosen


def _resource(path: str, depth: int) -> tuple[str, ...]:
    return tuple(one.text for one in segments(path) if not one.is_parameter)[:depth]


def _draft(
    expansion: Expansion, path: str, method: str, item: Mapping[str, JsonValue], operation: Mapping[str, JsonValue]
) -> OperationDraft:
    named = text_of(operation.get("operationId")) or f"{method} {path}"
    summary, description = text_of(operation.get("summary")), text_of(operation.get("description"))
    said = " ".join(one for one in (summary, description) if one)
    draft = OperationDraft(original=named, description=said or f"{method.upper()} {path}", method=method, path=path)
    given: dict[tuple[str, str], Mapping[str, JsonValue]] = {}
    for one in (*list_of(item.get("parameters")), *list_of(operation.get("parameters"))):
        parameter = object_of(expansion.target(one))
        given[text_of(parameter.get("name")), text_of(parameter.get("in"))] = parameter
    for (name, place), parameter in given.items():
        if not name or place not in ("path", "query"):
            known = place in ("header", "cookie")
            draft.mends["a header or cookie was left out" if known else "a parameter without a place was left out"] += 1
            continue
        schema = _schema_of_parameter(expansion, parameter)
        is_required = place == "path" or parameter.get("required") is True
        draft.add(name, schema, required=is_required, place="path" if place == "path" else "query")
    for segment in segments(path):
        if segment.is_parameter and (segment.text, "path") not in given:
            draft.mends["a parameter of the path that was not declared was added"] += 1
            draft.add(segment.text, {"type": "string"}, required=True, place="path")
    _add_body(expansion, draft, operation)
    draft.response = mended(_response(expansion, operation), draft.mends)
    return draft


def _schema_of_parameter(expansion: Expansion, parameter: Mapping[str, JsonValue]) -> JsonSchema:
    schema = dict(expansion.schema(parameter.get("schema")))
    if text_of(parameter.get("description")):
        schema["description"] = parameter["description"]
    if parameter.get("example") is not None:
        schema.setdefault("example", parameter["example"])
    return schema


def _add_body(expansion: Expansion, draft: OperationDraft, operation: Mapping[str, JsonValue]) -> None:
    """Add the fields of the body; one that is a single object is opened, and one that is no object is one parameter."""
    body = object_of(expansion.target(operation.get("requestBody")))
    schema = _content(expansion, body, _JSON_OR_FORM)
    properties = object_of(schema.get("properties"))
    inner = object_of(next(iter(properties.values())) if len(properties) == 1 else None)
    if isinstance(inner.get("properties"), dict):
        draft.mends["a body with one object in it was opened"] += 1
        schema, properties = dict(inner), object_of(inner.get("properties"))
    required = list_of(schema.get("required"))
    for name, shape in properties.items():
        is_shown_only = object_of(shape).get("readOnly") is True and name not in required
        if is_shown_only or not name:
            draft.mends["a read-only field of a body was left out"] += 1
        else:
            draft.add(name, shape, required=name in required, place="body")
    if schema and not properties:
        draft.mends["a body that is no object became one parameter"] += 1
        draft.add("items" if schema.get("type") == "array" else "body", schema, required=True, place="body")


def _response(expansion: Expansion, operation: Mapping[str, JsonValue]) -> JsonSchema:
    """The schema of the first response of success that has one."""
    responses = object_of(operation.get("responses"))
    for code in sorted(responses, key=lambda one: (one == "default", one)):
        if code.startswith("2") or code == "default":
            schema = _content(expansion, object_of(expansion.target(responses[code])), ("json",))
            if schema:
                return schema
    return {}


def _content(expansion: Expansion, holder: Mapping[str, JsonValue], kinds: tuple[str, ...]) -> JsonSchema:
    for kind in kinds:
        for name, media in object_of(holder.get("content")).items():
            if kind in compact(name) and isinstance(media, dict):
                schema = expansion.schema(media.get("schema"))
                example = _example(expansion, media)
                return {**schema, "example": example} if example is not None else schema
    return {}


def _example(expansion: Expansion, media: Mapping[str, JsonValue]) -> JsonValue:
    """The first example of a body or a response."""
    if isinstance(media.get("example"), dict | list):
        return media["example"]
    for one in object_of(media.get("examples")).values():
        value = object_of(expansion.target(one)).get("value")
        if isinstance(value, dict | list):
            return value
    return None


def _domain(info: Mapping[str, JsonValue], document: JsonObject) -> str:
    categories = [text_of(one) for one in list_of(info.get("x-apisguru-categories"))]
    tags = [text_of(object_of(one).get("name")) for one in list_of(document.get("tags"))]
    return next((one.replace("_", " ") for one in (*categories, *tags) if one), "web service")[:100]
