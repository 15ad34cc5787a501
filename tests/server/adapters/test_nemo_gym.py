"""The NeMo Gym adapter, driven as NeMo's two agents drive it; the agents themselves do so in tests/foreign."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.support.library_runs import MISTAKEN, RENEW_ONE, RIGHT, RUNS, Calls, Run, Says, Turn
from tests.support.unanswering import ADDRESS, unanswering_library

from toolworld.datasets import TaskSuite
from toolworld.server import Episodes, build_nemo_gym, open_episodes


@asynccontextmanager
async def resources_server(suite: TaskSuite) -> AsyncGenerator[tuple[httpx.AsyncClient, Episodes]]:
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        transport = httpx.ASGITransport(build_nemo_gym(episodes))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield http, episodes


def item(turn: Turn, number: int) -> dict[str, Any]:
    """A turn as an item of the Responses API."""
    if isinstance(turn, Says):
        content = [{"type": "output_text", "text": turn.text}]
        return {"type": "message", "role": "assistant", "content": content}
    arguments = json.dumps(turn.arguments)
    return {"type": "function_call", "call_id": f"call_{number}", "name": turn.name, "arguments": arguments}


def row(task: str, **fields: Any) -> dict[str, Any]:
    begin = {"input": [{"role": "user", "content": "Hello."}], "tools": []}
    return {"responses_create_params": begin, "task": task, "_ng_task_index": 0, **fields}


def only_cookies(answer: httpx.Response) -> dict[str, str]:
    """The cookies of one answer: NeMo's agents keep no others."""
    return dict(answer.cookies)


async def talk(http: httpx.AsyncClient, run: Run) -> dict[str, Any]:
    """Play a run as `gymnasium_agent` does."""
    answer = await http.post("/reset", json=row(run.task))
    for number, turn in enumerate(run.turns):
        http.cookies.clear()
        body = {**row(run.task), "response": {"output": [item(turn, number)]}}
        cookies = only_cookies(answer)
        answer = await http.post("/step", json=body, headers={"cookie": f"toolworld={cookies['toolworld']}"})
    return answer.json()


@pytest.mark.parametrize("run", RUNS)
async def test_a_rollout_with_a_user_earns_its_reward(library_suite: TaskSuite, run: Run) -> None:
    async with resources_server(library_suite) as (http, _):
        last = await talk(http, run)
        assert (last["reward"], last["terminated"], last["truncated"]) == (run.reward, True, False)
        assert last["info"]["outcome"] == ("pass" if run.reward else "fail") and not last["info"]["void"]
        assert "evidence" not in json.dumps(last)


async def play_by_name(http: httpx.AsyncClient, replies: list[str], **fields: Any) -> dict[str, Any]:
    """Play `renew_one` as `simple_agent` does, with a user's words that somebody else brought into the conversation."""
    await http.post("/seed_session", json=row("library/renew_one", **fields))
    output: list[dict[str, Any]] = []
    for number, turn in enumerate(RENEW_ONE):
        output.append(item(turn, number))
        if isinstance(turn, Calls):
            answer = await http.post(f"/{turn.name}", json=turn.arguments)
            output.append({"type": "function_call_output", "call_id": f"call_{number}", "output": answer.text})
        elif replies:
            output.append({"role": "user", "content": replies.pop(0)})
    body = row("library/renew_one", response={"output": output}, **fields)
    return (await http.post("/verify", json=body)).json()


async def test_calls_by_name_and_a_conversation_at_the_end_are_judged(library_suite: TaskSuite) -> None:
    async with resources_server(library_suite) as (http, episodes):
        replies = ["I am Amira Okafor, RV3 2LN.", "Yes, please.", "Thank you."]
        verified = await play_by_name(http, replies, seed=7, _ng_rollout_index=2, of_mine={"kept": True})
        assert (verified["reward"], verified["outcome"], verified["of_mine"]) == (1.0, "pass", {"kept": True})
        assert "_ng_failure_class" not in verified
        episode = await episodes.get(verified["toolworld_episode"])
        assert (episode.row.seed, episode.row.trial) == (7, 2)
        body = row("library/renew_one", response={"output": []})
        assert (await http.post("/verify", json=body)).json()["reward"] == 1.0  # it has one verdict
        late = await http.post("/find_patron", json={"name": "Amira Okafor", "postcode": "RV3 2LN"})
        assert (late.status_code, late.json()) == (409, {"error": "this episode is closed"})
        assert "toolworld" in late.cookies


