"""Frames: messages over a pipe, each with its length in four bytes before it."""

import os
import struct

HEADER_BYTES = 4


def write_frame(descriptor: int, message: bytes) -> None:
    """Write a message whole.

    Raises:
        OSError: the other end is closed.
    """
    rest = memoryview(struct.pack("<I", len(message)) + message)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class FrameReader:
    """Takes messages out of the bytes that come through a pipe; what belongs to the next one is kept for it."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._received = bytearray()

    def feed(self, data: bytes) -> None:
        """Add bytes that were read."""
        self._received += data

    def take(self) -> bytes | None:
        """The next message, if it is complete.

        Raises:
            ValueError: the message says that it is longer than is allowed.
        """
        if len(self._received) < HEADER_BYTES:
            return None
        (length,) = struct.unpack_from("<I", self._received)
        if length > self.max_bytes:
            raise ValueError(f"a message of {length:,} bytes")
        end = HEADER_BYTES + length
        if len(self._received) < end:
            return None
        message = bytes(self._received[HEADER_BYTES:end])
        del self._received[:end]
        return message


def read_frame(descriptor: int, reader: FrameReader) -> bytes | None:
    """Wait for the next message; None if the other end is closed."""
    while (message := reader.take()) is None:
        data = os.read(descriptor, 1 << 16)
        if not data:
            return None
        reader.feed(data)
    return message
