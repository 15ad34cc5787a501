"""`toolworld serve`: environments over MCP, for any client, with the lines to paste into one."""

import json
import os
import re
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.interrupt import hear_ctrl_c, leave_on_termination
from toolworld.cli.options.models import ModelOptions, OpenModels, open_chosen_models, show_costs
from toolworld.cli.options.observation import LOG_HELP, LogFormat, start_logging, tracing
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.options.types import (
    MODEL_NAMES,
    BudgetText,
    CacheFile,
    Environments,
    Faults,
    MaxTokens,
    ModelConcurrency,
    ModelName,
    ModelSeconds,
    PricesFile,
    Simulate,
    Simulator,
    StoreOption,
    Trust,
)
from toolworld.cli.screen import plain, stderr_console, stdout_console
from toolworld.datasets import TaskSuite
from toolworld.ground import UsageError, freeze_gc, task_group
from toolworld.llm import RetryPolicy
from toolworld.rollout import ModelUser
from toolworld.server import (
    EpisodeStore,
    ResponseMode,
    bind,
    build_app,
    build_mcp_server,
    build_nemo_gym,
    checked_token,
    connection_to,
    held_address,
    is_database,
    is_loopback,
    listen,
    open_episodes,
    open_store,
    pseudonym,
    run_workers,
    serve_stdio,
    shown_address,
    wait_for_end_of_input,
)

MEMORY_MIB = 512
MAX_ANNOUNCED = 12
"""How many environments are announced one by one."""
DEFAULT_ADDRESS = "127.0.0.1:8765"
MAX_WORKERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How episodes are kept, and how an HTTP server is reached and answers."""

    store: str | None
    full: bool
    address: str = DEFAULT_ADDRESS
    mode: ResponseMode = "auto"
    hosts: tuple[str, ...] = ()
    """Names of the server besides this machine's own."""
    open_to_all: bool = False
    """Whether clients without the token may open episodes at an environment's URL, within quotas."""
    nemo_gym: str | None = None
    """Where NeMo Gym's protocol is spoken."""
    memory: int = MEMORY_MIB << 20
    """Bytes for live episodes."""
    workers: int = 1
    """Processes that listen at the address."""
    is_worker: bool = False
    """Whether this process is one of several."""


