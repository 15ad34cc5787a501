"""Trees over a real MCP server of somebody else's, in processes of its own."""

import json
import shlex
from pathlib import Path

import anyio
import pytest
from tests.support.small_trees import ToldExplorer, action

from toolworld.environments import load_folder
from toolworld.ground import RecordError, RolloutError
from toolworld.rollout import Action, Seed, Situation, config_of, grow_tree
from toolworld.server import McpTreeHost, synthesize_async

SERVER = '''
import sys
from mcp.server.mcpserver import MCPServer

server = MCPServer("counter")
count = 0

@server.tool()
def add(amount: int) -> dict:
    """Add to the counter."""
    global count
    count += amount
    return {"count": count}

@server.tool(annotations={"readOnlyHint": True})
def get_page(title: str) -> dict:
    """Get a page."""
    pages = {"Bridge": {"designed_by": "Ann Ives"}, "Ann Ives": {"born_in": "Tornby"}, "Tornby": {"mayor": "Bo Lund"}}
    if title not in pages:
        raise ValueError("no such page")
    return {"title": title, "facts": pages[title]}

server.run("stdio")
'''


@pytest.fixture
def place(tmp_path: Path, command: list[str]) -> str:
    (tmp_path / "server.py").write_text(SERVER)
    return shlex.join([str(Path(command[0]).with_name("python")), str(tmp_path / "server.py")])


async def test_branches_that_write_are_sessions_of_their_own(place: str, tmp_path: Path) -> None:
    def add_then_add(situation: Situation) -> list[Action]:
        return [action("add", amount=10 * (number + 1) + len(situation.path)) for number in range(situation.width)]

    host = await McpTreeHost.open(place, tmp_path / "twin")
    caps = {"resource_types": ["mcp"], "max_depth": 2, "branching_factor": 2, "depth_threshold": 2, "min_depth": 1}
    explorer = ToldExplorer(add_then_add)
    with anyio.fail_after(50):
        tree = await grow_tree(
            host, explorer, config_of(caps), tools=host.environment.tools, seed=Seed(content="x"), number=1
        )
    seen = {node.id: json.loads(node.observation)["count"] for node in tree.nodes}
    assert seen == {"s1/0": 10, "s1/1": 20, "s1/0.0": 21, "s1/0.1": 31, "s1/1.0": 31, "s1/1.1": 41}


async def test_questions_over_it_are_solved_and_judged_on_its_twin_without_it(place: str, tmp_path: Path) -> None:
    config = config_of(
        {
            "resource_types": ["mcp"],
            "resource_init_configs": {"mcp": {"content": {"command": place}}},
            "available_tools": ["get_page"],
            "max_depth": 3,
            "branching_factor": 1,
            "min_depth": 3,
            "max_selected_traj": 1,
        }
    ).at(tmp_path)
    with anyio.fail_after(50):
        manifest = await synthesize_async(
            config_path=config, seeds=[{"content": "Bridge", "kwargs": {}}], output_dir=tmp_path / "out", environ={}
        )
    assert (manifest.nodes, manifest.questions) == (3, 1)
    recorded = (tmp_path / "out/environment/recording.jsonl").read_text()
    assert "Ann Ives" in recorded and place not in "".join(
        path.read_text() for path in (tmp_path / "out").rglob("*.json*")
    )


async def test_more_seeds_make_the_twin_larger_and_every_task_is_of_the_last_one(place: str, tmp_path: Path) -> None:
    fields = {"resource_types": ["mcp"], "available_tools": ["get_page"], "max_depth": 3, "branching_factor": 1}
    given = {**fields, "min_depth": 3, "resource_init_configs": {"mcp": {"content": {"command": place}}}}
    config = config_of(given).at(tmp_path)
    for seeds in (["Bridge"], ["Bridge", "Tornby"]):
        with anyio.fail_after(50):
            await synthesize_async(config_path=config, seeds=seeds, output_dir=tmp_path / "out", environ={})
    version = load_folder(tmp_path / "out/environment").version
    tasks = [json.loads(line) for line in (tmp_path / "out/tasks.jsonl").read_text().splitlines()]
    assert tasks and {task["environment_version"] for task in tasks} == {version}
    other = config_of({**given, "resource_init_configs": {"mcp": {"content": {"command": f"{place} --more"}}}})
    with anyio.fail_after(50), pytest.raises(RecordError, match="was made with mcp"):
        await synthesize_async(
            config_path=other.at(tmp_path), seeds=["Bridge"], output_dir=tmp_path / "out", environ={}
        )


async def test_a_server_that_dies_is_told(place: str, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER.replace("count += amount", "import os; os._exit(1)"))
    host = await McpTreeHost.open(place, tmp_path / "twin")
    with anyio.fail_after(50):
        async with host.root("s1", 0) as branch:
            with pytest.raises(RolloutError, match="fails"):
                await branch.call("add", {"amount": 1})
