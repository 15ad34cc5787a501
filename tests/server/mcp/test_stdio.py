"""MCP over stdio, as another program's configuration would start it, and with clients that probe."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "0"},
}
INITIALIZE = {
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "0"}},
}
DISCOVER = {"method": "server/discover", "params": {"_meta": META}}
LIST = {"method": "tools/list"}
MODERN_LIST = {"method": "tools/list", "params": {"_meta": META}}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_client_that_starts_its_server_itself(command: list[str], tmp_path: Path, mode: str) -> None:
    server = StdioServerParameters(
        command=command[0], args=["serve", "library", "--stdio", "--store", str(tmp_path / "s.sqlite")]
    )
    async with Client(server, mode=mode) as client:
        assert len((await client.list_tools()).tools) == 16
        found = await client.call_tool("find_patron", {"name": "amira okafor", "postcode": "rv32ln"})
        assert found.structured_content is not None
        assert found.structured_content["patron_id"] == "B2040"
        assert "identify the borrower" in (client.instructions or "").lower()


@pytest.mark.parametrize(
    ("requests", "answers"),
    [
        ([INITIALIZE, LIST], ["serverInfo", "tools"]),
        ([DISCOVER, INITIALIZE, LIST], ["supportedVersions", "serverInfo", "tools"]),
        ([DISCOVER, DISCOVER, INITIALIZE, LIST], ["supportedVersions", "supportedVersions", "serverInfo", "tools"]),
        ([DISCOVER, MODERN_LIST], ["supportedVersions", "tools"]),
        ([MODERN_LIST], ["tools"]),
    ],
)
def test_clients_may_probe_before_they_choose_an_era(
    command: list[str], requests: list[dict[str, Any]], answers: list[str]
) -> None:
    lines = [json.dumps({"jsonrpc": "2.0", "id": number, **request}) for number, request in enumerate(requests)]
    with subprocess.Popen(
        [*command, "serve", "library", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for number, (line, key) in enumerate(zip(lines, answers, strict=True)):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer["id"] == number
            assert key in answer["result"], answer
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stdout.read() == ""


def test_stdio_serves_one_environment(command: list[str], tmp_path: Path) -> None:
    subprocess.run(
        [*command, "env", "pack", "library", "--out", str(tmp_path / "p.jsonl")], check=True, capture_output=True
    )
    pack = tmp_path / "two.jsonl"
    line = (tmp_path / "p.jsonl").read_text()
    pack.write_text(line + line.replace('"id":"library"', '"id":"second"', 1))
    refused = subprocess.run([*command, "serve", str(pack), "--stdio"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "serves one environment" in refused.stderr


@pytest.mark.parametrize(
    ("line", "code", "name"),
    [
        ('{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "\\ud800"}}', -32600, 7),
        (
            '{"jsonrpc": "2.0", "id": "x", "method": "tools/list", "params": ' + '{"a":' * 250 + "1" + "}" * 250 + "}",
            -32600,
            "x",
        ),
        ('{"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": ' + "[" * 100_000, -32700, None),
        ('[{"jsonrpc": "2.0", "id": 7, "method": "tools/list"}]', -32600, None),
        ('{"id": 7, "method": "tools/list"}', -32600, 7),
        ('{"jsonrpc": "1.0", "id": 7, "method": "tools/list"}', -32600, 7),
        ('{"jsonrpc": "2.0", "id": 7, "method": 5}', -32600, 7),
        ('{"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": [1]}', -32600, 7),
        ('{"jsonrpc": "2.0", "id": true, "method": "tools/list"}', -32600, None),
        ('{"jsonrpc": "2.0", "id": 1.5, "method": "tools/list"}', -32600, None),
        ("not json", -32700, None),
        ("42", -32600, None),
        ('{"jsonrpc": "2.0", "id": 7, "method": "' + "x" * 1_100_000 + '"}', -32600, None),
        ('{"jsonrpc": "2.0", "id": 7, "method": "no/such"}', -32601, 7),
    ],
)
def test_every_line_that_asks_something_is_answered_and_the_next_one_is_too(
    command: list[str], line: str, code: int, name: object
) -> None:
    first = [json.dumps({"jsonrpc": "2.0", "id": 0, **INITIALIZE})]
    last = json.dumps({"jsonrpc": "2.0", "id": 9, **LIST})
    for before in ([], first):
        done = subprocess.run(
            [*command, "serve", "library", "--stdio"],
            input="\n".join([*before, line, *([] if before else first), last, ""]).encode(),
            capture_output=True,
            timeout=60,
        )
        answers = [json.loads(one) for one in done.stdout.splitlines()]
        assert done.returncode == 0 and b"Traceback" not in done.stderr
        [refused] = [one for one in answers if "error" in one]
        assert (refused["error"]["code"], refused.get("id")) == (code, name), refused
        assert len(refused["error"]["message"]) <= 500
        assert {one["id"] for one in answers if "result" in one} == {0, 9}


def test_a_cancellation_of_what_is_no_id_and_requests_of_one_id_are_no_trouble(command: list[str]) -> None:
    listing = json.dumps({"jsonrpc": "2.0", "id": 7, **LIST})
    ids: tuple[Any, ...] = ([1], {}, None)
    odd = [{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": one}} for one in ids]
    first = json.dumps({"jsonrpc": "2.0", "id": 0, **INITIALIZE})
    lines = [first, *map(json.dumps, odd), listing, listing, listing, ""]
    done = subprocess.run(
        [*command, "serve", "library", "--stdio"], input="\n".join(lines).encode(), capture_output=True, timeout=60
    )
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert [json.loads(one)["id"] for one in done.stdout.splitlines()] == [0, 7, 7, 7]
