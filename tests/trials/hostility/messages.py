"""Messages, arguments, paths and headers that are wrong in every way."""

import json
import random
from typing import Any

from tests.support.served import TOKEN
from tests.support.wire import Reply, Wire
from tests.trials.hostility.sending import (
    TOOLS,
    WRONG,
    Attack,
    any_value,
    post,
    request,
    request_headers,
    right_message,
    send_alone,
)

_PARTS = ["..", "%2e%2e", "%2f", "%00", "episodes", "environments", "library", "mcp", "", ".", "%ff", "é", "x" * 300]
_QUERIES = ["after=%00", "limit=-1", "limit=99999999999999999999", "after=" + "x" * 5000, "&&&=="]


async def _flipped_bytes(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    body = bytearray(json.dumps(right_message(chance)).encode())
    for _ in range(chance.randrange(1, 9)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    if chance.random() < 0.3:
        body = body[: chance.randrange(len(body))]
    return await post(wire, f"/episodes/{chance.choice(victims)}/mcp", bytes(body), port)


async def _bad_messages(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    message = right_message(chance)
    for _ in range(chance.randrange(1, 3)):
        place: dict[str, Any] = chance.choice([message, message.get("params") or message])
        if type(place) is dict:
            key = chance.choice([*place, "extra", "inputResponses", "requestState"])
            place[key] = any_value(chance)
            if chance.random() < 0.2:
                del place[key]
    sent: Any = [message] * chance.randrange(4) if chance.random() < 0.1 else message
    return await post(wire, f"/episodes/{chance.choice(victims)}/mcp", json.dumps(sent).encode(), port)


async def _wrong_arguments(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    tool = chance.choice(TOOLS)
    wrong = {"patron_id": any_value(chance), "loan_id": 5, "amount": chance.choice([-1, "much", 10**400, None])}
    message = right_message(chance)
    message["params"] |= {"name": tool, "arguments": wrong if chance.random() < 0.8 else any_value(chance)}
    return await post(
        wire, f"/episodes/{chance.choice(victims)}/mcp", json.dumps(message).encode(), port, **{"mcp-name": tool}
    )


async def _deep(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    depth = int(10 ** chance.uniform(1, 4.9))
    opening, closing = chance.choice([("[", "]"), ('{"a":', "}")])
    nest = opening * depth + "1" + closing * depth
    around = json.dumps(right_message(chance))
    body = around.replace('"B2040"', nest) if chance.random() < 0.7 else nest
    path = chance.choice([f"/episodes/{chance.choice(victims)}/mcp", "/episodes"])
    return await post(wire, path, body.encode(), port)


async def _huge(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    size = int(10 ** chance.uniform(3, 6.3))
    letter = chance.choice(["x", "é", "\\u0000", "\\ud83d\\ude00", '\\"'])
    body = json.dumps(right_message(chance)).replace("B2040", letter * (size // len(letter)))
    return await post(wire, f"/episodes/{chance.choice(victims)}/mcp", body.encode(), port)


async def _wrong_ids(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    real = chance.choice(victims)
    name = chance.choice(
        [real[:-1], real.lower(), real[::-1], real + "x", "null", "0", "'; DROP TABLE episodes; --", "%"]
    )
    method = chance.choice(["POST", "GET", "DELETE", "PUT", "OPTIONS", "PATCH"])
    body = json.dumps(right_message(chance)).encode()
    quoted = name.replace(" ", "%20").replace("'", "%27").replace(";", "%3B")
    connection = chance.choice(["episodes", "environments"])
    return await wire.send(request(method, f"/{connection}/{quoted}/mcp", request_headers(port, len(body)), body))


async def _paths(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    path = "/" + "/".join(chance.choice(_PARTS) for _ in range(chance.randrange(1, 9)))
    if chance.random() < 0.3:
        path += "?" + chance.choice(_QUERIES)
    return await wire.send(request(chance.choice(["GET", "POST"]), path, request_headers(port, 0), b""))


async def _header_tricks(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    body = json.dumps(right_message(chance)).encode()
    name, value = chance.choice(
        [
            ("origin", "https://evil.example"),
            ("host", "evil.example"),
            ("host", ""),
            ("content-type", "text/plain"),
            ("content-type", "application/json; charset=utf-7"),
            ("accept", "image/png"),
            ("mcp-protocol-version", "1999-01-01"),
            ("mcp-protocol-version", "2025-06-18"),
            ("mcp-session-id", "x" * 3000),
            ("mcp-session-id", chance.choice(victims)),
            ("mcp-method", "tools/list"),
            ("mcp-name", "=?base64?!!!?="),
            ("transfer-encoding", "chunked"),
            ("content-length", "-5"),
            ("content-length", "99999999999"),
            ("content-length", str(chance.randrange(10**6))),
            ("x-forwarded-host", "evil.example\r\nx-injected: 1"),
            ("cookie", "c" * 70_000),
            ("derive_truth", "100-continue"),
            ("authorization", "Bearer " + "t" * 5000),
        ]
    )
    headers = {**request_headers(port, len(body)), name: value}
    # a promise of more bytes is waited for; not by us
    return await send_alone(port, request("POST", f"/episodes/{chance.choice(victims)}/mcp", headers, body))


async def _other_sessions(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """The handshake era at an environment's URL, with an episode's id as if it were a session's."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode()
    headers = {**request_headers(port, len(body)), "mcp-session-id": chance.choice(victims)}
    headers["mcp-protocol-version"] = "2025-11-25"
    reply = await wire.send(request(chance.choice(["POST", "DELETE"]), "/environments/library/mcp", headers, body))
    if reply.status == 200:
        return Reply(WRONG, b"", b"an episode's id was taken for a session's")
    return reply


async def _control_without_token(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    name = chance.choice(victims)
    path = chance.choice(["", "/state", "/log", "/diff", "/fork", "/verdict"])
    method = "POST" if path in ("/fork", "/verdict") else chance.choice(["GET", "DELETE"]) if not path else "GET"
    token = chance.choice(["", "Bearer ", "Bearer x", f"bearer {TOKEN}x", f"Basic {TOKEN[:9]}", "Bearer \xff"])
    headers = {**request_headers(port, 2), "authorization": token}
    reply = await wire.send(request(method, f"/episodes/{name}{path}", headers, b"{}"))
    if reply.status not in (0, 400, 401, 404, 405, 422):
        return Reply(WRONG, b"", f"let in without the token: {method} {path} {reply.status}".encode())
    return reply


async def _control_with_token(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Whoever runs the agents makes mistakes too; none of them may do harm."""
    name = chance.choice([*victims, "nobody"])
    method, path, body = chance.choice(
        [
            ("POST", "/episodes", {"environment": any_value(chance), "seed": any_value(chance)}),
            ("POST", "/episodes", {"environment": "library", "faults": any_value(chance)}),
            ("POST", "/episodes", {"environment": "library", "faults": {"name": "p", "transient": any_value(chance)}}),
            ("POST", "/episodes", {"task": any_value(chance)}),
            ("POST", f"/episodes/{name}/fork", {"step": any_value(chance) or 99}),
            ("POST", f"/episodes/{name}/verdict", {"answer": any_value(chance)}),
            ("GET", f"/episodes?limit={chance.randrange(-9, 1009)}&after={chance.choice(['a', '%00', '-'])}", None),
            ("GET", "/environments/..%2f..%2fetc", None),
            ("PUT", f"/episodes/{name}", {}),
        ]
    )
    sent = json.dumps(body).encode() if body is not None else b""
    headers = {**request_headers(port, len(sent)), "authorization": f"Bearer {TOKEN}"}
    reply = await wire.send(request(method, path, headers, sent))
    return Reply(reply.status, b"", b"" if reply.status < 300 else reply.body)


async def _garbage(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    return await send_alone(port, chance.randbytes(chance.randrange(1, 3000)) + b"\r\n\r\n")


MESSAGES: dict[str, Attack] = {
    "flipped_bytes": _flipped_bytes,
    "bad_messages": _bad_messages,
    "wrong_arguments": _wrong_arguments,
    "deep": _deep,
    "huge": _huge,
    "wrong_ids": _wrong_ids,
    "paths": _paths,
    "header_tricks": _header_tricks,
    "other_sessions": _other_sessions,
    "control_without_token": _control_without_token,
    "control_with_token": _control_with_token,
    "garbage": _garbage,
}
