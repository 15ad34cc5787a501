"""Calls over plain HTTP: the same as over MCP, and repeatable by their step."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from tests.support.mcp_call import mcp_answer
from tests.support.unanswering import unanswering_library

from toolworld.datasets import TaskSuite
from toolworld.server import build_app, open_episodes

RENEW = {"name": "renew_loan", "arguments": {"loan_id": "L5101"}}


@asynccontextmanager
async def opened_episode(suite: TaskSuite) -> AsyncGenerator[httpx.AsyncClient]:
    """A client whose base is an episode's URL. The control API has a token, which the client does not have."""
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        opened = await episodes.open("library")
        transport = httpx.ASGITransport(build_app(episodes, "token"))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1/episodes/{opened.id}") as client:
            yield client


async def test_tools_come_with_the_policy_and_calls_with_their_step(library_suite: TaskSuite) -> None:
    async with opened_episode(library_suite) as episode:
        listed = (await episode.get("/tools")).json()
        assert listed["policy"].startswith("# ") and len(listed["tools"]) == 16
        assert listed["tools"][0].keys() == {"name", "description", "input_schema", "output_schema", "effect"}
        made = (await episode.post("/calls", json=RENEW)).json()
        assert (made["step"], made["failure"], made["result"]["due"]) == (0, None, "2026-03-23")
        refused = await episode.post("/calls", json={"name": "renew_loan", "arguments": {"loan_id": "L9"}})
        assert (refused.status_code, refused.json()["step"]) == (200, 1)
        assert refused.json()["failure"]["code"] == "loan_not_found"
        assert refused.json()["text"] == "There is no loan L9."


async def test_a_call_with_its_step_is_made_once_however_often_it_is_sent(library_suite: TaskSuite) -> None:
    async with opened_episode(library_suite) as episode:
        answers: list[dict[str, Any]] = []

        async def send() -> None:
            answers.append((await episode.post("/calls", json={**RENEW, "step": 0})).json())

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(send)
        assert len(answers) == 5 and all(answer == answers[0] for answer in answers)
        following = (await episode.post("/calls", json=RENEW)).json()
        assert (following["step"], following["result"]["renewals"]) == (1, 2)


async def test_a_step_of_another_call_conflicts_and_one_to_come_is_not_there(library_suite: TaskSuite) -> None:
    async with opened_episode(library_suite) as episode:
        await episode.post("/calls", json=RENEW)
        taken = await episode.post("/calls", json={"name": "renew_loan", "arguments": {"loan_id": "L9"}, "step": 0})
        told = {"error": "step 0 is taken by another call, of renew_loan", "next": 1}
        assert (taken.status_code, taken.json()) == (409, told)
        ahead = await episode.post("/calls", json={**RENEW, "step": 7})
        assert (ahead.status_code, ahead.json()["error"]) == (409, "step 7 is not reached yet: the next one is 1")


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"{", 422, "the body"),
        (b"[]", 422, "the body"),
        (b'{"arguments": {}}', 422, "name"),
        (b'{"name": "renew_loan", "step": -1}', 422, "step"),
        (b'{"name": "renew_loan", "wish": 1}', 422, "wish"),
        (b'{"name": "renew_loan", "arguments": {"loan_id": ' + b"[" * 200 + b"]" * 200 + b"}}", 422, ""),
        (b'{"name": "x", "arguments": {"x": "' + b"x" * (1 << 20) + b'"}}', 413, "too large"),
    ],
)
async def test_bad_bodies_are_refused_in_one_sentence(
    library_suite: TaskSuite, body: bytes, status: int, reason: str
) -> None:
    async with opened_episode(library_suite) as episode:
        answer = await episode.post("/calls", content=body)
        assert answer.status_code == status
        assert reason in answer.json()["error"]
        assert (await episode.post("/calls", json=RENEW)).json()["step"] == 0


async def test_what_is_not_there_is_named(library_suite: TaskSuite) -> None:
    async with opened_episode(library_suite) as episode:
        unknown = (await episode.post("/calls", json={"name": "fly"})).json()
        assert (unknown["step"], unknown["failure"]["code"]) == (None, "unknown_tool")
        assert "find_patron" in unknown["text"]
        for answer in (await episode.post("/../none/calls", json=RENEW), await episode.get("/../none/tools")):
            assert answer.status_code == 404 and answer.json()["error"]


async def test_a_call_that_nobody_could_simulate_is_void_and_names_no_machine() -> None:
    suite = await unanswering_library()
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        opened = await episodes.open("library", task="library/renew_one")
        app = build_app(episodes, mode="json")
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1/episodes/{opened.id}") as client:
            plain = await client.post("/calls", json=RENEW)
            async with app.router.lifespan_context(app):
                over_mcp = await mcp_answer(client, f"{client.base_url}mcp", "renew_loan", loan_id="L5101")
            verdict = (await client.post("/verdict")).json()
    assert (plain.status_code, plain.json()) == (502, {"error": "the call could not be simulated", "void": True})
    assert over_mcp["error"]["message"] == "the call could not be simulated"
    assert (verdict["outcome"], verdict["reward"], verdict["blame"]["party"]) == ("void", None, "host")


async def test_what_is_said_with_its_exchange_is_said_once(library_suite: TaskSuite) -> None:
    async with open_episodes(library_suite.runtimes, library_suite.tasks) as episodes:
        opened = await episodes.open("library", task="library/renew_one")
        transport = httpx.ASGITransport(build_app(episodes))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1/episodes/{opened.id}") as client:
            ask = {"said": "What is your name?", "exchange": 0}
            first, again = [(await client.post("/user", json=ask)).json() for _ in range(2)]
            assert first == again and "Amira Okafor" in first["reply"]
            other = await client.post("/user", json={"said": "And your postcode?", "exchange": 0})
            ahead = await client.post("/user", json={"said": "And your postcode?", "exchange": 2})
            assert (other.status_code, ahead.status_code) == (409, 409)
            assert ahead.json()["error"] == "exchange 2 is not reached yet: the next one is 1"
            assert len(await opened.exchanges()) == 1
