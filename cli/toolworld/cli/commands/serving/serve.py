"""`toolworld serve`: environments over MCP, for any client, with the lines to paste into one."""

import re
import sys
from typing import Annotated

import anyio
import typer

from toolworld.cli.commands.serving.options import DEFAULT_ADDRESS, MEMORY_MIB, ServeOptions
from toolworld.cli.commands.serving.server import serve_on_stdio, serve_over_http, serve_with_workers
from toolworld.cli.interrupt import hear_ctrl_c, leave_on_termination
from toolworld.cli.options.models import ModelOptions
from toolworld.cli.options.observation import LOG_HELP, LogFormat, start_logging, tracing
from toolworld.cli.options.suite import SuiteOptions
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
from toolworld.ground import UsageError
from toolworld.llm import RetryPolicy
from toolworld.server import ResponseMode

MAX_WORKERS = 64


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
        anyio.run(serve_with_workers, suite, models, options)
        return
    start_logging(log)
    leave_on_termination()
    with tracing():
        if stdio:
            anyio.run(serve_on_stdio, suite, models, options, seed or 0)
        else:
            loop = {"use_uvloop": sys.platform != "win32"}
            anyio.run(serve_over_http, suite, models, options, backend_options=loop)


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
