"""An OpenAI-compatible endpoint in a process of its own that answers quickly: for trials of what lies before it.

python -m tests.support.quick_endpoint PORT LATENCY

It answers each request with a problem, its solution and the markers around them; all follow from the digest of the
request, so that another request gets another problem. `GET /asked` tells how many it answered, and how many of them
were the same.
"""

import asyncio
import hashlib
import sys
from collections import Counter

import orjson

ASKED: Counter[bytes] = Counter()
_PARTS = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo", "ka", "lu")


def problem(asked: bytes) -> str:
    """A problem and its solution, different for different requests, and with few words in common."""
    draw = hashlib.sha512(asked).digest()
    words = ["".join(_PARTS[byte % 16] for byte in draw[at : at + 3]) for at in range(8, 62, 3)]
    one, other = int.from_bytes(draw[:2], "big"), int.from_bytes(draw[2:4], "big")
    return (
        f"INPUT: {' '.join(words[:9])} {one} {' '.join(words[9:13])} and {other} {' '.join(words[13:])}?\n"
        f"OUTPUT: {one} + {other} = {one + other}\n[RESULT]{one + other}[/RESULT]\n"
    )


class _Connection(asyncio.Protocol):
    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, rest = self._received.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            if len(rest) < length:
                return
            body, self._received = rest[:length], rest[length:]
            if head.startswith(b"GET"):
                self._send({"asked": sum(ASKED.values()), "again": sum(ASKED.values()) - len(ASKED)})
            else:
                ASKED[hashlib.sha256(body).digest()] += 1
                text = problem(body)
                usage = {"prompt_tokens": len(body) // 4, "completion_tokens": len(text) // 4}
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
                answer = {"id": "1", "choices": [choice], "usage": usage}
                asyncio.get_running_loop().call_later(self._latency, self._send, answer)

    def _send(self, answer: object) -> None:
        body = orjson.dumps(answer)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def _serve(port: int, latency: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(latency), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
