"""The task's user at the server: anyone who has the episode's URL talks with it, and the verdict rests on it."""

import json
from typing import Any

import httpx
import pytest
from tests.support.mcp_call import mcp_call

from toolworld.datasets import Task, load_suite
from toolworld.ground import ModelError
from toolworld.llm import ScriptedModel
from toolworld.rollout import ModelUser
from toolworld.server import build_app, open_episodes

PROPOSAL = "I would renew Middlemarch until 23 March. Shall I go ahead?"


async def opened(http: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    return (await http.post("/episodes", json={"task": "library/renew_one", **body})).json()


async def say(http: httpx.AsyncClient, episode: dict[str, Any], said: str) -> dict[str, Any]:
    return (await http.post(episode["user_url"], json={"said": said})).json()


async def test_a_conversation_at_the_server_is_judged_and_shared_with_forks(library_api: Any) -> None:
    async with library_api() as http:
        episode = await opened(http)
        assert (await say(http, episode, "Your name and postcode?"))["reply"].startswith("My name is Amira Okafor.")
        await mcp_call(http, episode["mcp_url"], "find_patron", name="Amira Okafor", postcode="RV3 2LN")
        assert await say(http, episode, PROPOSAL) == {"reply": "Yes, please go ahead.", "done": False, "steps": 1}
        await mcp_call(http, episode["mcp_url"], "renew_loan", loan_id="L5101")
        fork = (await http.post(f"/episodes/{episode['id']}/fork", json={"step": 1})).json()
        assert await say(http, episode, "It is due on 23 March.") == {
            "reply": "Thank you, that is all.",
            "done": True,
            "steps": 2,
        }
        after = await http.post(episode["user_url"], json={"said": "Hello?"})
        assert (after.status_code, "goodbye" in after.json()["error"]) == (409, True)
        trajectory = (await http.get(f"/episodes/{episode['id']}/trajectory")).json()
        assert [message["role"] for message in trajectory["messages"]][:4] == ["user", "assistant", "user", "assistant"]
        assert [message["step"] for message in trajectory["messages"] if message["role"] == "tool"] == [0, 1]
        assert (await http.post(f"/episodes/{episode['id']}/verdict")).json()["outcome"] == "pass"
        await mcp_call(http, fork["mcp_url"], "renew_loan", loan_id="L5101")  # the yes was said before the fork
        await say(http, fork, "Renewed until 23 March.")
        assert (await http.post(f"/episodes/{fork['id']}/verdict")).json()["outcome"] == "pass"


@pytest.mark.parametrize(
    ("reply", "outcome"), [("Yes, please.", "pass"), ("Absolutely not.", "fail"), ("I am not sure.", "unclear")]
)
async def test_a_conversation_from_outside_is_read_for_consent(library_api: Any, reply: str, outcome: str) -> None:
    calls = [("find_patron", {"name": "Amira Okafor", "postcode": "RV3 2LN"}), ("renew_loan", {"loan_id": "L5101"})]
    async with library_api() as http:
        episode = await opened(http)
        messages: list[dict[str, Any]] = [
            {"role": "user", "content": "Amira Okafor, RV3 2LN. Renew Middlemarch, please."}
        ]
        for number, (name, arguments) in enumerate(calls):
            if number:
                messages += [{"role": "assistant", "content": PROPOSAL}, {"role": "user", "content": reply}]
            await mcp_call(http, episode["mcp_url"], name, **arguments)
            function = {"name": f"mcp__library__{name}", "arguments": json.dumps(arguments)}
            wish = {"id": f"c{number}", "type": "function", "function": function}
            messages += [
                {"role": "assistant", "content": None, "tool_calls": [wish]},
                {"role": "tool", "tool_call_id": f"c{number}", "content": "{}"},
            ]
        messages.append({"role": "assistant", "content": "It is due on 23 March."})
        verdict = (await http.post(f"/episodes/{episode['id']}/verdict", json={"messages": messages})).json()
    assert verdict["outcome"] == outcome, verdict


async def test_calls_that_a_conversation_does_not_show_are_no_plain_pass(library_api: Any) -> None:
    words = [
        {"role": "user", "content": "Amira Okafor, RV3 2LN. Renew Middlemarch, please."},
        {"role": "assistant", "content": PROPOSAL},
        {"role": "user", "content": "Yes."},
        {"role": "assistant", "content": "It is due on 23 March."},
    ]
    outcomes: list[str] = []
    async with library_api() as http:
        for messages in (words, [*words[:2], words[3]]):
            episode = await opened(http)
            await mcp_call(http, episode["mcp_url"], "find_patron", name="Amira Okafor", postcode="RV3 2LN")
            await mcp_call(http, episode["mcp_url"], "renew_loan", loan_id="L5101")
            verdict = await http.post(f"/episodes/{episode['id']}/verdict", json={"messages": messages})
            outcomes.append(verdict.json()["outcome"])
    assert outcomes == ["unclear", "fail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"said": ""}, 400), ({"said": "x" * 20_001}, 422), ({"said": 5}, 422), ({}, 422), ([], 422)],
)
async def test_odd_words_are_refused(library_api: Any, body: Any, status: int) -> None:
    async with library_api() as http:
        episode = await opened(http)
        answer = await http.post(episode["user_url"], json=body)
        assert (answer.status_code, "error" in answer.json()) == (status, True)


@pytest.mark.parametrize(
    "messages",
    [[5], [{}], [{"role": "user", "content": 5}], [{"role": "assistant", "tool_calls": [{"id": "c", "function": 5}]}]],
)
async def test_a_conversation_that_is_none_is_refused(library_api: Any, messages: Any) -> None:
    async with library_api() as http:
        episode = await opened(http)
        answer = await http.post(f"/episodes/{episode['id']}/verdict", json={"messages": messages})
        assert answer.status_code in (400, 422) and "messages" in answer.json()["error"]


async def test_an_episode_without_a_task_has_no_user(library_api: Any) -> None:
    async with library_api() as http:
        episode = (await http.post("/episodes", json={"environment": "library"})).json()
        assert episode["user_url"] is None
        assert (await http.post(f"/episodes/{episode['id']}/user", json={"said": "Hi"})).status_code == 400


async def test_the_user_can_be_a_model() -> None:
    suite = await load_suite(["library"])
    answers: list[Any] = [
        {"say": "I am Amira.", "agrees": "none", "done": False},
        {"say": "Bye.", "agrees": "none", "done": True},
    ]
    model = ScriptedModel(answers)
    async with open_episodes(suite.runtimes, suite.tasks, make_user=lambda task: ModelUser(model, task)) as episodes:
        transport = httpx.ASGITransport(build_app(episodes))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            episode = await opened(http)
            assert await say(http, episode, "Who is there?") == {"reply": "I am Amira.", "done": False, "steps": 0}
            assert (await say(http, episode, "Goodbye."))["done"] is True


async def test_a_user_that_could_not_be_simulated_voids_the_run_until_it_answers() -> None:
    suite = await load_suite(["library"])
    silent: list[Any] = [ModelError("m at http://10.1.2.3:9/v1 does not answer")]
    speaking: list[Any] = [{"say": "I am Amira.", "agrees": "none", "done": False}]
    models = iter([ScriptedModel(silent), ScriptedModel(speaking)])  # each answer has a user of its own

    def make_user(task: Task) -> ModelUser:
        return ModelUser(next(models), task)

    async with open_episodes(suite.runtimes, suite.tasks, make_user=make_user) as episodes:
        transport = httpx.ASGITransport(build_app(episodes))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            episode = await opened(http)
            said = {"said": "Who is there?"}
            refused = await http.post(episode["user_url"], json=said)
            assert (refused.status_code, refused.json()) == (
                502,
                {"error": "the user could not be simulated", "void": True},
            )
            void = (await http.post(f"/episodes/{episode['id']}/verdict")).json()
            assert (void["outcome"], void["reward"], void["blame"]["party"]) == ("void", None, "host")
            assert (await http.post(episode["user_url"], json=said)).json()["reply"] == "I am Amira."
            assert (await http.post(f"/episodes/{episode['id']}/verdict")).json()["outcome"] == "fail"


async def test_words_are_bounded_however_they_come(library_api: Any) -> None:
    async with library_api() as http:
        episode = await opened(http)
        refused = await http.post(episode["user_url"], json={"said": "x" * 20_001})
        assert (refused.status_code, "20000" in refused.json()["error"]) == (422, True)