@pytest.mark.parametrize(("if_unclear", "reward"), [("none", None), ("zero", 0.0), ("one", 1.0)])
async def test_a_rollout_that_cannot_be_decided_is_left_out_unless_the_row_says_otherwise(
    library_suite: TaskSuite, if_unclear: str, reward: float | None
) -> None:
    async with resources_server(library_suite) as (http, _):
        replies = ["I am Amira Okafor, RV3 2LN.", "I am not sure."]
        verified = await play_by_name(http, replies, if_unclear=if_unclear)
        assert verified["outcome"] == "unclear"
        assert verified.get("_ng_failure_class") == ("toolworld_unclear" if reward is None else None)
        assert (verified["reward"], verified.get("mask_sample", False)) == (reward or 0.0, reward is None)


async def test_a_change_that_nobody_agreed_to_fails(library_suite: TaskSuite) -> None:
    async with resources_server(library_suite) as (http, _):
        assert (await play_by_name(http, []))["reward"] == 0.0


@pytest.mark.parametrize("run", [RIGHT[1], MISTAKEN[1]])
async def test_every_request_can_be_sent_again_without_being_done_again(library_suite: TaskSuite, run: Run) -> None:
    """NeMo's client repeats a request whose answer was lost, and with it the cookie that it had."""
    async with resources_server(library_suite) as (http, episodes):
        answer = await http.post("/reset", json=row(run.task))
        for number, turn in enumerate(run.turns):
            body = {**row(run.task), "response": {"output": [item(turn, number)]}}
            headers = {"cookie": f"toolworld={only_cookies(answer)['toolworld']}"}
            http.cookies.clear()
            answers = [await http.post("/step", json=body, headers=headers) for _ in range(3)]
            assert len({one.text for one in answers}) == 1
            answer = answers[0]
        assert answer.json()["reward"] == run.reward
        [opened] = await episodes.store.episodes()
        log = await (await episodes.get(opened.id)).log()
        assert [event.call.name for event in log] == [turn.name for turn in run.turns if isinstance(turn, Calls)]


async def test_calls_that_are_sent_at_the_same_time_are_all_made(library_suite: TaskSuite) -> None:
    async with resources_server(library_suite) as (http, episodes):
        opened = await http.post("/seed_session", json=row("library/renew_one"))
        headers = {"cookie": f"toolworld={only_cookies(opened)['toolworld']}"}
        http.cookies.clear()
        for loan in ("L5101", "L5102"):
            assert (await http.post("/renew_loan", json={"loan_id": loan}, headers=headers)).status_code == 200
        assert len(await (await episodes.get(opened.json()["toolworld_episode"])).log()) == 2


async def test_a_call_that_nobody_could_simulate_ends_in_a_failure_and_never_in_a_zero() -> None:
    async with resources_server(await unanswering_library()) as (http, _):
        await http.post("/seed_session", json=row("library/renew_one"))
        answer = await http.post("/renew_loan", json={"loan_id": "L5101"})
        assert (answer.status_code, answer.text) == (502, "the call could not be simulated")
        assert "toolworld" in answer.cookies and ADDRESS not in answer.text
        body = row("library/renew_one", response={"output": [item(RENEW_ONE[-1], 0)]})
        verified = (await http.post("/verify", json=body)).json()
        assert (verified["_ng_failure_class"], verified["mask_sample"]) == ("toolworld_void_host", True)
        ended = await talk(http, RIGHT[0]._replace(turns=RENEW_ONE[:5]))
        assert (ended["truncated"], ended["terminated"], ended["info"]["void"]) == (True, False, True)
        summed = (await http.post("/aggregate_metrics", json={"verify_responses": [verified, ended]})).json()
        assert summed["agent_metrics"] == {"rollouts": 2, "rollouts_without_reward": 2}