def serve(
    environments: Environments,
    http: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help=f"Where to listen; by default {DEFAULT_ADDRESS}, port 0 takes a free one."
        ),
    ] = None,
    stdio: Annotated[bool, typer.Option("--stdio", help="Serve one environment on stdin and stdout instead.")] = False,
    store: StoreOption = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of the episode that --stdio opens.")] = None,
    faults: Faults = None,
    trust: Trust = False,
    memory: Annotated[int, typer.Option(min=1, metavar="MIB", help="Memory for live episodes.")] = MEMORY_MIB,
    answers: Annotated[
        ResponseMode, typer.Option(help="How calls are answered over HTTP: one JSON document, a stream, or as fits.")
    ] = "auto",
    host: Annotated[
        list[str] | None, typer.Option(help="A name that this server goes by, for requests through a proxy (repeat).")
    ] = None,
    open_to_all: Annotated[
        bool,
        typer.Option(
            "--open",
            help="With a token set, let clients without it open episodes at an environment's URL, within quotas.",
        ),
    ] = False,
    nemo_gym: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Speak NeMo Gym's protocol too, at a port of its own on this machine."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=MAX_WORKERS, help="Processes that share the address and the store.")
    ] = 1,
    as_worker: Annotated[str | None, typer.Option(hidden=True, help="The address that workers share.")] = None,
    log: Annotated[LogFormat, typer.Option(help=LOG_HELP)] = "off",
    simulator: Simulator = "auto",
    simulate: Simulate = None,
    model: ModelName = None,
    user: Annotated[
        str | None, typer.Option(help=f"A model that plays the users of tasks ({MODEL_NAMES}); else they are scripted.")
    ] = None,
    budget: BudgetText = None,
    prices: PricesFile = None,
    model_cache: CacheFile = None,
    model_concurrency: ModelConcurrency = 64,
    model_seconds: ModelSeconds = RetryPolicy.seconds,
    max_tokens: MaxTokens = None,
    full: Annotated[bool, typer.Option("--durable-full", help="Sync each commit, against loss of power.")] = False,
) -> None:
    """Serve environments over MCP: to any client, over HTTP or stdio.

    The control API asks for the bearer token in TOOLWORLD_TOKEN; without one it is open, on loopback only.

    Example: toolworld serve library --http 127.0.0.1:8765 --store episodes.sqlite
    """
    for_http = bool(host) or answers != "auto" or memory != MEMORY_MIB or nemo_gym is not None or open_to_all
    for_http = for_http or workers > 1
    _require_one_way(stdio=stdio, http=http, seed=seed, for_http=for_http)
    for name in host or ():
        if not re.fullmatch(r"[A-Za-z0-9._:-]+", name):
            raise UsageError(f"--host {name!r} is no name of a host, such as sim.example.org")
    if workers > 1:
        _require_sharing(store, nemo_gym)
    suite = SuiteOptions(tuple(environments), faults=faults, trusted=trust)
    models = ModelOptions(
        simulator=simulator,
        simulate=tuple(simulate or ()),
        model=model,
        budget=budget,
        prices=prices,
        cache=model_cache,
        concurrency=model_concurrency,
        seconds=model_seconds,
        max_tokens=max_tokens,
        user=user,
    )
    options = ServeOptions(
        store=store,
        full=full,
        address=as_worker or http or DEFAULT_ADDRESS,
        mode=answers,
        hosts=tuple(host or ()),
        open_to_all=open_to_all,
        nemo_gym=nemo_gym,
        memory=memory << 20,
        workers=workers,
        is_worker=as_worker is not None,
    )
    if workers > 1 and as_worker is None:
        hear_ctrl_c()
        anyio.run(_serve_with_workers, suite, models, options)
        return
    start_logging(log)
    leave_on_termination()
    with tracing():
        if stdio:
            anyio.run(_serve_stdio, suite, models, options, seed or 0)
        else:
            loop = {"use_uvloop": sys.platform != "win32"}
            anyio.run(_serve_http, suite, models, options, backend_options=loop)


def _require_one_way(*, stdio: bool, http: str | None, seed: int | None, for_http: bool) -> None:
    """Refuse options of one way to serve with the other.

    Raises:
        UsageError: they do not go together.
    """
    if stdio and http is not None:
        raise UsageError("--stdio and --http are two ways to serve; choose one")
    if seed is not None and not stdio:
        raise UsageError("--seed is for --stdio; over HTTP each episode is opened with its own")
    if stdio and for_http:
        raise UsageError(
            "--host, --answers, --memory, --open, --nemo-gym and --workers are for HTTP, and mean nothing to --stdio"
        )


def _require_sharing(store: str | None, nemo_gym: str | None) -> None:
    """Refuse workers that could not do the same work.

    Raises:
        UsageError: something would be another one in each worker.
    """
    if store is None:
        raise UsageError("--workers share a store, so that any of them answers for any episode; name one with --store")
    if nemo_gym is not None:
        raise UsageError("--nemo-gym is spoken by one process; leave out --workers")


async def _serve_stdio(suite: SuiteOptions, models: ModelOptions, options: ServeOptions, seed: int) -> None:
    async with (
        _store_of_models(models, options) as store,
        open_chosen_models(models, "serve", suite.trusted, shared=store) as opened,
    ):
        loaded = await load_chosen_suite(suite, opened.simulation)
        if len(loaded.runtimes) != 1:
            raise UsageError("--stdio serves one environment; name just one, or serve them all over HTTP")
        async with open_episodes(loaded.runtimes, loaded.tasks, store or options.store, full=options.full) as episodes:
            [environment] = loaded.environments
            episode = await episodes.open(environment.id, seed)
            name = pseudonym(episode.id)
            stderr_console().print(f"toolworld: {plain(environment.title)} on stdio, episode {name} in logs")
            await serve_stdio(build_mcp_server(version("toolworld")), connection_to(episode))


