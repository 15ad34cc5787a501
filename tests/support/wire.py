"""HTTP by hand on one kept connection: fast, and able to send what no library would."""

import json
from types import TracebackType
from typing import Any, NamedTuple, Self

import anyio
from anyio.abc import SocketStream

MODERN: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Reply(NamedTuple):
    """What came back; status 0 if the connection was closed without an answer."""

    status: int
    headers: bytes
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection to a server, opened anew when it was closed."""

    def __init__(self, port: int, token: str | None = None, retry_policy: float = 30) -> None:
        self._port = port
        self._token = token
        self.retry_policy = retry_policy
        self._stream: SocketStream | None = None
        self._left = b""

    async def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Send a well-formed request."""
        content = b"" if body is None else json.dumps(body).encode()
        given = {"host": f"127.0.0.1:{self._port}", "content-length": str(len(content)), **(headers or {})}
        if content:
            given.setdefault("content-type", "application/json")
        if self._token:
            given.setdefault("authorization", f"Bearer {self._token}")
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        return await self.send(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content)

    async def call(self, episode: str, tool: str, arguments: Any, **meta: Any) -> Reply:
        """Call a tool at an episode's URL, in the modern era."""
        params = {"name": tool, "arguments": arguments, "_meta": {**MODERN, **meta}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return await self.ask("POST", f"/episodes/{episode}/mcp", message, mcp_headers("tools/call", tool))

    async def send(self, data: bytes) -> Reply:
        """Send bytes and read one answer."""
        try:
            with anyio.fail_after(self.retry_policy):
                if self._stream is None:
                    self._stream = await anyio.connect_tcp("127.0.0.1", self._port)
                await self._stream.send(data)
                return await self._read()
        except TimeoutError:
            await self.close()
            raise
        except (OSError, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, ValueError):
            await self.close()
            return Reply(0, b"", b"")

    async def _read(self) -> Reply:
        head = await self._until(b"\r\n\r\n")
        status, _, headers = head.partition(b"\r\n")
        lower = headers.lower()
        body = b""
        if b"content-length:" in lower:
            length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
            body = await self._exactly(length)
        elif b"transfer-encoding: chunked" in lower:
            body = await self._chunks()
        if b"connection: close" in lower:
            await self.close()
        return Reply(int(status.split()[1]), headers, body)

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._until(b"\r\n"), 16):
            body += await self._exactly(size)
            await self._until(b"\r\n")
        await self._until(b"\r\n")
        return body

    async def _until(self, mark: bytes) -> bytes:
        while mark not in self._left:
            self._left += await self._more()
        found, _, self._left = self._left.partition(mark)
        return found

    async def _exactly(self, length: int) -> bytes:
        while len(self._left) < length:
            self._left += await self._more()
        found, self._left = self._left[:length], self._left[length:]
        return found

    async def _more(self) -> bytes:
        assert self._stream is not None
        return await self._stream.receive()

    async def close(self) -> None:
        """Close the connection; the next request opens another."""
        stream, self._stream, self._left = self._stream, None, b""
        if stream is not None:
            with anyio.CancelScope(shield=True):
                await anyio.aclose_forcefully(stream)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def mcp_headers(method: str, name: str | None = None) -> dict[str, str]:
    """The headers of a modern request."""
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28"}
    return {**headers, "mcp-method": method, **({"mcp-name": name} if name else {})}
