"""`toolworld serve`: environments over MCP, for any client, with the lines to paste into one."""

import json
import os
import re
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NamedTuple, NoReturn

import anyio
import typer

from toolworld.cli.choice import CONFORMANCE, FAULTS_HELP, TRUST_HELP, Choice, load_choice
from toolworld.cli.modelled import (
    AT_ONCE_HELP,
    BUDGET_HELP,
    CACHE_HELP,
    MODEL_HELP,
    PRICES_HELP,
    SECONDS_HELP,
    SIMULATE_HELP,
    SIMULATOR_HELP,
    Modelling,
    opened,
    show_costs,
)
from toolworld.cli.observation import LOG_HELP, LogForm, start_logging, tracing
from toolworld.cli.screen import aside, screen
from toolworld.datasets import Shelf
from toolworld.environments import SimulationPlan, SimulatorKind
from toolworld.ground import RolloutError, freeze_gc
from toolworld.llm import RetryPolicy
from toolworld.server import (
    AnswerForm,
    bind,
    build_app,
    build_mcp_server,
    door_to,
    is_loopback,
    listen,
    open_episodes,
    pseudonym,
    serve_stdio,
)


class Way(NamedTuple):
    """How a server is reached, and how it answers."""

    address: str
    answers: AnswerForm
    names: tuple[str, ...]
    """What it goes by besides this machine's own names."""


MEMORY = 512
SHOWN = 12
"""How many environments are announced one by one."""
DEFAULT = "127.0.0.1:8765"


def serve(
    environments: Annotated[list[str], typer.Argument(help="Environment folders, .jsonl packs, or built-in names.")],
    http: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help=f"Where to listen; by default {DEFAULT}, port 0 takes a free one."),
    ] = None,
    stdio: Annotated[bool, typer.Option("--stdio", help="Serve one environment on stdin and stdout instead.")] = False,
    store: Annotated[Path | None, typer.Option(help="Keep the episodes in this SQLite file; else in memory.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of the episode that --stdio opens.")] = None,
    faults: Annotated[str | None, typer.Option(help=FAULTS_HELP)] = None,
    trust: Annotated[bool, typer.Option("--trust", help=TRUST_HELP)] = False,
    memory: Annotated[int, typer.Option(min=1, metavar="MIB", help="Memory for live episodes.")] = MEMORY,
    answers: Annotated[
        AnswerForm, typer.Option(help="How calls are answered over HTTP: one JSON document, a stream, or as fits.")
    ] = "auto",
    host: Annotated[
        list[str] | None, typer.Option(help="A name that this server goes by, for requests through a proxy (repeat).")
    ] = None,
    log: Annotated[LogForm, typer.Option(help=LOG_HELP)] = "off",
    simulator: Annotated[SimulatorKind, typer.Option(help=SIMULATOR_HELP)] = "auto",
    simulate: Annotated[list[str] | None, typer.Option(metavar="TOOL=MEANS", help=SIMULATE_HELP)] = None,
    model: Annotated[str | None, typer.Option(help=MODEL_HELP)] = None,
    budget: Annotated[str | None, typer.Option(help=BUDGET_HELP)] = None,
    prices: Annotated[Path | None, typer.Option(help=PRICES_HELP)] = None,
    model_cache: Annotated[Path | None, typer.Option(help=CACHE_HELP)] = None,
    at_once: Annotated[int, typer.Option(min=1, max=4096, help=AT_ONCE_HELP)] = 64,
    model_seconds: Annotated[float, typer.Option(min=0.1, help=SECONDS_HELP)] = RetryPolicy.seconds,
    full: Annotated[bool, typer.Option("--durable-full", help="Sync each commit, against loss of power.")] = False,
) -> None:
    """Serve environments over MCP: to any client, over HTTP or stdio.

    The control API asks for the bearer token in TOOLWORLD_TOKEN; without one it is open, on loopback only.

    Example: toolworld serve library --http 127.0.0.1:8765 --store episodes.sqlite
    """
    if stdio and http is not None:
        raise RolloutError("--stdio and --http are two ways to serve; choose one")
    if seed is not None and not stdio:
        raise RolloutError("--seed is for --stdio; over HTTP each episode is opened with its own")
    if stdio and Choice(environments).conformance:
        raise RolloutError(f"{CONFORMANCE} is served over HTTP only")
    if stdio and (host or answers != "auto" or memory != MEMORY):
        raise RolloutError("--host, --answers and --memory are for HTTP; they mean nothing to --stdio")
    for name in host or ():
        if not re.fullmatch(r"[A-Za-z0-9._:-]+", name):
            raise RolloutError(f"--host {name!r} is no name of a host, such as sim.example.org")
    choice = Choice(environments, faults=faults, trusted=trust)
    said = Modelling(simulator, tuple(simulate or ()), model, budget, prices, model_cache, at_once, model_seconds)
    start_logging(log)
    signal.signal(signal.SIGTERM, _leave)
    loop = {"use_uvloop": sys.platform != "win32"}
    with tracing():
        if stdio:
            anyio.run(_serve_stdio, choice, said, store, seed or 0, full)
        else:
            way = Way(http or DEFAULT, answers, tuple(host or ()))
            anyio.run(_serve_http, choice, said, way, store, full, memory << 20, backend_options=loop)