@asynccontextmanager
async def _store_of_models(models: ModelOptions, options: ServeOptions) -> AsyncGenerator[EpisodeStore | None]:
    """The store where models keep completions and what was spent in it; None where they do not."""
    if options.store is None or not models.names:
        yield None
        return
    async with open_store(options.store, options.full) as store:
        yield store


async def _serve_http(suite: SuiteOptions, models: ModelOptions, options: ServeOptions) -> None:
    async with (
        _store_of_models(models, options) as store,
        open_chosen_models(models, "serve", suite.trusted, shared=store) as opened,
    ):
        try:
            await _answer_http(suite, models, opened, options, store)
        finally:
            show_costs(opened.models.ledger.entries)


def _token(options: ServeOptions) -> str | None:
    """The token that guards the control API.

    Raises:
        UsageError: it cannot be sent, or there is none, and an option means nothing without one.
    """
    token = checked_token(os.environ.get("TOOLWORLD_TOKEN"))
    if options.open_to_all and token is None:
        raise UsageError("--open is for a server with TOOLWORLD_TOKEN set; without it everything is open on loopback")
    return token


async def _serve_with_workers(suite: SuiteOptions, models: ModelOptions, options: ServeOptions) -> None:
    """Announce what is served, and let workers serve it."""
    token = _token(options)
    with held_address(options.address, token) as address:
        async with open_chosen_models(models, "serve", suite.trusted) as opened:
            loaded = await load_chosen_suite(suite, opened.simulation)
        async with open_store(options.store, options.full):  # made, or refused, before anybody asks for it
            pass
        _announce(loaded, suite, models, options, f"http://{address}", token)
        stdout_console().print(f"{options.workers} workers share the address and the store.")
        verb, *words = sys.argv[1:]
        # -P: as for the command itself, files of the folder that it is started in are no modules
        python = [sys.executable, "-P", "-c", "from toolworld.cli import main; main()"]
        command = [*python, verb, "--as-worker", address, *words]
        await run_workers(command, options.workers, address, stderr_console().print)


async def _answer_http(
    suite: SuiteOptions,
    models: ModelOptions,
    opened: OpenModels,
    options: ServeOptions,
    store: EpisodeStore | None,
) -> None:
    token = _token(options)
    loaded = await load_chosen_suite(suite, opened.simulation)
    playing = opened.user
    make_user = None if playing is None else partial(ModelUser, playing)
    with bind(options.address, token, options.is_worker) as listening, _bind_nemo_gym(options) as for_nemo_gym:
        host, port = listening.getsockname()[:2]
        any_host = not is_loopback(host) and not options.hosts
        async with open_episodes(
            loaded.runtimes,
            loaded.tasks,
            store or options.store,
            full=options.full,
            memory=options.memory,
            make_user=make_user,
        ) as episodes:
            base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            if not options.is_worker:
                _announce(loaded, suite, models, options, base, token, for_nemo_gym)
            others = {for_nemo_gym: build_nemo_gym(episodes, options.hosts)} if for_nemo_gym else {}
            app = build_app(
                episodes,
                token,
                hosts=options.hosts,
                any_host=any_host,
                open_to_all=options.open_to_all,
                mode=options.mode,
            )
            freeze_gc()
            async with task_group() as tasks:
                stop = anyio.Event()
                if options.is_worker:
                    tasks.start_soon(wait_for_end_of_input, stop)
                await listen(app, listening, others, stop)
                tasks.cancel_scope.cancel()


def _bind_nemo_gym(options: ServeOptions) -> AbstractContextManager[socket.socket | None]:
    """Bind the address for NeMo Gym.

    Raises:
        UsageError: it is not on this machine: NeMo's client can carry no token.
    """
    if options.nemo_gym is None:
        return nullcontext()
    if not is_loopback(options.nemo_gym.rpartition(":")[0].strip("[]") or "localhost"):
        raise UsageError(
            f"--nemo-gym {options.nemo_gym}: NeMo Gym's client carries no token, so it is spoken to on this machine "
            "only, such as 127.0.0.1:8766; from elsewhere through a tunnel"
        )
    return bind(options.nemo_gym, None)


