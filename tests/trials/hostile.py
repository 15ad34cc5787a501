"""Hostile inputs over a real socket: no crash, no 5xx, no change of state, and nothing of others in an answer."""

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.support.served import TOKEN, Served
from tests.support.wire import MODERN, Reply, Wire, mcp_headers

CONNECTIONS = 16
VICTIMS = 8
MAY_BE_CUT_OFF = {"garbage", "header_tricks", "paths", "control_without_token"}
"""What may be no HTTP at all, which a server may leave unanswered."""
FORBIDDEN = (b"Traceback", b"site-packages", b"/toolworld/", b'File "', TOKEN.encode())


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    sent: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[int] = field(default_factory=Counter[int])
    faults: list[str] = field(default_factory=list[str])


async def be_hostile(folder: Path, inputs: int, seed: int = 0, say: Any = print) -> Findings:
    """Send hostile inputs, and hold the victims' episodes against what they were."""
    findings = Findings()
    with Served(["library"], folder / "hostile.sqlite", folder / "hostile.log") as server:
        async with Wire(server.port, TOKEN) as wire:
            opened = [(await wire.ask("POST", "/episodes", {"environment": "library"})).json for _ in range(VICTIMS)]
            victims = [one["id"] for one in opened]
            before = [(await wire.ask("GET", f"/episodes/{name}")).json["digest"] for name in victims]
            turns = iter(range(inputs))

            async def attack() -> None:
                async with Wire(server.port, retry_policy=60) as own:
                    for turn in turns:
                        await _one(own, random.Random(f"{seed}/{turn}"), victims, server.port, findings)
                        if findings.sent % 10_000 == 0:
                            say(f"{findings.sent} sent, {len(findings.faults)} faults")

            async with anyio.create_task_group() as tasks:
                for _ in range(CONNECTIONS):
                    tasks.start_soon(attack)
            if not server.alive:
                findings.faults.append("the server is dead")
                return findings
            await wire.close()  # it was idle for so long that the server has closed it
            for name, digest in zip(victims, before, strict=True):
                if (await wire.ask("GET", f"/episodes/{name}")).json["digest"] != digest:
                    findings.faults.append(f"the state of {name} has changed")
            if (await wire.ask("GET", "/healthz")).status != 200:
                findings.faults.append("the server is not healthy")
    log = (folder / "hostile.log").read_text()
    if "Traceback" in log:
        findings.faults.append(f"a traceback in the log: {log[log.index('Traceback') :][:6000]}")
    return findings


async def _one(wire: Wire, chance: random.Random, victims: list[str], port: int, findings: Findings) -> None:
    kind = chance.choice(sorted(_KINDS))
    try:
        reply = await _KINDS[kind](wire, chance, victims, port)
    except TimeoutError:
        findings.faults.append(f"{kind}: no answer for {wire.retry_policy} seconds")
        return
    findings.sent += 1
    findings.kinds[kind] += 1
    findings.statuses[reply.status] += 1
    if reply.status == 0 and kind not in MAY_BE_CUT_OFF:
        findings.faults.append(f"{kind}: the connection was closed without an answer")
    if reply.status >= 500:
        findings.faults.append(f"{kind}: status {reply.status}: {reply.body[:200]!r}")
    for word in FORBIDDEN:
        if word in reply.body or word in reply.headers:
            findings.faults.append(f"{kind}: the answer holds {word!r}: {reply.body[:200]!r}")
    if kind != "wrong_ids" and any(name.encode() in reply.body for name in victims):
        findings.faults.append(f"{kind}: the answer names an episode: {reply.body[:200]!r}")


_TEXTS = ["", "\x00", "\ud800", "é" * 99, "B2040", "../..", "{}"]
_SIMPLE: list[Any] = [None, True, -1, 0, 2**63, 2**64, -(2**70), 1e308, 0.1, *_TEXTS]
_TOOLS = ["get_patron", "update_contact", "pay_charge", "renew_loan", "search_catalogue", "no_such_tool"]
_PARTS = ["..", "%2e%2e", "%2f", "%00", "episodes", "environments", "library", "mcp", "", ".", "%ff", "é", "x" * 300]
_QUERIES = ["after=%00", "limit=-1", "limit=99999999999999999999", "after=" + "x" * 5000, "&&&=="]