async def test_rewards_are_summed_up_by_task_without_those_that_do_not_count(library_suite: TaskSuite) -> None:
    rollouts: list[dict[str, Any]] = [
        {"_ng_task_index": 0, "reward": 1.0},
        {"_ng_task_index": 0, "reward": 0.0},
        {"_ng_task_index": 1, "reward": 1.0, "info": {"void": False}},
        {"_ng_task_index": 1, "reward": 0.0, "info": {"void": True}},
        {"_ng_task_index": 1, "reward": 0.0, "_ng_failure_class": "toolworld_void_host"},
    ]
    async with resources_server(library_suite) as (http, _):
        summed = (await http.post("/aggregate_metrics", json={"verify_responses": rollouts})).json()
        assert summed["key_metrics"] == {"mean/reward": pytest.approx(2 / 3)}
        assert [group["mean/reward"] for group in summed["group_level_metrics"]] == [0.5, 1.0]
        assert summed["agent_metrics"]["rollouts_without_reward"] == 2
        assert (await http.post("/aggregate_metrics", json={"verify_responses": []})).json()["key_metrics"] == {}


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("/seed_session", {}, 400, "`task`: it is missing"),
        ("/seed_session", {"task": "library/none"}, 404, "there is no task 'library/none' here"),
        ("/seed_session", {"task": "library/renew_one", "seed": -1}, 400, "`seed`"),
        ("/get_patron", {"patron_id": "B2118"}, 400, "there is no session: begin with POST /seed_session"),
        ("/verify", {"task": "library/renew_one"}, 400, "there is no session"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(
    library_suite: TaskSuite, path: str, body: dict[str, Any], status: int, reason: str
) -> None:
    async with resources_server(library_suite) as (http, _):
        answer = await http.post(path, json=body)
        assert answer.status_code == status and reason in answer.json()["error"]


async def test_what_a_model_gets_wrong_is_text_for_it_and_keeps_the_session(library_suite: TaskSuite) -> None:
    async with resources_server(library_suite) as (http, _):
        await http.post("/seed_session", json=row("library/renew_one"))
        for path, content, text in (
            ("/renew_loan", b'{"loan_id": "L9"}', "There is no loan L9."),
            ("/renew_loan", b"{}", "invalid arguments for renew_loan"),
            ("/renew_loan", b"[1]", "invalid arguments for renew_loan: they are no JSON object"),
            ("/renew_loan", b"{", "invalid arguments for renew_loan"),
            ("/nothing", b"{}", "has no tool 'nothing'"),
        ):
            answer = await http.post(path, content=content)
            assert text.casefold() in answer.text.casefold() and "toolworld" in answer.cookies, answer.text


async def test_other_hosts_and_pages_are_refused(library_suite: TaskSuite) -> None:
    async with resources_server(library_suite) as (http, _):
        body = row("library/renew_one")
        assert (await http.post("/reset", json=body, headers={"host": "evil.example"})).status_code == 421
        assert (await http.post("/reset", json=body, headers={"origin": "http://evil.example"})).status_code == 403


async def test_a_void_turn_that_is_sent_again_is_answered_again_and_judged_as_void() -> None:
    async with resources_server(await unanswering_library()) as (http, _):
        await http.post("/reset", json=row("library/renew_one"))
        body = {**row("library/renew_one"), "response": {"output": [item(RENEW_ONE[4], 4)]}}
        answers = [(await http.post("/step", json=body)).json() for _ in range(3)]
        assert all(one["info"]["void"] and one["truncated"] for one in answers)
        verified = (await http.post("/verify", json=body)).json()
        assert verified["_ng_failure_class"] == "toolworld_void_host"


async def test_numbers_that_json_cannot_hold_and_earlier_marks_do_not_stay_in_a_row(library_suite: TaskSuite) -> None:
    async with resources_server(library_suite) as (http, _):
        await http.post("/seed_session", json=row("library/renew_one"))
        output = [{**item(Says("It is due."), 0), "logprobs": float("-inf")}]
        marked = row("library/renew_one", response={"output": output}, _ng_failure_class="old", mask_sample=True)
        verified = await http.post("/verify", content=json.dumps(marked))
        assert (verified.status_code, verified.json()["reward"]) == (200, 0.0)
        assert not {"_ng_failure_class", "mask_sample"} & verified.json().keys()
        rollouts = '{"verify_responses": [{"reward": 1e308}, {"reward": 1e308}, {"reward": 1%s}, {"reward": 1}]}'
        summed = await http.post("/aggregate_metrics", content=rollouts % ("0" * 400))
        assert summed.json()["agent_metrics"]["rollouts_without_reward"] == 3
        masked = [{"reward": 0.0, "mask_sample": True}, {"reward": 1.0, "_ng_failure_class": None}]
        summed = await http.post("/aggregate_metrics", json={"verify_responses": masked})
        assert summed.json()["key_metrics"] == {"mean/reward": 1.0}


async def test_a_call_that_is_sent_again_among_others_of_its_step_is_not_made_again(library_suite: TaskSuite) -> None:
    async with resources_server(library_suite) as (http, episodes):
        opened = await http.post("/seed_session", json=row("library/renew_one"))
        headers = {"cookie": f"toolworld={only_cookies(opened)['toolworld']}"}
        http.cookies.clear()
        texts = [
            (await http.post("/renew_loan", json={"loan_id": loan}, headers=headers)).text
            for loan in ("L5101", "L5102", "L5101", "L5102")
        ]
        assert texts[:2] == texts[2:]
        assert len(await (await episodes.get(opened.json()["toolworld_episode"])).log()) == 2


async def test_errors_keep_the_session_too(library_suite: TaskSuite) -> None:
    async with resources_server(library_suite) as (http, _):
        await http.post("/reset", json=row("library/renew_one"))
        for path in ("/verify", "/step"):
            answer = await http.post(path, content=b"{")
            assert (answer.status_code, "toolworld" in answer.cookies) == (400, True)
