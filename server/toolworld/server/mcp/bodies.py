"""Bodies of requests: read up to a bound, and given again to whoever reads them next."""

from starlette.requests import Request
from starlette.types import Message, Receive, Scope

from toolworld.ground import EncodingError, JsonObject, decode


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes | None:
    """Read a body; None if it is longer than allowed."""
    parts: list[bytes] = []
    size = 0
    async for part in Request(scope, receive).stream():
        size += len(part)
        if size > most:
            return None
        parts.append(part)
    return b"".join(parts)


def with_body(body: bytes, receive: Receive) -> Receive:
    """A receive function that gives a body which was read already, and then goes on."""
    left = [body]

    async def replayed() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replayed


def as_object(body: bytes) -> JsonObject:
    """The JSON object in a body; an empty one where there is none."""
    try:
        message = decode(body)
    except EncodingError:
        return {}
    return message if isinstance(message, dict) else {}
