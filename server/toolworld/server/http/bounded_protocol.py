"""HTTP/1.1 with a bound on what a client may send before its request is whole, in bytes and in time.

uvicorn's own protocol takes headers of any length, and each piece of an endless one costs more than the last.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 << 10
"""Maximum size of a request line with its headers."""
MAX_BODY_BYTES = 32 << 20
"""Maximum size of what follows it, chunk lengths and trailers included; the application allows a body much less."""
HEAD_SECONDS = 20.0
"""Maximum time for them to arrive, from the connection or the first byte of a further request."""
BODY_SECONDS = 120.0
"""Maximum time for a body to arrive."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which refuses a head that is too long (431) and hangs up on one that takes too long."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_in_head = True
        self._head_bytes = 0
        self._heads = 0
        self._body_bytes = self._trailer_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._is_upgraded = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; of a head no more than is allowed."""
        while data and self._is_in_head and not self._is_done:
            if self._deadline is None:
                self._wait(HEAD_SECONDS)
            piece, data, heads = data[:MAX_HEAD_BYTES], data[MAX_HEAD_BYTES:], self._heads
            super().data_received(piece)
            # where a head ended in the piece, most of the piece was not of the one that goes on now
            self._head_bytes = self._head_bytes + len(piece) if self._heads == heads else 0
            if self._is_in_head and self._head_bytes > MAX_HEAD_BYTES:
                self._refuse_head()
                return
        while data and not self._is_done:  # in pieces, so that a refusal is noticed soon
            piece, data = data[:MAX_HEAD_BYTES], data[MAX_HEAD_BYTES:]
            self._body_bytes += len(piece)
            if self._body_bytes > MAX_BODY_BYTES:
                self._hang_up()
                return
            super().data_received(piece)
        if data and self._is_upgraded:  # came with the request: it is the WebSocket's already
            self.transport.get_protocol().data_received(data)  # type: ignore[union-attr, attr-defined]

    @property
    def _is_done(self) -> bool:
        """Whether nothing more is read here: it hung up, or the connection is a WebSocket now."""
        return self._is_upgraded or self.transport.is_closing()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to a WebSocket, which has limits of its own."""
        self._is_upgraded = True
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        """Begin to wait for the body."""
        self._is_in_head, self._body_bytes, self._trailer_bytes = False, 0, 0
        self._heads += 1
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, of which there is no end in sight as long as a client sends more."""
        if not self._is_in_head:
            self._trailer_bytes += len(name) + len(value) + 4
            if self._trailer_bytes > MAX_HEAD_BYTES:
                self._hang_up()
            return  # nobody asks for trailers
        super().on_header(name, value)

    def on_message_complete(self) -> None:
        """The request is whole; what comes next is another head."""
        self._is_in_head = True
        self._stop_waiting()
        super().on_message_complete()

    def _refuse_head(self) -> None:
        said = f"the headers are larger than {MAX_HEAD_BYTES >> 10} KiB".encode()
        head = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\nconnection: close\r\n"
        self.transport.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(said), said))
        self.transport.close()

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._hang_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()
