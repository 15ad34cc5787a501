"""Twins of servers of other makers: recorded by the official TypeScript client, then asked again."""

import json
import os
import random
from pathlib import Path
from typing import Any

import anyio
import pytest

from toolworld.environments import make_twin, read_capture, save_folder, write_program
from toolworld.llm import ScriptedModel

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(300)]
WRITTEN = Path(__file__).parents[1] / "support" / "twins"
CLIENT = """
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const [parent, file, command, ...args] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(createRequire(pathToFileURL(parent + "/")).resolve(name)));
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
const client = new Client({ name: "client", version: "0" });
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
const { tools } = await client.listTools();
const answers = [];
for (const [name, given] of JSON.parse(readFileSync(file, "utf8"))) {
  try { answers.push(await client.callTool({ name, arguments: given })); }
  catch (problem) { answers.push({ thrown: problem.message, code: problem.code }); }
}
console.log(JSON.stringify({ tools, answers }));
await client.close();
"""
Calls = list[tuple[str, dict[str, Any]]]


def bo(name: str, *observations: str) -> dict[str, Any]:
    return {"name": name, "entityType": "person", "observations": list(observations)}


MEMORY: Calls = [
    ("read_graph", {}),
    ("create_entities", {"entities": [bo("Ada", "likes tea"), bo("Oslo")]}),
    ("create_entities", {"entities": [bo("Ada", "x"), bo("Bo", "tall")]}),
    ("create_relations", {"relations": [{"from": "Ada", "to": "Oslo", "relationType": "lives in"}]}),
    ("read_graph", {}),
    ("add_observations", {"observations": [{"entityName": "Ada", "contents": ["has a dog", "likes tea"]}]}),
    ("add_observations", {"observations": [{"entityName": "Nobody", "contents": ["x"]}]}),
    ("search_nodes", {"query": "TEA"}),
    ("open_nodes", {"names": ["Bo", "Oslo"]}),
    ("delete_observations", {"deletions": [{"entityName": "Ada", "observations": ["has a dog"]}]}),
    ("open_nodes", {"names": ["Ada"]}),
    ("delete_relations", {"relations": [{"from": "Ada", "to": "Oslo", "relationType": "lives in"}]}),
    ("delete_entities", {"entityNames": ["Oslo"]}),
    ("read_graph", {}),
    ("create_entities", {"entities": "wrong"}),
]


def files(root: Path) -> Calls:
    """Calls of the server of files, below a folder."""
    place = str(root)
    return [
        ("list_allowed_directories", {}),
        ("list_directory", {"path": place}),
        ("read_text_file", {"path": f"{place}/a.txt"}),
        ("read_text_file", {"path": f"{place}/none.txt"}),
        ("write_file", {"path": f"{place}/new.txt", "content": "one\ntwo\n"}),
        ("edit_file", {"path": f"{place}/new.txt", "edits": [{"oldText": "two", "newText": "TWO"}]}),
        ("read_text_file", {"path": f"{place}/new.txt", "head": 1}),
        ("create_directory", {"path": f"{place}/sub/deep"}),
        ("move_file", {"source": f"{place}/new.txt", "destination": f"{place}/sub/moved.txt"}),
        ("directory_tree", {"path": place}),
        ("get_file_info", {"path": f"{place}/a.txt"}),
        ("read_media_file", {"path": f"{place}/dot.png"}),
        ("read_text_file", {"path": "/etc/passwd"}),
        ("list_directory", {"path": place}),
    ]


class Played:
    """Makes calls by the TypeScript client."""

    def __init__(self, node: str, packages: Path, folder: Path) -> None:
        self._node, self._packages, self._folder = node, packages, folder
        self._script = folder / "client.mjs"
        self._script.write_text(CLIENT)

    async def __call__(self, calls: Calls, *server: str, **variables: str) -> dict[str, Any]:
        file = self._folder / "calls.json"
        file.write_text(json.dumps(calls))
        words = [self._node, str(self._script), str(self._packages), str(file), *server]
        done = await anyio.run_process(words, check=False, env={**os.environ, **variables})
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)