def _announce_nemo_gym(listening: socket.socket | None) -> None:
    """Announce the port at which NeMo Gym's protocol is spoken."""
    if listening is not None:
        host, port = listening.getsockname()[:2]
        stdout_console().print(f"\nNeMo Gym: {host}:{port}, open to everyone on this machine")


def _announce(
    loaded: TaskSuite,
    suite: SuiteOptions,
    models: ModelOptions,
    options: ServeOptions,
    base: str,
    token: str | None,
    for_nemo_gym: socket.socket | None = None,
) -> None:
    _announce_environments(loaded, base)
    needs_token = token is not None and not options.open_to_all
    _announce_configuration(loaded, suite, models, options, base, needs_token=needs_token)
    _announce_nemo_gym(for_nemo_gym)
    _announce_rest(options, base, is_open=token is None)


def _announce_environments(loaded: TaskSuite, base: str) -> None:
    show = stdout_console().print
    show(f"[bold]toolworld[/] serves at {base}")
    names = list(loaded.runtimes)
    for name in names[:MAX_ANNOUNCED]:
        environment = loaded.runtimes.environment(name)
        tasks = sum(task.environment == name for task in loaded.tasks)
        show(f"  {name}: {plain(environment.title)}, {len(environment.tools)} tools, {tasks} tasks")
        show(f"    {base}/environments/{name}/mcp", soft_wrap=True)
    if len(names) > MAX_ANNOUNCED:
        show(f"  and {len(names) - MAX_ANNOUNCED:,} more (GET {base}/environments lists them)")


def _announce_configuration(
    loaded: TaskSuite, suite: SuiteOptions, models: ModelOptions, options: ServeOptions, base: str, *, needs_token: bool
) -> None:
    """Print what goes into the configuration of an MCP client."""
    show = stdout_console().print
    names = list(loaded.runtimes)
    show("\nPaste into an MCP client's configuration:")
    headers = {"headers": {"Authorization": "Bearer ${TOOLWORLD_TOKEN}"}} if needs_token else {}
    by_url = {
        name: {"type": "http", "url": f"{base}/environments/{name}/mcp", **headers} for name in names[:MAX_ANNOUNCED]
    }
    show(json.dumps({"mcpServers": by_url}, indent=2), soft_wrap=True, markup=False)
    if not names:
        return
    show("or, for a client that starts its servers itself:")
    same = ["--faults", _absolute(suite.faults)] if suite.faults else []
    same += ["--trust"] if suite.trusted else []
    same += models.command_line
    same += ["--store", _absolute_store(options.store)] if options.store else []
    command = {
        "command": str(Path(sys.argv[0]).resolve()),
        "args": ["serve", _absolute(suite.names[0]), "--stdio", *same],
    }
    show(json.dumps({"mcpServers": {names[0]: command}}, indent=2), soft_wrap=True, markup=False)


def _announce_rest(options: ServeOptions, base: str, is_open: bool) -> None:
    show = stdout_console().print
    show(
        "\nA client that keeps an MCP session (handshake era) gets an episode of its own. Clients of the newer"
        "\nprotocol without credentials share one playground episode; open others with POST /episodes."
    )
    kept = options.store and plain(shown_address(options.store))
    show(f"Episodes are kept in {kept or 'memory, and are gone when this stops (see --store)'}.")
    show(f"Control API: {base}/openapi.json")
    if not is_open:
        show(f"Pages: {base}/view, for holders of the token")
    show(f"OpenEnv: {base}/environments/ID/openenv")
    if is_open:
        show("[yellow]TOOLWORLD_TOKEN is not set: the control API is open to everyone on this machine.[/]")
    show("[dim]Ctrl-C stops it.[/]")


def _absolute_store(store: str) -> str:
    return shown_address(store) if is_database(store) else str(Path(store).resolve())


def _absolute(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).exists() else name
