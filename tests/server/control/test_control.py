"""The control API: what it gives, and to whom."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from tests.support.mcp_call import mcp_call

from toolworld.datasets import load_suite
from toolworld.environments import Call, SimulationPlan
from toolworld.ground import ModelError
from toolworld.llm import ScriptedModel
from toolworld.server import build_app, open_episodes

Serving = Callable[..., AbstractAsyncContextManager[str]]


Api = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


async def test_an_episode_for_a_task_is_played_by_url_and_judged(library_api: Api) -> None:
    async with library_api() as http:
        [environment] = (await http.get("/environments")).json()
        assert (environment["id"], environment["tasks"]) == ("library", 21)
        assert "library/renew_one" in (await http.get("/environments/library/tasks")).json()
        opened = await http.post("/episodes", json={"task": "library/renew_one"})
        assert opened.status_code == 201
        episode = opened.json()
        assert episode["request"].startswith("Hello, I have Middlemarch")
        await mcp_call(http, episode["mcp_url"], "find_patron", name="Amira Okafor", postcode="RV3 2LN")
        renewed = await mcp_call(http, episode["mcp_url"], "renew_loan", loan_id="L5101")
        assert renewed["structuredContent"]["due"] == "2026-03-23"
        diff = (await http.get(f"/episodes/{episode['id']}/diff")).json()
        assert diff == [
            {"op": "update", "collection": "loans", "key": "L5101", "fields": {"due": "2026-03-23", "renewals": 1}}
        ]
        log = (await http.get(f"/episodes/{episode['id']}/log")).json()
        assert [event["call"]["name"] for event in log] == ["find_patron", "renew_loan"]
        state = (await http.get(f"/episodes/{episode['id']}/state")).json()
        assert state["collections"]["loans"]["L5101"]["due"] == "2026-03-23"

        told = (await http.post(f"/episodes/{episode['id']}/verdict", json={"answer": "Until 23 March."})).json()
        assert (told["outcome"], told["reward"], told["looked_at"] < 1) == ("unclear", None, True)  # nobody heard a yes
        again = await http.post(f"/episodes/{episode['id']}/verdict", json={"answer": "No idea."})
        assert again.status_code == 409 and "2026-03-23" not in str(told)  # without a token: one verdict, no evidence
        assert (await http.post(f"/episodes/{episode['id']}/verdict")).json() == told
        assert (await http.get(f"/episodes/{episode['id']}/verdict")).json() == told


async def test_forking_listing_and_closing(library_api: Api) -> None:
    async with library_api() as http:
        episode = (await http.post("/episodes", json={"environment": "library", "seed": 3})).json()
        await mcp_call(http, episode["mcp_url"], "renew_loan", loan_id="L5101")
        fork = (await http.post(f"/episodes/{episode['id']}/fork", json={"step": 0})).json()
        whole = (await http.post(f"/episodes/{episode['id']}/fork")).json()
        assert (fork["steps"], whole["steps"], fork["parent"], fork["seed"]) == (0, 1, episode["id"], 3)
        assert fork["digest"] == fork["initial_digest"] != whole["digest"]
        listed = (await http.get("/episodes", params={"limit": 2})).json()
        rest = (await http.get("/episodes", params={"after": listed[-1]["id"]})).json()
        assert {one["id"] for one in listed + rest} == {episode["id"], fork["id"], whole["id"]}
        assert (await http.delete(f"/episodes/{fork['id']}")).status_code == 204
        assert (await http.get(f"/episodes/{fork['id']}")).json()["closed"]
        closed = await mcp_call(http, fork["mcp_url"], "renew_loan", loan_id="L5101")
        assert closed["isError"] and "closed" in closed["content"][0]["text"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("GET", "/episodes/guess", None, 404, "no such episode"),
        ("GET", "/environments/nowhere", None, 404, "there are: library"),
        ("POST", "/episodes", {}, 422, "either an environment or a task"),
        ("POST", "/episodes", {"environment": "library", "task": "x"}, 422, "either an environment or a task"),
        ("POST", "/episodes", {"environment": "library", "sed": 1}, 422, "`body.sed`"),
        ("POST", "/episodes", {"environment": "library", "seed": -1}, 422, "`body.seed`"),
        ("POST", "/episodes", {"environment": "library", "seed": 2**63}, 422, "`body.seed`"),
        ("POST", "/episodes", {"task": "library/nothing"}, 404, "no task 'library/nothing'"),
        ("GET", "/episodes?limit=0", None, 422, "limit"),
    ],
)
async def test_bad_requests_get_one_sentence(
    library_api: Api, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    async with library_api() as http:
        response = await http.request(method, path, json=body)
        assert response.status_code == status
        assert reason in response.json()["error"]


async def test_a_verdict_needs_a_task_and_a_fork_a_step_that_is_there(library_api: Api) -> None:
    async with library_api() as http:
        episode = (await http.post("/episodes", json={"environment": "library"})).json()
        assert (await http.post(f"/episodes/{episode['id']}/verdict")).status_code == 409
        assert (await http.post(f"/episodes/{episode['id']}/fork", json={"step": 5})).status_code == 404


async def test_the_control_api_has_its_own_key_and_an_episodes_url_needs_none(library_api: Api) -> None:
    async with library_api("s3cret") as http:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "s3cret2"}):
            refused = await http.post("/episodes", json={"environment": "library"}, headers=headers)
            assert refused.status_code == 401
            assert "s3cret" not in refused.text
        key = {"authorization": "Bearer s3cret"}
        episode = (await http.post("/episodes", json={"environment": "library"}, headers=key)).json()
        assert not (await mcp_call(http, episode["mcp_url"], "get_patron", patron_id="B2040")).get("isError")
        for path in ("", "/state", "/log", "/diff"):
            assert (await http.get(f"/episodes/{episode['id']}{path}")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1.evil.example"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
        ({"host": "localhost:1"}, 200),
        ({"host": "127.0.0.2:1"}, 200),
    ],
)
async def test_web_pages_cannot_reach_a_local_server(library_api: Api, headers: dict[str, str], status: int) -> None:
    async with library_api() as http:
        assert (await http.get("/environments", headers=headers)).status_code == status


async def test_the_openapi_description_names_every_verb(library_api: Api) -> None:
    async with library_api() as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
        assert {(path, verb) for path, verbs in paths.items() for verb in verbs} == {
            ("/healthz", "get"),
            ("/metrics", "get"),
            ("/environments", "get"),
            ("/environments/{environment}", "get"),
            ("/environments/{environment}/tasks", "get"),
            ("/episodes", "get"),
            ("/episodes", "post"),
            ("/episodes/{episode}", "get"),
            ("/episodes/{episode}", "delete"),
            ("/episodes/{episode}/state", "get"),
            ("/episodes/{episode}/diff", "get"),
            ("/episodes/{episode}/log", "get"),
            ("/episodes/{episode}/trajectory", "get"),
            ("/tasks/{task}", "get"),
            ("/episodes/{episode}/answer", "put"),
            ("/episodes/{episode}/fork", "post"),
            ("/episodes/{episode}/conversation", "put"),
            ("/episodes/{episode}/verdict", "get"),
            ("/episodes/{episode}/verdict", "post"),
        }


async def test_faults_by_name_and_by_object_and_task_ids_with_and_without(library_api: Api) -> None:
    async with library_api() as http:
        wish = {"task": "library/renew_one", "faults": "drifted"}
        opened = (await http.post("/episodes", json=wish)).json()
        assert opened["task"] == "library/renew_one~drifted"
        assert opened["faults"]["name"] == "drifted"
        verdict = (await http.post(f"/episodes/{opened['id']}/verdict", json={})).json()
        assert (verdict["task"], verdict["outcome"]) == ("library/renew_one~drifted", "fail")
        for body in ({**wish, "task": "library/renew_one~drifted"}, {"task": "library/renew_one~drifted"}):
            again = (await http.post("/episodes", json=body)).json()
            assert (again["task"], again["faults"]) == (opened["task"], opened["faults"])
        own = {"name": "mine", "transient": 0.5}
        assert (await http.post("/episodes", json={**wish, "faults": own})).json()["faults"]["transient"] == 0.5


@pytest.mark.parametrize(
    ("wish", "status", "reason"),
    [
        ({"environment": "library", "faults": {"name": "m", "transient": 2}}, 422, "`body.faults.transient`"),
        ({"environment": "library", "faults": "stormy"}, 404, "there is no fault profile 'stormy'; there are: flaky"),
        ({"task": "library/renew_one", "faults": {"name": "m", "transient": 1}}, 400, "cannot be done under these"),
        ({"task": "library/renew_one~", "faults": None}, 404, "there is no task 'library/renew_one~' here"),
        ({"task": "library/renew_one~stormy"}, 404, "there is no fault profile 'stormy'"),
        ({"task": "library/renew_one~flaky", "faults": "busy"}, 400, "is under the fault profile flaky"),
    ],
)
async def test_faults_that_make_no_sense_are_refused_at_once(
    library_api: Api, wish: dict[str, Any], status: int, reason: str
) -> None:
    async with library_api() as http:
        answer = await http.post("/episodes", json=wish)
        assert answer.status_code == status
        assert reason in answer.json().get("error", "")


async def test_a_body_that_is_no_json_is_told_so(library_api: Api) -> None:
    async with library_api() as http:
        broken = await http.post("/episodes", content=b'{"a":', headers={"content-type": "application/json"})
        assert (broken.status_code, "the body is no JSON" in broken.text) == (400, True)
        form = await http.post("/episodes", content=b'{"task": "x"}', headers={"content-type": "text/plain"})
        assert (form.status_code, "content-type: application/json" in form.text) == (422, True)


async def test_environments_are_listed_page_by_page(library_api: Api) -> None:
    async with library_api() as http:
        assert [one["id"] for one in (await http.get("/environments?limit=1")).json()] == ["library"]
        assert (await http.get("/environments?after=library")).json() == []


async def test_bodies_are_bounded(library_api: Api) -> None:
    async with library_api() as http:
        wish = {"environment": "library", "padding": "x" * (1 << 20)}
        assert (await http.post("/episodes", json=wish)).status_code == 413


async def test_a_call_that_no_model_answered_voids_the_verdict_until_it_is_made() -> None:
    """The agent asked, and the host had no answer: that says nothing about the agent."""
    renewed: dict[str, Any] = {"loan_id": "L5101"}
    model = ScriptedModel([ModelError("m at http://h does not answer")])
    simulation = SimulationPlan(overrides={"renew_loan": "model"}, model=model)
    suite = await load_suite(["library"], simulation=simulation)
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(build_app(episodes)), base_url="http://127.0.0.1"
        ) as api:
            opened = (await api.post("/episodes", json={"task": "library/renew_one"})).json()
            episode = await episodes.get(opened["id"])
            with pytest.raises(ModelError):
                await episode.call(Call(name="renew_loan", arguments=renewed))
            verdict = (await api.post(f"/episodes/{opened['id']}/verdict", json={"answer": "23 March"})).json()
    assert (verdict["outcome"], verdict["blame"]["party"]) == ("void", "host")
    assert "does not answer" in verdict["blame"]["message"]


async def test_a_group_of_episodes_is_opened_with_one_request_and_brings_tools_and_policy(library_api: Api) -> None:
    async with library_api() as http:
        wish = {"task": "library/renew_one", "count": 8, "include": ["tools", "policy"], "trial": 3}
        answer = await http.post("/episodes", json=wish)
        group = answer.json()
        assert (answer.status_code, len(group), len({one["id"] for one in group})) == (201, 8, 8)
        assert {one["digest"] for one in group} == {group[0]["digest"]}
        listed = (await http.get(f"/episodes/{group[0]['id']}/tools")).json()
        assert {"policy": group[7]["policy"], "tools": group[7]["tools"]} == listed
        trials = [(await http.get(f"/episodes/{one['id']}/trajectory")).json()["trial"] for one in group]
        assert trials == list(range(3, 11))
        assert (await http.post("/episodes", json={**wish, "count": 1})).json()[0]["policy"] == group[0]["policy"]
        assert (await http.post("/episodes", json={**wish, "count": 0})).status_code == 422
        assert (await http.post("/episodes", json={**wish, "count": 1001})).status_code == 422
        assert (await http.post("/episodes", json={**wish, "include": ["truth"]})).status_code == 422
        plain = (await http.post("/episodes", json={"task": "library/renew_one"})).json()
        assert (plain["tools"], plain["policy"]) == (None, None)


async def test_tasks_tell_whether_they_need_a_user_and_the_split_that_they_are_in(library_api: Api) -> None:
    async with library_api() as http:
        listed = (await http.get("/environments/library/tasks?detail=1")).json()
        assert {one["needs_user"] for one in listed} == {True} and {one["split"] for one in listed} == {"train"}
        [one] = [task for task in listed if task["id"] == "library/renew_one"]
        assert (await http.get("/tasks/library/renew_one")).json() == one
