"""The graph of environments: tools, their operations, parameters, response fields and the concepts that join them; and
its projection, in which an operation leads to those that its results feed.

Both are `networkx` graphs. As in ToolBench, a `tool` is what publishes operations, so an environment, and an
`operation` is one of its tools.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from toolworld.environments.graph.links import Link, links_of
from toolworld.environments.graph.state_links import state_links_of
from toolworld.environments.importers.environment_tools import tools_of_environment
from toolworld.environments.normaliser.environment_readings import readings_of_environment
from toolworld.environments.spec.environment import Environment

Graph = Any
"""A `networkx.DiGraph` of texts, of which there are no types."""
DATA_LINK = 1.0
"""The weight of an edge that carries data from one operation to another."""


Links = Mapping[str, Sequence[Link]]
"""The links of environments, by id."""


def environment_links(environment: Environment) -> tuple[Link, ...]:
    """The links of an environment: from results of its tools, and from the keys of its state."""
    toolset = tools_of_environment(environment)
    readings = readings_of_environment(environment, toolset)
    return (*links_of(toolset, readings), *state_links_of(environment, toolset, readings))


def heterogeneous_graph(environments: Sequence[Environment], links: Links | None = None) -> Graph:
    """The graph of everything: who has what, what is of which concept, and which field feeds which parameter."""
    import networkx

    graph: Graph = cast(Any, networkx).DiGraph()
    for environment in environments:
        tool = f"tool::{environment.id}"
        graph.add_node(tool, kind="tool", name=environment.id, title=environment.title)
        for one in environment.tools:
            operation = f"operation::{environment.id}::{one.name}"
            graph.add_node(operation, kind="operation", name=one.name, effect=one.effect)
            graph.add_edge(tool, operation, kind="has_operation")
            for name in one.parameters:
                parameter = f"parameter::{environment.id}::{one.name}::{name}"
                graph.add_node(parameter, kind="parameter", name=name, required=name in one.required)
                graph.add_edge(operation, parameter, kind="has_parameter")
        for link in _known(environment, links):
            _add_link(graph, environment.id, link)
    return graph


def _known(environment: Environment, links: Links | None) -> Sequence[Link]:
    """The links of an environment, inferred now where nobody has them."""
    return links[environment.id] if links is not None else environment_links(environment)


def _add_link(graph: Graph, tool: str, link: Link) -> None:
    parameter, concept = f"parameter::{tool}::{link.target}::{link.parameter}", f"concept::{link.concept}"
    graph.add_node(concept, kind="concept", name=link.concept)
    if link.rule == "state_key":
        source = f"collection::{tool}::{link.source}"
        graph.add_node(source, kind="collection", name=link.source)
        graph.add_edge(f"tool::{tool}", source, kind="has_collection")
    else:
        source = f"response_field::{tool}::{link.source}::{link.field}"
        graph.add_node(source, kind="response_field", name=link.field)
        graph.add_edge(f"operation::{tool}::{link.source}", source, kind="returns_field")
    graph.add_edge(source, concept, kind="maps_to_concept")
    graph.add_edge(parameter, concept, kind="maps_to_concept")
    graph.add_edge(source, parameter, kind="feeds", rule=link.rule, confidence=link.confidence)


def projected_graph(environments: Sequence[Environment], links: Links | None = None) -> Graph:
    """The graph of operations: an edge from one to another that its results feed, with what is fed by what."""
    import networkx

    graph: Graph = cast(Any, networkx).DiGraph()
    for environment in environments:
        fed: dict[str, set[str]] = {}
        for link in _known(environment, links):
            fed.setdefault(link.target, set()).add(link.parameter)
            if link.rule == "state_key":
                continue
            source, target = f"{environment.id}::{link.source}", f"{environment.id}::{link.target}"
            mapping = {"field": link.field, "parameter": link.parameter, "required": link.required, "rule": link.rule}
            if graph.has_edge(source, target):
                graph.edges[source, target]["mappings"].append(mapping)
            else:
                graph.add_edge(source, target, kind="data_link", weight=DATA_LINK, mappings=[mapping])
        for one in environment.tools:
            unfed = sorted(one.required - fed.get(one.name, set()))
            graph.add_node(f"{environment.id}::{one.name}", effect=one.effect, said_by_user=unfed)
    return graph
