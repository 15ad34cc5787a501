"""Reading an operation: everything that is inferred of it, each with the rule that says so."""

from collections.abc import Iterable

from toolworld.environments.normaliser.entity import entity_of
from toolworld.environments.normaliser.key import key_of
from toolworld.environments.normaliser.kind import Clues, KindFound, kind_of
from toolworld.environments.normaliser.operation import Kind, Operation, Reading, Toolset
from toolworld.environments.normaliser.words import words

_WRITES = frozenset({"create", "update", "delete", "action", "session"})


def read_toolset(toolset: Toolset) -> dict[str, Reading]:
    """Read every operation of a toolset, by name."""
    return {one.name: read_operation(one, [toolset.title, toolset.id]) for one in toolset.operations}


def read_operation(operation: Operation, provider: Iterable[str] = ()) -> Reading:
    """Infer what an operation does, to what, and by which key.

    Args:
        operation: The operation.
        provider: The names of its toolset, which are no part of what it does.
    """
    clues = Clues(operation, frozenset(word for name in provider for word in words(name)))
    kind = _as_stated(kind_of(clues), clues)
    entity = entity_of(clues, kind)
    key = key_of(clues, kind, entity.entity)
    is_read = operation.method in ("get", "head") or kind.kind not in _WRITES or kind.evidence == "verify"
    if operation.stated_effect is not None:
        is_read = operation.stated_effect == "read"
    return Reading(
        kind=kind.kind,
        kind_rule=kind.rule,
        effect="read" if is_read else "write",
        entity=entity.entity,
        entity_rule=entity.rule,
        key=key.key,
        key_rule=key.rule,
        shape=clues.returned.shape,
        record=clues.returned.record,
        wrapper=clues.returned.wrapper,
        evidence=kind.evidence,
    )


def _as_stated(found: KindFound, clues: Clues) -> KindFound:
    """The kind, or one that does what the document says where the rules say that it only reads, or that it writes."""
    stated = clues.operation.stated_effect
    if stated is None or (found.kind in _WRITES) == (stated == "write"):
        return found
    if stated == "write":
        return KindFound("action", "stated_effect", "the document says that it writes")
    kind: Kind = "list" if clues.returns_list else "get"
    return KindFound(kind, "stated_effect", "the document says that it only reads")
