"""Listening on an address, with errors in a sentence."""

import logging
import socket
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import anyio
import uvicorn
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp, Receive, Scope, Send

from toolworld.ground import BindError, os_reason, task_group
from toolworld.server.http.bounded_protocol import BoundedHttpProtocol
from toolworld.server.http.connections import Connections, most_connections
from toolworld.server.security.origin import is_loopback
from toolworld.server.viewer.stopping import STOPPING

MAX_MESSAGE_BYTES = 1 << 20
"""Maximum size of a message on a WebSocket."""
_NO_OTHERS: Mapping[socket.socket, ASGIApp] = MappingProxyType({})


def bind(address: str, token: str | None, shared: bool = False) -> socket.socket:
    """Bind a `HOST:PORT`; port 0 takes a free one.

    Args:
        address: The address.
        token: What guards the control API; None leaves it open.
        shared: Whether other processes of the same user may listen at it too.

    Raises:
        BindError: it is no address, it is taken, or it is not loopback and there is no token.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise BindError(f"{address!r} is not HOST:PORT, such as 127.0.0.1:8765")
    if token is None and not is_loopback(host):
        raise BindError(
            f"without TOOLWORLD_TOKEN the control API is open, so {host} cannot be listened on, only loopback"
        )
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: 40 ms a call otherwise.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, int(port)))
    except OSError as problem:
        listening.close()
        raise BindError(f"cannot listen on {address}: {os_reason(problem)}") from None
    return listening


async def listen(
    app: ASGIApp,
    listening: socket.socket,
    others: Mapping[socket.socket, ASGIApp] = _NO_OTHERS,
    stop: anyio.Event | None = None,
) -> None:
    """Serve an application on a bound socket until the process is told to stop.

    Args:
        app: The application.
        listening: Its socket.
        others: Further applications, by their sockets.
        stop: Ends it as well.
    """
    by_address = {other.getsockname()[:2]: of_its_own for other, of_its_own in others.items()}

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        scope[STOPPING] = lambda: server.should_exit
        await by_address.get(tuple(scope.get("server") or ()), app)(scope, receive, send)

    AppStatus.disable_automatic_graceful_drain()  # a stream ends with its call, not with the first signal
    config = uvicorn.Config(
        chosen,
        http=partial(BoundedHttpProtocol, waiting=Connections(most_connections())),  # type: ignore[arg-type]
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # a small message could become a large one
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(config)
    for handler in logging.getLogger().handlers:  # a second Ctrl-C aborts what is left, which is no error to log
        handler.addFilter(lambda record: not server.force_exit)
    async with task_group() as tasks:
        if stop is not None:
            tasks.start_soon(_stop_after, stop, server)
        await server.serve(sockets=[listening, *others])
        tasks.cancel_scope.cancel()


async def _stop_after(stop: anyio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True
