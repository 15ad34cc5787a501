"""`toolworld env graph`: which output of which tool feeds which input."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console, table
from toolworld.environments import Environment, GraphManifest, Link, environment_links, load_environments, write_graphs
from toolworld.ground import SpecError

_SHOWN = 20
"""How many environments the table has."""


def graph(
    environment: Annotated[list[str], typer.Argument(help="Folders, packs or built-in names.")],
    out: Annotated[Path, typer.Option(help="The folder for both graphs and the manifest.")],
    as_json: AsJson = False,
) -> None:
    """Write the graph of tools, operations, parameters, response fields and concepts, and its projection.

    An edge of the projection leads from an operation to one that its results feed; what is left is for the user to say.

    Example: toolworld env graph library clinic --out graphs
    """
    found = load_environments(environment)
    if out.exists() and not out.is_dir():
        raise SpecError(f"{out} is a file; --out takes a folder")
    out.mkdir(parents=True, exist_ok=True)
    links = {one.id: environment_links(one) for one in found}
    manifest = write_graphs(found, out, links)
    if as_json:
        print_json(manifest.model_dump(mode="json"))
        return
    _show(found, links, manifest, out)


def _show(
    environments: Sequence[Environment], found: Mapping[str, Sequence[Link]], manifest: GraphManifest, out: Path
) -> None:
    numbers = ("tools", "required", "fed", "by results", "by state")
    rows = table("Required parameters that something feeds", ("environment", *numbers), fixed=numbers)
    for one in environments[:_SHOWN]:
        links = [link for link in found[one.id] if link.required]
        by_state = {(link.target, link.parameter) for link in links if link.rule == "state_key"}
        by_results = {(link.target, link.parameter) for link in links if link.rule != "state_key"}
        required = sum(len(tool.required) for tool in one.tools)
        sizes = (len(one.tools), required, len(by_state | by_results), len(by_results), len(by_state))
        rows.add_row(plain(one.id), *map(str, sizes))
    console = stdout_console()
    console.print(rows)
    if len(environments) > _SHOWN:
        console.print(f"and {count(len(environments) - _SHOWN, 'environment')} more")
    for graph in manifest.graphs:
        sizes = f"{sum(graph.nodes.values())} nodes, {sum(graph.edges.values())} edges"
        console.print(f"{plain(str(out / graph.file))}: {sizes}")
