"""The tools of an environment as a toolset, with its state: what is known of them without the program."""

from toolworld.environments.importers.found_toolset import OperationDraft, finished, list_of
from toolworld.environments.normaliser.mend import mended
from toolworld.environments.normaliser.operation import Place, Toolset
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import JsonObject


def tools_of_environment(environment: Environment) -> Toolset:
    """The toolset of an environment: its tools as they are described, and its initial state as a state document."""
    drafts = [(tool.name, _draft(tool)) for tool in environment.tools]
    operations, _ = finished(drafts, environment.id)
    return Toolset(
        id=environment.id,
        title=environment.title,
        domain=environment.domain,
        description=environment.description,
        operations=operations,
        states=(_state(environment),),
        start=environment.clock.moment(0)[1],
    )


def _draft(tool: ToolSpec) -> OperationDraft:
    draft = OperationDraft(tool.name, tool.description, errors=tool.errors, stated_effect=tool.effect)
    if tool.request is not None:
        method, _, draft.path = tool.request.partition(" ")
        draft.method = method.lower()
    required = list_of(tool.input_schema.get("required"))
    for name, schema in tool.parameters.items():
        original = str(schema.get("x-original-name") or name)
        draft.add(original, schema, required=name in required, place=_place(original, draft))
    draft.response = mended(tool.output_schema, draft.mends)
    return draft


def _place(name: str, draft: OperationDraft) -> Place:
    """Where a parameter stands in the request that a tool stands for."""
    if draft.path is None:
        return "argument"
    if f"{{{name}}}" in draft.path:
        return "path"
    return "query" if draft.method in ("get", "head", "delete") else "body"


def _state(environment: Environment) -> JsonObject:
    """The initial state as one document: each collection as an object of records by key."""
    keys = environment.state_schema.key_fields
    collections: JsonObject = {
        name: {str(record[keys[name]]): dict(record) for record in records}
        for name, records in environment.initial_state.collections.items()
    }
    return {**collections, **environment.initial_state.singletons}
