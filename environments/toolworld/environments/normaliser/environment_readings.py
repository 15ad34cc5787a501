"""Readings of an environment's tools: what a compiler inferred of them counts, and the rest is inferred anew."""

from dataclasses import replace

from toolworld.environments.normaliser.operation import Reading, Toolset
from toolworld.environments.normaliser.read import read_toolset
from toolworld.environments.spec.environment import Environment


def readings_of_environment(environment: Environment, toolset: Toolset) -> dict[str, Reading]:
    """What is known of each tool of an environment.

    Args:
        environment: The environment.
        toolset: Its tools as a toolset.
    """
    found = read_toolset(toolset)
    for tool in environment.tools:
        values = {one.what: one for one in tool.inferred.values} if tool.inferred is not None else {}
        entity = values.get("entity")
        if entity is not None and tool.name in found:
            found[tool.name] = replace(found[tool.name], entity=entity.value, entity_rule=entity.rule)
    return found
