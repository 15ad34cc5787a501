"""Links from the keys of an environment's state to the parameters that ask for them."""

from collections.abc import Iterator, Mapping

from toolworld.environments.graph.links import Link, confidence_of_rule
from toolworld.environments.graph.terms import wanted
from toolworld.environments.normaliser.key import IDENTIFIERS
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Reading, Toolset
from toolworld.environments.normaliser.words import compact, singulars, word_set
from toolworld.environments.spec.environment import Environment

_VAGUE = word_set("code id key name number type")


def state_links_of(environment: Environment, toolset: Toolset, readings: Mapping[str, Reading]) -> Iterator[Link]:
    """The links from keys of collections: by the name of the key field, or by what the records are."""
    for operation in toolset.operations:
        for parameter in operation.parameters:
            found = _collection(environment, operation, readings[operation.name], parameter)
            if found is not None:
                name, key = found
                entity = "_".join(singulars(name))
                yield Link(
                    source=name,
                    field=key,
                    target=operation.name,
                    parameter=parameter.name,
                    required=parameter.required,
                    concept=f"{entity}.id",
                    rule="state_key",
                    confidence=confidence_of_rule("state_key"),
                )


def _collection(
    environment: Environment, operation: Operation, reading: Reading, parameter: Parameter
) -> tuple[str, str] | None:
    """The collection whose keys a parameter holds, with the key field."""
    if plain_type(parameter.schema) not in ("string", "integer", None) or "enum" in parameter.schema:
        return None
    term = wanted(operation, reading, parameter)
    keys = environment.state_schema.key_fields
    for name, key in keys.items():
        if compact(parameter.original) == compact(key) and compact(key) not in _VAGUE:
            return name, key
    for name, key in keys.items():
        if term.attribute in IDENTIFIERS and term.entity and "_".join(singulars(name)) == term.entity:
            return name, key
    return None
