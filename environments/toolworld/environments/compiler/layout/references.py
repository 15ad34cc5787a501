"""References by name: `customer_id` is the key of a customer, and `owner_id` that of a user."""

from collections.abc import Iterator, Mapping

from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter
from toolworld.environments.normaliser.words import singulars, word_set
from toolworld.ground import JsonSchema

_PEOPLE = word_set("assignee author creator owner sender")
"""What people are called who are users."""
_ENDINGS = ("id", "key", "uuid")


def referred(
    name: str, schema: JsonSchema, collection: Collection, collections: Mapping[str, Collection]
) -> Collection | None:
    """The collection of whose records a field or parameter holds the key; None where it is no reference.

    Args:
        name: The name of the field or parameter.
        schema: Its schema.
        collection: The collection that it is used for, to which it does not refer.
        collections: All collections.
    """
    parts = singulars(name)
    if len(parts) < 2 or parts[-1] not in _ENDINGS or plain_type(schema) not in ("string", "integer"):
        return None
    wanted = "_".join(parts[:-1])
    others = [one for one in collections.values() if one is not collection and not one.is_single and one.owner is None]
    people = [one for one in others if wanted in _PEOPLE and one.entity == "user"]
    exact = [one for one in others if one.entity == wanted]
    # `card_id` may be that of a credit card, where there is no other kind of card
    ending = [one for one in others if one.entity.split("_")[-1] == wanted]
    found = exact or ending or people
    return found[0] if len(found) == 1 and _has_key(found[0], schema) else None


def _has_key(collection: Collection, schema: JsonSchema) -> bool:
    """Whether callers know the records by a key of the type."""
    if collection.key is None:
        return collection.has_outer_keys and plain_type(schema) == "string"
    return plain_type(collection.fields[collection.key]) == plain_type(schema)


def references_of(
    operation: Operation, collection: Collection, collections: Mapping[str, Collection]
) -> Iterator[tuple[Parameter, Collection]]:
    """What has to be there for an operation to write: each parameter with the collection that it refers to."""
    for one in operation.payload:
        if collection.field_of(one.original) != collection.key:
            target = referred(one.original, one.schema, collection, collections)
            if target is not None:
                yield one, target
