"""Serving: over stdio, over HTTP in this process, or by several workers."""

import os
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from importlib.metadata import version

import anyio

from toolworld.cli.commands.serving.announcement import announce
from toolworld.cli.commands.serving.options import ServeOptions
from toolworld.cli.options.models import ModelOptions, OpenModels, open_chosen_models, show_costs
from toolworld.cli.options.suite import SuiteOptions, load_chosen_suite
from toolworld.cli.screen import plain, stderr_console, stdout_console
from toolworld.ground import UsageError, freeze_gc, task_group
from toolworld.rollout import ModelUser
from toolworld.server import (
    EpisodeStore,
    bind,
    build_app,
    build_mcp_server,
    build_nemo_gym,
    checked_token,
    connection_to,
    held_address,
    is_loopback,
    listen,
    open_episodes,
    open_store,
    pseudonym,
    run_workers,
    serve_stdio,
    wait_for_end_of_input,
)


async def serve_on_stdio(suite: SuiteOptions, models: ModelOptions, options: ServeOptions, seed: int) -> None:
    """Serve one environment, in an episode of its own, on stdin and stdout."""
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


async def serve_over_http(suite: SuiteOptions, models: ModelOptions, options: ServeOptions) -> None:
    """Serve over HTTP in this process, and print what models have cost in the end."""
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


async def serve_with_workers(suite: SuiteOptions, models: ModelOptions, options: ServeOptions) -> None:
    """Announce what is served, and let workers serve it."""
    token = _token(options)
    with held_address(options.address, token) as address:
        async with open_chosen_models(models, "serve", suite.trusted) as opened:
            loaded = await load_chosen_suite(suite, opened.simulation)
        async with open_store(options.store, options.full):  # made, or refused, before anybody asks for it
            pass
        announce(loaded, suite, models, options, f"http://{address}", token)
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
                announce(loaded, suite, models, options, base, token, for_nemo_gym)
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
