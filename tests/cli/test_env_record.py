"""`env record` and `env twin`, as a client's configuration and a person use them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from tests.cli.test_commands import Shell
from tests.environments.synthesis.twins.test_written_program import written
from tests.support.recordings import shelf

from toolworld.environments import CAPTURE_FILE, CaptureWriter, load_folder

FIND = {"name": "Amira Okafor", "postcode": "RV3 2LN"}


@pytest.fixture
def shell(command: list[str], tmp_path: Path) -> Shell:
    return Shell(command, tmp_path)


def recorded(command: list[str], out: Path) -> StdioServerParameters:
    words = ["env", "record", "--out", str(out), "--", *command, "serve", "library", "--stdio"]
    return StdioServerParameters(command=command[0], args=[*command[1:], *words])


async def asked(server: StdioServerParameters) -> list[Any]:
    async with Client(server, mode="legacy") as client:
        listed = (await client.list_tools()).tools
        found = await client.call_tool("find_patron", FIND)
        loans = await client.call_tool("list_loans", {"patron_id": "B2040"})
        renewed = await client.call_tool("renew_loan", {"loan_id": loans.structured_content["loans"][0]["loan_id"]})
        wrong = await client.call_tool("find_patron", {"name": 5})
        again = await client.call_tool("list_loans", {"patron_id": "B2040"})
        return [
            [one.model_dump(exclude={"meta"}) for one in part]
            for part in (listed, (found, loans, renewed, wrong, again))
        ]


async def test_a_recorded_server_is_gone_and_its_twin_answers_the_same(command: list[str], tmp_path: Path) -> None:
    real = await asked(recorded(command, tmp_path / "twin"))
    serve = StdioServerParameters(command=command[0], args=[*command[1:], "serve", str(tmp_path / "twin"), "--stdio"])
    assert await asked(serve) == real


def folder_with(capture: Path) -> None:
    """A folder as `env record` leaves it when it is killed: only the recording is there."""
    capture.mkdir()
    with CaptureWriter(capture / CAPTURE_FILE) as writer:
        writer.introduce(shelf().server)
        writer.list_tools([*shelf().tools.values()])
        for call in shelf().calls:
            writer.answer(call.number, call.tool, call.arguments, call.answer or {})


def test_a_twin_is_made_anew_from_a_recording_that_was_killed(shell: Shell) -> None:
    folder_with(shell.folder / "shelf")
    done = shell.run("env", "twin", "shelf")
    assert done.returncode == 0, done.stderr
    assert "8 recorded calls, 8 answers kept; programs answer 3 of 5 tools beyond them" in " ".join(done.stdout.split())
    assert load_folder(shell.folder / "shelf").recording


def test_a_model_writes_the_program_and_one_that_is_not_kept_is_exit_code_1(shell: Shell) -> None:
    folder_with(shell.folder / "shelf")
    script = shell.folder / "script.jsonl"
    script.write_text(json.dumps({"text": written(jars=()), "again": True}) + "\n")
    done = shell.run("env", "twin", "shelf", "--model", f"scripted:{script}", "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["not_kept"].startswith("list_jars: call 0") and said["programs"] == [
        "get_jar",
        "list_jars",
        "delete_jar",
    ]
    script.write_text(json.dumps({"text": written()}) + "\n")
    kept = json.loads(shell.run("env", "twin", "shelf", "--model", f"scripted:{script}", "--json").stdout)
    assert kept["not_kept"] is None and kept["models"][0]["role"] == "author"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["record", "--out", "x"], "name the server by a command after --, or by --url"),
        (["record", "--out", "x", "--url", "http://a", "--", "b"], "one of the two"),
        (["record", "--out", "x", "--header", "a:b", "--", "c"], "--header is for --url"),
        (["record", "--out", "x", "--url", "http://a", "--header", "nothing"], "is not written as NAME:VALUE"),
        (
            ["record", "--out", "x", "--url", "http://a", "--header", "A:${NO_SUCH}"],
            "no environment variable 'NO_SUCH'",
        ),
        (["record", "--out", ".", "--", "c"], "--out takes a new or an empty folder"),
        (["record", "--out", "x", "--", "no-such-command"], "no MCP server answers there"),
        (["twin", "."], "there is no capture.jsonl"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(shell: Shell, words: list[str], said: str) -> None:
    (shell.folder / "file").write_text("x")
    done = shell.run("env", *words)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split()) and "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_recorder_that_is_told_to_end_makes_the_twin_first(command: list[str], tmp_path: Path) -> None:
    words = ["env", "record", "--out", "twin", "--", *command, "serve", "library", "--stdio"]
    with subprocess.Popen(
        [*command, *words], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "0"}}
        line = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello})
        process.stdin.write(f"{line}\n".encode())
        process.stdin.flush()
        assert b"serverInfo" in process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert len(load_folder(tmp_path / "twin").tools) == 16


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_recorder_over_http_makes_the_twin_when_it_is_told_to_end(
    command: list[str], tmp_path: Path, told: signal.Signals
) -> None:
    words = ["env", "record", "--out", "twin", "--http", "127.0.0.1:0", "--", *command, "serve", "library", "--stdio"]
    with subprocess.Popen([*command, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = next(found[0] for line in process.stderr if (found := re.findall(r"http://[^ ]+/mcp", line)))

        async def listed() -> int:
            async with Client(url) as client:
                return len((await client.list_tools()).tools)

        assert anyio.run(listed) == 16
        os.kill(process.pid, told)
        assert process.wait(timeout=60) == 0
    assert len(load_folder(tmp_path / "twin").tools) == 16


def test_a_command_that_could_not_start_can_be_given_again(shell: Shell) -> None:
    for http in ("nonsense", "127.0.0.1:0"):
        done = shell.run("env", "record", "--out", "x", "--http", http, "--", "no-such-command")
        assert done.returncode == 2 and "is there already" not in done.stderr


def test_a_twin_passes_env_check_without_a_warning_of_what_its_recording_answers(shell: Shell) -> None:
    folder_with(shell.folder / "shelf")
    assert shell.run("env", "twin", "shelf").returncode == 0
    checked = shell.run("env", "check", "shelf", "--json")
    assert "only a model can simulate it" not in checked.stdout