@pytest.fixture
def play(node: str, packages: Path, tmp_path: Path) -> Played:
    return Played(node, packages, tmp_path)


def server_of(packages: Path, name: str) -> str:
    return str(packages / "node_modules" / "@modelcontextprotocol" / name / "dist" / "index.js")


def plain(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers without what means the same when it is left out."""
    return [{name: one for name, one in answer.items() if (name, one) != ("isError", False)} for answer in answers]


async def test_a_twin_of_the_server_of_files_answers_the_recorded_calls_the_same(
    play: Played, node: str, packages: Path, command: list[str], tmp_path: Path
) -> None:
    root, twin = tmp_path / "files", str(tmp_path / "twin")
    root.mkdir()
    (root / "a.txt").write_text("hello\n")
    (root / "dot.png").write_bytes(b"x")
    server = [node, server_of(packages, "server-filesystem"), str(root)]
    real = await play(files(root), *command, "env", "record", "--out", twin, "--", *server)
    again = await play(files(root), *command, "serve", twin, "--stdio")
    assert again["tools"] == real["tools"] and len(real["tools"]) == 14
    assert plain(again["answers"]) == plain(real["answers"])
    assert "image" in json.dumps(real["answers"][11])


async def test_a_twin_of_the_memory_server_with_a_written_program_answers_what_was_not_recorded(
    play: Played, node: str, packages: Path, command: list[str], tmp_path: Path
) -> None:
    memory, twin = {"MEMORY_FILE_PATH": str(tmp_path / "memory.json")}, tmp_path / "twin"
    server = [node, server_of(packages, "server-memory")]
    real = await play(MEMORY, *command, "env", "record", "--out", str(twin), "--", *server, **memory)
    again = await play(MEMORY, *command, "serve", str(twin), "--stdio")
    assert again["tools"] == real["tools"]
    assert plain(again["answers"]) == plain(real["answers"])

    parts = json.loads((WRITTEN / "memory" / "written.json").read_text())
    answer = {name: json.dumps(part) for name, part in parts.items()}
    answer["program"] = (WRITTEN / "memory" / "behaviour.py").read_text()
    capture = read_capture(twin / "capture.jsonl")
    kept = await write_program(capture, "memory", ScriptedModel([json.dumps(answer)]))
    assert kept.environment is not None, kept.why
    save_folder((await make_twin(capture, "memory", program=kept.environment)).environment, twin)

    (tmp_path / "memory.json").unlink()
    others = not_recorded(100)
    real = await play(others, *server, **memory)
    again = await play(others, *command, "serve", str(twin), "--stdio")
    pairs = zip(plain(real["answers"]), plain(again["answers"]), strict=True)
    assert sum(one == other for one, other in pairs) >= 95


def not_recorded(count: int) -> Calls:
    """Random calls of the memory server."""
    draw = random.Random(2)
    names, notes, ways = (
        ["Ada", "Bo", "Cy", "Oslo", "Tea Club", "Ünï"],
        ["likes tea", "tall", "old"],
        ["knows", "visits"],
    )

    def relation() -> dict[str, Any]:
        return {"from": draw.choice(names), "to": draw.choice(names), "relationType": draw.choice(ways)}

    def call() -> tuple[str, dict[str, Any]]:
        name, some = draw.choice(names), draw.sample(notes, 2)
        return draw.choice(
            [
                ("create_entities", {"entities": [bo(name, *some)]}),
                ("create_relations", {"relations": [relation()]}),
                ("add_observations", {"observations": [{"entityName": name, "contents": some}]}),
                ("delete_entities", {"entityNames": [name]}),
                ("delete_observations", {"deletions": [{"entityName": name, "observations": some}]}),
                ("delete_relations", {"relations": [relation()]}),
                ("read_graph", {}),
                ("search_nodes", {"query": draw.choice(["tea", "O", "zzz"])}),
                ("open_nodes", {"names": draw.sample(names, 2)}),
            ]
        )

    return [call() for _ in range(count)]
