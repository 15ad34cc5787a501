"""Names, origins, credentials, ids and numbers that are nearly right, at every door."""

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
    expect,
    post,
    request,
    request_headers,
    right_message,
    send_alone,
)


async def _host_forms(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Names that are not this server's, whatever a careless parser takes them for."""
    ours = f"127.0.0.1:{port}"
    host = chance.choice(
        [
            f"evil.example@{ours}",
            f"{ours}@evil.example",
            f"evil.example#{ours}",
            f"{ours}/evil",
            f"{ours}?x",
            "evil.example",
            f"127.0.0.1.evil.example:{port}",
            f"[::ffff:8.8.8.8]:{port}",
            "localhost.evil",
            f"{ours}, evil.example",
            "\\localhost",
            f"user:pw@localhost:{port}",
            f"127.0.0.1:{port}:80",
            "127.0.0.1:x",
            "0x7f.1",
            "127.1",
            "[::1",
            "localhost%00",
        ]
    )
    body = json.dumps(right_message(chance)).encode()
    return await expect({400, 421}, post(wire, f"/episodes/{victims[0]}/mcp", body, port, host=host))


async def _origin_forms(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    origin = chance.choice(
        [
            "null",
            "https://evil.example",
            f"http://localhost:{port}@evil.example",
            f"http://evil.example/127.0.0.1:{port}",
            "",
            f"http://127.0.0.1:{port}/",
            f"http://user@127.0.0.1:{port}",
            f"file://127.0.0.1:{port}",
            f"http:127.0.0.1:{port}",
            "http://127.0.0.1.evil.example",
            f"http://localhost:{port} http://evil.example",
            "localhost",
            "//localhost",
        ]
    )
    body = json.dumps(right_message(chance)).encode()
    return await expect({403}, post(wire, f"/episodes/{victims[0]}/mcp", body, port, origin=origin))


async def _repeated_headers(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    body = json.dumps(right_message(chance)).encode()
    name = chance.choice(["host", "origin", "content-length"])
    value = {
        "host": "evil.example",
        "origin": "http://localhost",
        "content-length": str(len(body) + chance.choice([-1, 1])),
    }
    headers = "".join(
        f"{key}: {said}\r\n" for key, said in request_headers(port, len(body), origin="http://localhost").items()
    )
    sent = f"POST /episodes/{victims[0]}/mcp HTTP/1.1\r\n{headers}{name}: {value[name]}\r\n\r\n".encode() + body
    return await expect({0, 400}, send_alone(port, sent))


async def _bearer_forms(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """The token in forms that are none of RFC 6750; only the scheme may be in any case."""
    wrong = [
        TOKEN,
        f"Bearer{TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        "Bearer  ",
        f"Token {TOKEN}",
        f"Bearer {TOKEN} {TOKEN}",
        f"Bearer,{TOKEN}",
        f'Bearer "{TOKEN}"',
        f"Bearer \t{TOKEN}",
        f"Bearer {TOKEN.upper()}",
    ]
    right = [f"bearer {TOKEN}", f"BEARER {TOKEN}", f"Bearer   {TOKEN}"]
    is_right = chance.random() < 0.2
    headers = {**request_headers(port, 0), "authorization": chance.choice(right if is_right else wrong)}
    asked = wire.send(request("GET", f"/episodes/{victims[0]}", headers, b""))
    reply = await expect({200} if is_right else {401}, asked)
    return Reply(reply.status, b"", b"") if is_right and reply.status == 200 else reply


async def _opening_without_token(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Episodes are opened by whoever holds the token, at every door."""
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "0"}},
    }
    sent: dict[str, Any] = chance.choice([initialize, right_message(chance)])
    body, more = json.dumps(sent).encode(), {"authorization": chance.choice(["", "Bearer x", "Bearer open"])}
    if sent is initialize:
        more["mcp-protocol-version"] = ""
    path = chance.choice(["/environments/library/mcp", "/episodes", "/environments/library/openenv/mcp"])
    return await expect({400, 401}, post(wire, path, body, port, **more))


async def _slashes(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """A slash at the end changes nothing."""
    body = json.dumps(right_message(chance)).encode()
    path = f"/episodes/{chance.choice(victims)}/mcp" + "/" * chance.randrange(1, 40)
    return await expect({200}, post(wire, path, body, port))


async def _plain_calls(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    name = chance.choice(TOOLS)
    sent: dict[str, Any] = {"name": name, "arguments": {"patron_id": "B2040"}}
    sent[chance.choice(["name", "arguments", "step", "extra"])] = any_value(chance)
    if name != "get_patron":
        sent["arguments"] = any_value(chance)
    return await post(wire, f"/episodes/{chance.choice(victims)}/calls", json.dumps(sent).encode(), port)


async def _large_refused(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Arguments that are refused, and of which neither the answer nor the log may keep much."""
    size = int(10 ** chance.uniform(4, 5.9))
    wrong = chance.choice(
        [
            {"patron_id": ["x" * size]},
            {"x" * size: 1},
            {"patron_id": {"a": "y" * size}},
            {"patron_id": 5, "z": "z" * size},
        ]
    )
    sent = json.dumps({"name": "get_patron", "arguments": wrong}).encode()
    reply = await expect({200}, post(wire, f"/episodes/{chance.choice(victims)}/calls", sent, port))
    return Reply(WRONG, b"", f"an answer of {len(reply.body)} bytes".encode()) if len(reply.body) > 8_000 else reply


async def _words_for_the_user(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """The victims have no task, so that there is nobody to speak to."""
    sent = chance.choice([{"said": "hello"}, {"said": any_value(chance)}, {"said": "x" * 30_000}, any_value(chance)])
    path = f"/episodes/{chance.choice(victims)}/user"
    return await expect({400, 401, 404, 409, 422}, post(wire, path, json.dumps(sent).encode(), port))


async def _user_side(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """The agent must not become the user."""
    path = f"/episodes/{chance.choice(victims)}/user/{chance.choice(['mcp', 'calls', 'tools', 'mcp/', '../user/mcp'])}"
    body = json.dumps(right_message(chance)).encode()
    if chance.random() < 0.3:
        return await expect({401, 404, 405}, wire.send(request("GET", path, request_headers(port, 0), b"")))
    return await expect({401, 404, 405}, post(wire, path, body, port))


async def _openenv_rpc(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """With the token, and nothing else that is right."""
    method = chance.choice(["openenv/session/close", "tools/list", "tools/call", "no/such", "", 5, None])
    sent = {"jsonrpc": "2.0", "id": any_value(chance), "method": method, "params": any_value(chance)}
    path = (
        f"/environments/library/openenv/{chance.choice(['mcp', 'library/task', 'library/tasks', 'library/task_range'])}"
    )
    reply = await post(wire, path, json.dumps(sent).encode(), port, authorization=f"Bearer {TOKEN}")
    return Reply(reply.status, b"", b"" if reply.status < 300 else reply.body)


async def _handshake_messages(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """The older era at an episode's URL, with cancellations of what nobody asked."""
    message = right_message(chance)
    message["params"].pop("_meta")
    kind = chance.choice(["call", "cancel", "ping", "odd"])
    if kind == "cancel":
        message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": any_value(chance)}}
    elif kind == "ping":
        message = {"jsonrpc": "2.0", "id": any_value(chance), "method": chance.choice(["ping", "resources/list", "x"])}
    elif kind == "odd":
        message["id"] = any_value(chance)
    version = chance.choice(["2025-11-25", "2025-06-18", "2024-11-05", ""])
    return await post(
        wire,
        f"/episodes/{chance.choice(victims)}/mcp",
        json.dumps(message).encode(),
        port,
        **{"mcp-protocol-version": version},
    )


async def _steps_and_forks(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Numbers that are no steps, in every place that takes one."""
    number = chance.choice([-1, 2**31, 2**53, 2**63, 2**64, 1.5, "1", None, True, [], 1e308, 10**30])
    name = chance.choice(victims)
    path, sent = chance.choice(
        [
            (f"/episodes/{name}/calls", {"name": "get_patron", "arguments": {"patron_id": "B2040"}, "step": number}),
            (f"/episodes/{name}/user", {"said": "x", "exchange": number}),
            (f"/episodes/{name}/fork", {"step": number if number is not None else -5}),
            ("/episodes", {"environment": "library", "seed": number, "count": -1}),
            ("/episodes", {"environment": "library", "count": number if number is not None else 0, "seed": -1}),
        ]
    )
    reply = await post(wire, path, json.dumps(sent).encode(), port, authorization=f"Bearer {TOKEN}")
    return Reply(reply.status, b"", b"" if reply.status < 300 else reply.body)


async def _chunks(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Chunked bodies with wrong lengths, extensions and trailers."""
    body = json.dumps(right_message(chance)).encode()
    size = chance.choice(
        [
            f"{len(body):x}",
            f"{len(body):X};x=y",
            f"0{len(body):x}",
            "-1",
            "ffffffffffffffffff",
            "g",
            f"{len(body) + 3:x}",
        ]
    )
    end = chance.choice(["0\r\n\r\n", "0\r\nx-trailer: 1\r\n\r\n", "0\r\nhost: evil.example\r\n\r\n", "\r\n"])
    headers = {name: value for name, value in request_headers(port, 0).items() if name != "content-length"}
    sent = request("POST", f"/episodes/{victims[0]}/mcp", {**headers, "transfer-encoding": "chunked"}, b"")
    return await send_alone(port, sent + f"{size}\r\n".encode() + body + b"\r\n" + end.encode())


async def _many_at_once(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Many requests in one packet, of which the first answer is read and the others are not."""
    body = json.dumps(right_message(chance)).encode()
    one = request("POST", f"/episodes/{victims[0]}/mcp", request_headers(port, len(body)), body)
    return await send_alone(port, one * chance.randrange(2, 60))


DOORS: dict[str, Attack] = {
    "host_forms": _host_forms,
    "origin_forms": _origin_forms,
    "repeated_headers": _repeated_headers,
    "bearer_forms": _bearer_forms,
    "opening_without_token": _opening_without_token,
    "slashes": _slashes,
    "plain_calls": _plain_calls,
    "large_refused": _large_refused,
    "words_for_the_user": _words_for_the_user,
    "user_side": _user_side,
    "openenv_rpc": _openenv_rpc,
    "handshake_messages": _handshake_messages,
    "steps_and_forks": _steps_and_forks,
    "chunks": _chunks,
    "many_at_once": _many_at_once,
}
