"""HTTP/1.1 with bounds on what a client may send before its request is whole, in bytes and in time, and on how long it
may leave an answer unread.

uvicorn's own protocol takes headers of any length, and each piece of an endless one costs more than the last.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from toolworld.server.http.connections import MAX_CONNECTIONS, Connections

MAX_HEAD_BYTES = 64 << 10
"""Maximum size of a request line with its headers."""
MAX_BODY_BYTES = 32 << 20
"""Maximum size of what follows it, chunk lengths and trailers included; the application allows a body much less."""
HEAD_SECONDS = 20.0
"""Maximum time for them to arrive, from the connection or the first byte of a further request."""
BODY_SECONDS = 120.0
"""Maximum time for a body to arrive."""
MAX_PIPELINED = 16
"""Of how many requests of a connection the answers may be outstanding before the next one is read."""
PIECE_BYTES = 4 << 10
"""How much is parsed at once: a piece may hold many requests."""
READ_SECONDS = 60.0
"""Maximum time in which a client reads nothing of an answer that waits for it."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which refuses a head that is too long (431) and hangs up on one that takes too long.

    Args:
        waiting: The connections of this server that wait for a request; by default its own alone.
        options: Of uvicorn's protocol.
    """

    def __init__(self, *, waiting: Connections | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._waiting = waiting or Connections(MAX_CONNECTIONS)
        self._is_in_head = True
        self._head_bytes = 0
        self._heads = 0
        self._body_bytes = self._trailer_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._is_upgraded = False
        self._cycles: list[RequestResponseCycle] = []
        self._unparsed = b""
        """What was received while too many answers were outstanding."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)
        self._waiting.wait(self)
        self._waiting.make_room(self.connections, self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        self._stop_unread()
        self._waiting.stop_waiting(self)
        for cycle in self._cycles:  # uvicorn tells only the last request that nobody waits for its answer any more
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)
        self._cycles.clear()
        self.pipeline.clear()

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not read."""
        super().pause_writing()
        self._waiting.wait(self)
        self._unread = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting: the client has read."""
        self._stop_unread()
        self._waiting.stop_waiting(self)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; one that does not take the rest of its answer is not waited for."""
        super().timeout_keep_alive_handler()
        self._unread = self._unread or self.loop.call_later(READ_SECONDS, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Take bytes, in pieces, so that a bound is noticed soon after it is reached."""
        if self._unparsed:
            self._unparsed += data
            return
        while data and not self._is_done:
            if self._is_in_head and self._outstanding() >= MAX_PIPELINED:
                self._unparsed = data
                self.flow.pause_reading()
                return
            piece, data = data[:PIECE_BYTES], data[PIECE_BYTES:]
            if not self._take(piece):
                return
        if data and self._is_upgraded:  # came with the request: it is the WebSocket's already
            self.transport.get_protocol().data_received(data)  # type: ignore[union-attr, attr-defined]

    def _take(self, piece: bytes) -> bool:
        """Parse a piece of a head or a body; False where one has become longer than is allowed."""
        heads = self._heads
        if not self._is_in_head:
            self._body_bytes += len(piece)
            self._waiting.wait(self)  # it goes on, so that it has not waited longest
            if self._body_bytes > MAX_BODY_BYTES:
                self.hang_up()
                return False
        elif self._deadline is None:
            self._wait(HEAD_SECONDS)
        super().data_received(piece)
        # where a head ended in the piece, most of the piece was not of the one that goes on now
        self._head_bytes = self._head_bytes + len(piece) if self._is_in_head and self._heads == heads else 0
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()
            return False
        return True

    def _outstanding(self) -> int:
        """Count the requests whose answer is not complete, and forget the others."""
        self._cycles = [cycle for cycle in self._cycles if not cycle.response_complete]
        return len(self._cycles)

    @property
    def _is_done(self) -> bool:
        """Whether nothing more is read here: it hung up, or the connection is a WebSocket now."""
        return self._is_upgraded or self.transport.is_closing()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to a WebSocket, which has limits of its own."""
        self._is_upgraded = True
        self._stop_waiting()
        self._waiting.stop_waiting(self)
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        """Begin to wait for the body."""
        if self.transport.is_closing():
            return
        self._is_in_head, self._body_bytes, self._trailer_bytes = False, 0, 0
        self._heads += 1
        self._wait(BODY_SECONDS)
        super().on_headers_complete()
        if not self._is_upgraded:
            self._cycles.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, of which there is no end in sight as long as a client sends more."""
        if not self._is_in_head:
            self._trailer_bytes += len(name) + len(value) + 4
            if self._trailer_bytes > MAX_HEAD_BYTES:
                self.hang_up()
            return  # nobody asks for trailers
        super().on_header(name, value)

    def on_message_complete(self) -> None:
        """The request is whole; what comes next is another head."""
        if self.transport.is_closing() and not self._is_upgraded:
            return
        self._is_in_head = True
        self._stop_waiting()
        self._waiting.stop_waiting(self)
        super().on_message_complete()

    def _refuse_head(self) -> None:
        said = f"the headers are larger than {MAX_HEAD_BYTES >> 10} KiB".encode()
        head = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain\r\nconnection: close\r\n"
        self.transport.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(said), said))
        self.transport.close()

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self.hang_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_response_complete(self) -> None:
        """Begin to wait for another request on this connection."""
        super().on_response_complete()
        if self._unparsed and self._outstanding() < MAX_PIPELINED:
            data, self._unparsed = self._unparsed, b""
            self.data_received(data)
        if self._unparsed:
            self.flow.pause_reading()
        if not self.transport.is_closing() and self.cycle.response_complete:
            self._waiting.wait(self)

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def hang_up(self) -> None:
        """Close the connection at once, whatever of an answer was not taken."""
        self._deadline = None
        self.transport.abort()
