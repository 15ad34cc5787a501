"""A proxy that loses answers: the server has done what was asked, and its client never hears of it."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import anyio
import anyio.abc


class CuttingProxy:
    """Passes requests on, and cuts the connection in place of every second answer.

    Args:
        url: Of the server behind it.
    """

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._host, self._port = place.hostname or "", place.port or 0
        self.answers = 0
        """Answers that came from the server, passed on or lost."""
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Listen on a port of its own."""
        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as tasks,
        ):
            port: int = listener.extra(anyio.abc.SocketAttribute.local_port)
            self.url = f"http://127.0.0.1:{port}"
            tasks.start_soon(listener.serve, self._serve)
            yield
            tasks.cancel_scope.cancel()

    async def _serve(self, client: anyio.abc.SocketStream) -> None:
        async with client, await anyio.connect_tcp(self._host, self._port) as server:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_pass_on, client, server, tasks.cancel_scope)
                answer = b""
                async for part in server:
                    answer += part
                    if not is_whole(answer):
                        continue
                    self.answers += 1
                    if self.answers % 2:
                        break
                    await client.send(answer)
                    answer = b""
                tasks.cancel_scope.cancel()


async def _pass_on(client: anyio.abc.SocketStream, server: anyio.abc.SocketStream, scope: anyio.CancelScope) -> None:
    try:
        async for part in client:
            await server.send(part)
    except anyio.BrokenResourceError:
        pass
    scope.cancel()


def is_whole(answer: bytes) -> bool:
    """Whether an HTTP answer is there in full, by its length."""
    head, end, body = answer.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head)
    return bool(end) and len(body) >= (int(found[1]) if found else 0)