def _message(chance: random.Random) -> dict[str, Any]:
    """A message that is all right: only ever a read."""
    params = {"name": "get_patron", "arguments": {"patron_id": "B2040"}, "_meta": MODERN}
    return {"jsonrpc": "2.0", "id": chance.randrange(99), "method": "tools/call", "params": params}


def _headers(port: int, length: int, **more: str) -> dict[str, str]:
    plain = {"host": f"127.0.0.1:{port}", "content-type": "application/json", "content-length": str(length)}
    return {**plain, **mcp_headers("tools/call", "get_patron"), **more}


def _http(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape") + body


async def _post(wire: Wire, path: str, body: bytes, port: int, **headers: str) -> Reply:
    return await wire.send(_http("POST", path, _headers(port, len(body), **headers), body))


def _anything(chance: random.Random, depth: int = 0) -> Any:
    """A value that nobody asked for."""
    if depth > 3 or chance.random() < 0.6:
        return chance.choice(_SIMPLE)
    if chance.random() < 0.5:
        return [_anything(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {str(_anything(chance, 4)): _anything(chance, depth + 1) for _ in range(chance.randrange(4))}


async def _flipped_bytes(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    body = bytearray(json.dumps(_message(chance)).encode())
    for _ in range(chance.randrange(1, 9)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    if chance.random() < 0.3:
        body = body[: chance.randrange(len(body))]
    return await _post(wire, f"/episodes/{chance.choice(victims)}/mcp", bytes(body), port)


async def _bad_messages(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    message = _message(chance)
    for _ in range(chance.randrange(1, 3)):
        place: dict[str, Any] = chance.choice([message, message.get("params") or message])
        if type(place) is dict:
            key = chance.choice([*place, "extra", "inputResponses", "requestState"])
            place[key] = _anything(chance)
            if chance.random() < 0.2:
                del place[key]
    sent: Any = [message] * chance.randrange(4) if chance.random() < 0.1 else message
    return await _post(wire, f"/episodes/{chance.choice(victims)}/mcp", json.dumps(sent).encode(), port)


async def _wrong_arguments(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    tool = chance.choice(_TOOLS)
    wrong = {"patron_id": _anything(chance), "loan_id": 5, "amount": chance.choice([-1, "much", 10**400, None])}
    message = _message(chance)
    message["params"] |= {"name": tool, "arguments": wrong if chance.random() < 0.8 else _anything(chance)}
    return await _post(
        wire, f"/episodes/{chance.choice(victims)}/mcp", json.dumps(message).encode(), port, **{"mcp-name": tool}
    )


async def _deep(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    depth = int(10 ** chance.uniform(1, 4.9))
    opening, closing = chance.choice([("[", "]"), ('{"a":', "}")])
    nest = opening * depth + "1" + closing * depth
    around = json.dumps(_message(chance))
    body = around.replace('"B2040"', nest) if chance.random() < 0.7 else nest
    path = chance.choice([f"/episodes/{chance.choice(victims)}/mcp", "/episodes"])
    return await _post(wire, path, body.encode(), port)


async def _huge(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    size = int(10 ** chance.uniform(3, 6.3))
    letter = chance.choice(["x", "é", "\\u0000", "\\ud83d\\ude00", '\\"'])
    body = json.dumps(_message(chance)).replace("B2040", letter * (size // len(letter)))
    return await _post(wire, f"/episodes/{chance.choice(victims)}/mcp", body.encode(), port)


async def _wrong_ids(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    real = chance.choice(victims)
    name = chance.choice(
        [real[:-1], real.lower(), real[::-1], real + "x", "null", "0", "'; DROP TABLE episodes; --", "%"]
    )
    method = chance.choice(["POST", "GET", "DELETE", "PUT", "OPTIONS", "PATCH"])
    body = json.dumps(_message(chance)).encode()
    quoted = name.replace(" ", "%20").replace("'", "%27").replace(";", "%3B")
    connection = chance.choice(["episodes", "environments"])
    return await wire.send(_http(method, f"/{connection}/{quoted}/mcp", _headers(port, len(body)), body))


async def _paths(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    path = "/" + "/".join(chance.choice(_PARTS) for _ in range(chance.randrange(1, 9)))
    if chance.random() < 0.3:
        path += "?" + chance.choice(_QUERIES)
    return await wire.send(_http(chance.choice(["GET", "POST"]), path, _headers(port, 0), b""))


async def _header_tricks(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    body = json.dumps(_message(chance)).encode()
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
    short = Wire(port, retry_policy=1)  # a promise of more bytes is waited for; not by us
    try:
        headers = {**_headers(port, len(body)), name: value}
        return await short.send(_http("POST", f"/episodes/{chance.choice(victims)}/mcp", headers, body))
    except TimeoutError:
        return Reply(0, b"", b"")
    finally:
        await short.close()


async def _other_sessions(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """The handshake era at an environment's URL, with an episode's id as if it were a session's."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode()
    headers = {**_headers(port, len(body)), "mcp-session-id": chance.choice(victims)}
    headers["mcp-protocol-version"] = "2025-11-25"
    reply = await wire.send(_http(chance.choice(["POST", "DELETE"]), "/environments/library/mcp", headers, body))
    if reply.status == 200:
        return Reply(599, b"", b"an episode's id was taken for a session's")
    return reply


async def _control_without_token(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    name = chance.choice(victims)
    path = chance.choice(["", "/state", "/log", "/diff", "/fork", "/verdict"])
    method = "POST" if path in ("/fork", "/verdict") else chance.choice(["GET", "DELETE"]) if not path else "GET"
    token = chance.choice(["", "Bearer ", "Bearer x", f"bearer {TOKEN}x", f"Basic {TOKEN[:9]}", "Bearer \xff"])
    headers = {**_headers(port, 2), "authorization": token}
    reply = await wire.send(_http(method, f"/episodes/{name}{path}", headers, b"{}"))
    if reply.status not in (0, 400, 401, 404, 405, 422):
        return Reply(599, b"", f"let in without the token: {method} {path} {reply.status}".encode())
    return reply


async def _control_with_token(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Whoever runs the agents makes mistakes too; none of them may do harm."""
    name = chance.choice([*victims, "nobody"])
    method, path, body = chance.choice(
        [
            ("POST", "/episodes", {"environment": _anything(chance), "seed": _anything(chance)}),
            ("POST", "/episodes", {"environment": "library", "faults": _anything(chance)}),
            ("POST", "/episodes", {"environment": "library", "faults": {"name": "p", "transient": _anything(chance)}}),
            ("POST", "/episodes", {"task": _anything(chance)}),
            ("POST", f"/episodes/{name}/fork", {"step": _anything(chance) or 99}),
            ("POST", f"/episodes/{name}/verdict", {"answer": _anything(chance)}),
            ("GET", f"/episodes?limit={chance.randrange(-9, 1009)}&after={chance.choice(['a', '%00', '-'])}", None),
            ("GET", "/environments/..%2f..%2fetc", None),
            ("PUT", f"/episodes/{name}", {}),
        ]
    )
    sent = json.dumps(body).encode() if body is not None else b""
    headers = {**_headers(port, len(sent)), "authorization": f"Bearer {TOKEN}"}
    reply = await wire.send(_http(method, path, headers, sent))
    return Reply(reply.status, b"", b"" if reply.status < 300 else reply.body)


async def _garbage(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    short = Wire(port, retry_policy=1)
    try:
        return await short.send(chance.randbytes(chance.randrange(1, 3000)) + b"\r\n\r\n")
    except TimeoutError:
        return Reply(0, b"", b"")
    finally:
        await short.close()


_KINDS = {
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
