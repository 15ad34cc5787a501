"""Graphs as files: both as node-link JSON, which `networkx` and others read, and a manifest that says of what."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import orjson

from toolworld.environments.graph.graph import Graph, Links, environment_links, heterogeneous_graph, projected_graph
from toolworld.environments.spec.environment import Environment
from toolworld.ground import JsonObject, Record, SpecError, digest, write_atomically

HETEROGENEOUS = "heterogeneous_graph.json"
PROJECTED = "projected_graph.json"
MANIFEST = "manifest.json"


class GraphFile(Record):
    """A graph that was written."""

    file: str
    digest: str
    """The SHA-256 of its content."""
    nodes: dict[str, int]
    """How many nodes it has, by kind."""
    edges: dict[str, int]
    """How many edges it has, by kind."""


class GraphManifest(Record):
    """What graphs were made of."""

    environments: dict[str, str]
    """The version of each environment, by id."""
    graphs: tuple[GraphFile, ...]


def write_graphs(environments: Sequence[Environment], folder: Path, links: Links | None = None) -> GraphManifest:
    """Write both graphs of some environments, and the manifest.

    Args:
        environments: The environments.
        folder: Where the files go.
        links: Their links by id, where they are known; by default they are inferred now.

    Raises:
        SpecError: the folder cannot be written to.
    """
    known = links if links is not None else {one.id: environment_links(one) for one in environments}
    graphs = (
        (HETEROGENEOUS, heterogeneous_graph(environments, known)),
        (PROJECTED, projected_graph(environments, known)),
    )
    written = tuple(_write(graph, folder / name) for name, graph in graphs)
    manifest = GraphManifest(environments={one.id: one.version for one in environments}, graphs=written)
    text = orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2) + b"\n"
    write_atomically(folder / MANIFEST, text, SpecError)
    return manifest


def _write(graph: Graph, path: Path) -> GraphFile:
    import networkx

    document = cast(JsonObject, cast(Any, networkx).node_link_data(graph, edges="edges"))
    write_atomically(path, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n", SpecError)
    nodes = Counter(str(data.get("kind", "operation")) for _, data in graph.nodes(data=True))
    edges = Counter(str(data.get("kind")) for *_, data in graph.edges(data=True))
    return GraphFile(file=path.name, digest=digest(document), nodes=dict(nodes), edges=dict(edges))