async def _serve_stdio(choice: Choice, said: Modelling, store: Path | None, seed: int, full: bool) -> None:
    async with opened(said, "serve", choice.trusted) as models:
        await _answer_stdio(await load_choice(choice, models.simulation), store, seed, full)


async def _answer_stdio(shelf: Shelf, store: Path | None, seed: int, full: bool) -> None:
    if len(shelf.runtimes) != 1:
        raise RolloutError("--stdio serves one environment; name just one, or serve them all over HTTP")
    async with open_episodes(shelf.runtimes, shelf.tasks, store, full) as episodes:
        [environment] = shelf.environments
        episode = await episodes.open(environment.id, seed)
        aside().print(f"toolworld: {environment.title} on stdio, episode {pseudonym(episode.row.id)} in logs")
        await serve_stdio(build_mcp_server(version("toolworld")), door_to(episode))


async def _serve_http(choice: Choice, said: Modelling, way: Way, store: Path | None, full: bool, memory: int) -> None:
    async with opened(said, "serve", choice.trusted) as models:
        try:
            await _answer_http(choice, said, models.simulation, way, store, full, memory)
        finally:
            show_costs(models.models.ledger.entries)


async def _answer_http(
    choice: Choice, said: Modelling, simulation: SimulationPlan, way: Way, store: Path | None, full: bool, memory: int
) -> None:
    token = os.environ.get("TOOLWORLD_TOKEN") or None
    conformance = choice.conformance
    choice = choice._replace(names=[name for name in choice.names if not (conformance and name == CONFORMANCE)])
    shelf = await load_choice(choice, simulation)
    listening = bind(way.address, token)
    host, port = listening.getsockname()[:2]
    any_host = not is_loopback(host) and not way.names
    async with open_episodes(shelf.runtimes, shelf.tasks, store, full, memory=memory) as episodes:
        base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        _announce(shelf, choice, said, conformance, base, store, token is None)
        app = build_app(episodes, token, way.names, any_host, way.answers, conformance)
        freeze_gc()
        await listen(app, listening)


def _leave(*_: object) -> NoReturn:
    """End in order: uvicorn raises the signal again when all requests are answered, and the store is still open."""
    sys.exit(0)


def _announce(
    shelf: Shelf, choice: Choice, said: Modelling, conformance: bool, base: str, store: Path | None, is_open: bool
) -> None:
    show = screen().print
    extra = [CONFORMANCE] if conformance else []
    show(f"[bold]toolworld[/] serves at {base}")
    ids = list(shelf.runtimes)
    for name in ids[:SHOWN]:
        environment = shelf.runtimes[name].environment
        tasks = sum(task.environment == name for task in shelf.tasks)
        show(f"  {name}: {environment.title}, {len(environment.tools)} tools, {tasks} tasks")
        show(f"    {base}/environments/{name}/mcp", soft_wrap=True)
    if len(ids) > SHOWN:
        show(f"  and {len(ids) - SHOWN:,} more (GET {base}/environments lists them)")
    for name in extra:
        show(f"  {name}: every feature of MCP, for clients and suites that test the protocol")
        show(f"    {base}/environments/{name}/mcp", soft_wrap=True)
    show("\nPaste into an MCP client's configuration:")
    by_url = {name: {"type": "http", "url": f"{base}/environments/{name}/mcp"} for name in (*ids[:SHOWN], *extra)}
    show(json.dumps({"mcpServers": by_url}, indent=2), soft_wrap=True, markup=False)
    if ids:
        show("or, for a client that starts its servers itself:")
        same = ["--faults", _absolute(choice.faults)] if choice.faults else []
        same += ["--trust"] if choice.trusted else []
        same += said.words
        same += ["--store", str(store.resolve())] if store else []
        command = {
            "command": str(Path(sys.argv[0]).resolve()),
            "args": ["serve", _absolute(choice.names[0]), "--stdio", *same],
        }
        show(json.dumps({"mcpServers": {ids[0]: command}}, indent=2), soft_wrap=True, markup=False)
    show(
        "\nA client that keeps an MCP session (handshake era) gets an episode of its own. Clients of the newer"
        "\nprotocol without credentials share one playground episode; open others with POST /episodes."
    )
    show(f"Episodes are kept in {store or 'memory, and are gone when this stops (see --store)'}.")
    show(f"Control API: {base}/openapi.json")
    if is_open:
        show("[yellow]TOOLWORLD_TOKEN is not set: the control API is open to everyone on this machine.[/]")
    show("[dim]Ctrl-C stops it.[/]")


def _absolute(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).exists() else name
