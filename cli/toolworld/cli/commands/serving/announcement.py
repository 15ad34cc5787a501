"""What `toolworld serve` says when it starts: where things are, and what to paste into an MCP client."""

import json
import socket
import sys
from pathlib import Path

from toolworld.cli.commands.serving.options import ServeOptions
from toolworld.cli.options.models import ModelOptions
from toolworld.cli.options.suite import SuiteOptions
from toolworld.cli.screen import plain, stdout_console
from toolworld.datasets import TaskSuite
from toolworld.server import is_database, shown_address

MAX_ANNOUNCED = 12
"""How many environments are announced one by one."""


def _announce_nemo_gym(listening: socket.socket | None) -> None:
    """Announce the port at which NeMo Gym's protocol is spoken."""
    if listening is not None:
        host, port = listening.getsockname()[:2]
        stdout_console().print(f"\nNeMo Gym: {host}:{port}, open to everyone on this machine")


def announce(
    loaded: TaskSuite,
    suite: SuiteOptions,
    models: ModelOptions,
    options: ServeOptions,
    base: str,
    token: str | None,
    for_nemo_gym: socket.socket | None = None,
) -> None:
    """Print where environments, episodes and the control API are.

    Args:
        loaded: What is served.
        suite: How it was named.
        models: The models that simulate, for the command that a client may start.
        options: How it is served.
        base: The server's address.
        token: What guards the control API.
        for_nemo_gym: The port at which NeMo Gym's protocol is spoken.
    """
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
