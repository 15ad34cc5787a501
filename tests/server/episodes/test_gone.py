"""Episodes that another process removed while they were live, and arguments that are not kept."""

import json
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest
from tests.conftest import Serving
from tests.support.counters import open_trusted

from toolworld.environments import Call, Environment, FaultProfile, with_faults
from toolworld.ground import ConflictError, StoreError
from toolworld.server import PruneConditions, open_store, replay

Make = Callable[..., Environment]
TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"accept": "application/json, text/event-stream"}


async def test_a_live_episode_that_was_pruned_is_gone_everywhere(
    make_counters: Make, serving: Serving, tmp_path: Path
) -> None:
    path = tmp_path / "s.sqlite"
    asked: list[tuple[str, str, object]] = [
        ("GET", "", None),
        ("GET", "/state", None),
        ("GET", "/diff", None),
        ("GET", "/log", None),
        ("GET", "/trajectory", None),
        ("GET", "/tools", None),
        ("POST", "/fork", {}),
        ("POST", "/fork", {"step": 0}),
        ("POST", "/calls", {"name": "add", "arguments": {"name": "a"}}),
        ("POST", "/calls", {"name": "add", "arguments": {"name": "a"}, "step": 0}),
        ("POST", "/calls", {"name": "no_such", "arguments": {}}),
        ("PUT", "/answer", {"answer": "x"}),
        ("POST", "/verdict", {}),
        ("GET", "/verdict", None),
        ("POST", "/mcp", TOOLS),
        ("DELETE", "", None),
    ]
    async with open_trusted([make_counters()], store=path) as episodes, serving(episodes) as base:
        async with httpx.AsyncClient(base_url=base) as http:
            for method, place, body in asked:
                name = (await http.post("/episodes", json={"environment": "counters"})).json()["id"]
                await http.post(f"/episodes/{name}/calls", json={"name": "add", "arguments": {"name": "a"}})
                async with open_store(path) as other:
                    await other.prune(PruneConditions())
                answer = await http.request(method, f"/episodes/{name}{place}", json=body, headers=ACCEPT)
                assert answer.status_code == 404, (method, place, answer.text)
                assert episodes.live.get(name) is None


@pytest.mark.parametrize("size", [1_000, 500_000])
async def test_large_refused_arguments_are_a_digest_and_the_call_can_be_repeated_and_replayed(
    make_counters: Make, size: int
) -> None:
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        wrong = Call(name="add", arguments={"name": 5, "more": "x" * size})
        made = await episode.call(wrong)
        await episode.call(Call(name="add", arguments={"name": "a"}))
        assert made.failure is not None and made.failure.kind == "arguments" and len(made.failure.message) < 1_500
        [kept, _] = await episode.log()
        assert (kept.withheld is None) is (size == 1_000)
        assert len(kept.json_bytes()) < 4_000
        assert (await episode.call(wrong, step=0)) == kept
        with pytest.raises(ConflictError):
            await episode.call(Call(name="add", arguments={"name": 5, "more": "y" * size}), step=0)
        assert await replay(episode) == 2


async def test_a_large_argument_that_a_tool_takes_is_kept_and_one_that_it_refuses_is_not(make_counters: Make) -> None:
    async with open_trusted([make_counters()]) as episodes:
        episode = await episodes.open("counters")
        made = await episode.call(Call(name="create", arguments={"label": "x" * 100_000}))
        assert made.failure is None and made.withheld is None
        refused = await episode.call(Call(name="remove", arguments={"name": "y" * 10_000}))
        assert refused.failure is not None and refused.failure.kind == "tool" and refused.withheld is None
        larger = await episode.call(Call(name="remove", arguments={"name": "y" * 100_000}))
        assert larger.withheld is not None and larger.withheld.bytes > 100_000 and len(larger.json_bytes()) < 25_000
        assert await replay(episode) == 3


async def test_no_answer_tells_of_the_store_and_the_operator_is_told(
    make_counters: Make, serving: Serving, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a-path-of-mine.sqlite"
    async with open_trusted([make_counters()], store=path) as episodes, serving(episodes) as base:
        async with httpx.AsyncClient(base_url=base) as http:
            name = (await http.post("/episodes", json={"environment": "counters"})).json()["id"]
            path.rename(tmp_path / "away")
            answers = [
                await http.post("/episodes", json={"environment": "counters"}),
                await http.post(f"/episodes/{name}/calls", json={"name": "add", "arguments": {"name": "a"}}),
                await http.delete(f"/episodes/{name}"),
                await http.get("/healthz"),
            ]
            assert [one.status_code for one in answers] == [503] * 4
            params = {"name": "add", "arguments": {"name": "a"}}
            by_mcp = await http.post(
                f"/episodes/{name}/mcp",
                json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
                headers=ACCEPT,
            )
            assert "nothing can be kept or read now" in by_mcp.text
            said = json.dumps([one.text for one in (*answers, by_mcp)])
            for word in ("a-path-of-mine", str(tmp_path), "SQL", "sqlite", "INSERT"):
                assert word not in said
    assert "a-path-of-mine.sqlite" in caplog.text
    with pytest.raises(StoreError):
        async with open_store(tmp_path):
            pass


async def test_looking_at_an_episode_does_not_wait_for_a_call_in_it(make_counters: Make, serving: Serving) -> None:
    slow = with_faults(make_counters(), FaultProfile(name="slow", latency=1, latency_seconds=60))
    async with open_trusted([slow]) as episodes, serving(episodes) as base:
        episode = await episodes.open("counters")
        async with httpx.AsyncClient(base_url=base, timeout=5) as http, anyio.create_task_group() as tasks:
            tasks.start_soon(episode.call, Call(name="add", arguments={"name": "a"}))
            await anyio.sleep(0.1)
            for place in ("", "/state", "/log", "/diff", "/tools"):
                assert (await http.get(f"/episodes/{episode.id}{place}")).status_code == 200
            assert (await http.post(f"/episodes/{episode.id}/mcp", json=TOOLS, headers=ACCEPT)).status_code == 200
            assert (await http.post(f"/episodes/{episode.id}/fork", json={})).status_code == 201
            tasks.cancel_scope.cancel()
