"""The client against a real server: with async and without, in threads, after a fork, and through a pickle."""

import asyncio
import contextlib
import json
import multiprocessing
import pickle
import subprocess
import sys
import threading
from typing import Any

import anyio
import pytest
from tests.client.conftest import served_in_a_thread
from tests.support.library_runs import RENEW_ONE, RIGHT, RUNS, Calls, Run, Says
from tests.support.unanswering import ADDRESS, unanswering_library

from toolworld.datasets import load_suite
from toolworld_client import (
    AsyncToolworld,
    RefusedError,
    Task,
    Toolworld,
    ToolworldError,
    UnreachableError,
    VoidRun,
    requests,
)

Message = dict[str, Any]


class Scripted:
    """A policy that takes the turns of a run."""

    def __init__(self, run: Run) -> None:
        self._turns = iter(run.turns)

    def __call__(self, messages: list[Message], tools: list[Message]) -> Message | str:
        assert messages[0]["role"] == "system" and len(tools) == 16
        turn = next(self._turns)
        if isinstance(turn, Says):
            return turn.text
        function = {"name": turn.name, "arguments": json.dumps(turn.arguments)}
        call = {"id": f"c{len(messages)}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}


@pytest.mark.parametrize("run", RUNS)
def test_a_policy_plays_a_task_and_gets_its_reward(library_url: str, run: Run) -> None:
    with Toolworld(library_url) as world:
        verdict = world.play(run.task, Scripted(run))
        assert (verdict.reward, verdict.outcome) == (run.reward, "pass" if run.reward else "fail")
        assert [message["role"] for message in verdict.messages][:3] == ["system", "user", "assistant"]
        assert verdict.required() == run.reward and not verdict.is_void
        assert verdict.metrics["toolworld/state"] == run.reward


@pytest.mark.parametrize("run", RUNS)
async def test_a_policy_plays_a_task_and_gets_its_reward_with_async(library_url: str, run: Run) -> None:
    async with AsyncToolworld(library_url) as world:
        scripted = Scripted(run)

        async def policy(messages: list[Message], tools: list[Message]) -> Message | str:
            await asyncio.sleep(0)
            return scripted(messages, tools)

        assert (await world.play(run.task, policy)).reward == run.reward
        assert (await world.play(run.task, Scripted(run))).reward == run.reward


def test_calls_forks_states_and_records(library_url: str) -> None:
    with Toolworld(library_url) as world, world.episode("library/renew_one", seed=3) as episode:
        assert episode.request is not None and episode.request.startswith("Hello, I have Middlemarch")
        assert episode.seed == 3 and episode.policy.startswith("# ")
        found = episode.call("find_patron", name="Amira Okafor", postcode="RV3 2LN")
        assert (found.ok, found.step, found.data["patron_id"]) == (True, 0, "B2040")
        refused = episode.call("renew_loan", {"loan_id": "L9"})
        assert refused.error is not None
        assert (refused.error.kind, refused.error.code, str(refused)) == (
            "tool",
            "loan_not_found",
            "There is no loan L9.",
        )
        nothing = episode.call("fly")
        assert nothing.error is not None and (nothing.error.code, nothing.step) == ("unknown_tool", None)
        assert episode.say("Your name?").text.startswith("My name is Amira")
        assert episode.call("renew_loan", loan_id="L5101").ok
        branch = episode.fork(step=2)
        assert (branch.step, branch.diff(), branch.exchange) == (2, [], 1)
        assert branch.call("renew_loan", loan_id="L5102").ok and not branch.say("And when?").done
        assert (episode.step, len(episode.diff()), len(episode.log())) == (3, 1, 3)
        assert "loans" in episode.state()["collections"]
        assert episode.trajectory()["task"] == "library/renew_one"
        again = world.resume(episode.id)
        assert (again.step, again.exchange, again.request) == (3, 1, episode.request)
        branch.close()
        again.close()
        with pytest.raises(RefusedError, match="this episode is closed"):
            episode.call("list_loans", patron_id="B2040")
    with Toolworld(library_url) as world, world.episode(environment="library") as plain:
        with pytest.raises(ToolworldError, match="there is no user to speak to"):
            plain.say("Hello?")


async def test_the_same_with_async(library_url: str) -> None:
    async with AsyncToolworld(library_url) as world:
        episode = await world.episode("library/renew_one")
        assert (await episode.call("find_patron", name="Amira Okafor", postcode="RV3 2LN")).ok
        assert (await episode.say("Your postcode?")).text
        branch = await episode.fork()
        assert (await branch.call("renew_loan", {"loan_id": "L5101"})).step == 1
        assert (await episode.diff(), len(await branch.log())) == ([], 2)
        assert (await episode.trajectory())["task"] == "library/renew_one" and await episode.state()
        assert (await world.resume(episode.id)).step == 1
        assert (await episode.verdict("It is due.")).reward == 0.0
        await episode.close()


async def test_calls_of_one_episode_at_the_same_time_are_all_made(library_url: str) -> None:
    async with AsyncToolworld(library_url) as world, world.episode(environment="library") as episode:
        results = await asyncio.gather(*(episode.call("list_loans", patron_id="B2040") for _ in range(20)))
        assert sorted(result.step or 0 for result in results) == list(range(20))


def test_tasks_are_listed_by_split_and_opened_as_a_group(library_url: str) -> None:
    with Toolworld(library_url) as world:
        tasks = list(world.tasks("library", split="train"))
        assert list(world.tasks("library", split="test")) == []
        assert [one.id for one in world.environments()] == ["library"] and list(world.tasks()) == tasks
        [task] = [task for task in tasks if task.id == "library/renew_one"]
        assert world.task(task.id) == task and task.needs_user and task.scenario["facts"]["postcode"] == "RV3 2LN"
        group = world.episodes(task, count=8, seed=1)
        assert len({episode.id for episode in group}) == 8 and {episode.seed for episode in group} == {1}
        faulty = world.episode(task, faults="flaky")
        assert faulty.task == "library/renew_one~flaky"
        with pytest.raises(RefusedError, match="there is no task 'library/none' here"):
            world.episode("library/none")
        with pytest.raises(ToolworldError, match="name a task, or an environment"):
            world.episode()


@pytest.mark.parametrize("written", ['{"patron_id": "B2040"}', {"patron_id": "B2040"}])
def test_a_tool_call_is_answered_in_its_own_dialect(library_url: str, written: Any) -> None:
    with Toolworld(library_url) as world, world.episode(environment="library") as episode:
        chat = {"id": "a", "type": "function", "function": {"name": "list_loans", "arguments": written}}
        answer = episode.answer_tool_call(chat)
        assert (answer["role"], answer["tool_call_id"], "Middlemarch" in answer["content"]) == ("tool", "a", True)
        answer = episode.answer_tool_call(
            {"type": "function_call", "call_id": "b", "name": "list_loans", "arguments": written}
        )
        assert (answer["type"], answer["call_id"], "Kim" in answer["output"]) == ("function_call_output", "b", True)
        answer = episode.answer_tool_call({"type": "tool_use", "id": "c", "name": "list_loans", "input": written})
        assert (answer["type"], answer["tool_use_id"], answer["is_error"]) == ("tool_result", "c", False)


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("list_loans", "{oops", "they are no JSON object"),
        ("list_loans", "[1]", "they are no JSON object"),
        ("list_loans", "[" * 100_000, "they are no JSON object"),
        ("list_loans", "", "patron_id"),
        ("list_loans", '{"patron_id": NaN}', "invalid arguments for list_loans"),
        ("list_loans", '{"patron_id": "\\ud800"}', "invalid arguments for list_loans"),
        ("list_loans", json.dumps({"patron_id": "x" * (1 << 21)}), "too large"),
        ("list_loans", '{"a": ' * 990 + "1" + "}" * 990, "invalid arguments for list_loans"),
        ("fly", "{}", "has no tool 'fly'"),
    ],
)
def test_what_a_model_gets_wrong_is_text_for_it(library_url: str, name: str, written: str, said: str) -> None:
    with Toolworld(library_url) as world, world.episode(environment="library") as episode:
        call = {"id": "a", "function": {"name": name, "arguments": written}}
        assert said in episode.answer_tool_call(call)["content"]
        assert episode.call("list_loans", patron_id="B2040").ok  # and the next call finds its step


@pytest.mark.parametrize(("said", "why"), [(" ", "say something to the user"), ("x" * 20_001, "20000"), ("\ud800", "")])
def test_words_that_are_none_or_too_many_are_not_heard_and_the_agent_is_told(
    library_url: str, said: str, why: str
) -> None:
    with Toolworld(library_url) as world, world.episode("library/renew_one") as episode:
        heard = episode.say(said)
        assert not heard.done and heard.text.startswith("(The user did not hear this: ") and why in heard.text
        assert "Amira" in episode.say("Your name, please?").text and episode.exchange == 1


async def test_the_agent_is_told_the_same_with_async(library_url: str) -> None:
    async with AsyncToolworld(library_url) as world, world.episode("library/renew_one") as episode:
        assert "say something" in (await episode.say("")).text
        with pytest.raises(RefusedError):
            await world.task("library/none")


def seven(messages: list[Message], tools: list[Message]) -> int:
    """No policy."""
    return 7


def test_what_the_program_gets_wrong_raises(library_url: str) -> None:
    with Toolworld(library_url) as world, world.episode("library/renew_one") as episode:
        with pytest.raises(ToolworldError, match="this is no tool call"):
            episode.answer_tool_call({"name": "list_loans"})
    with pytest.raises(ToolworldError, match="'localhost' is no URL of a server"):
        Toolworld("localhost")
    with Toolworld(library_url) as world, pytest.raises(ToolworldError, match="a policy answers with a message"):
        world.play("library/renew_one", seven)


def test_tools_are_told_in_four_dialects(library_url: str) -> None:
    with Toolworld(library_url) as world, world.episode(environment="library") as episode:
        tools = episode.tools
        assert len(tools) == 16 and tools.names[0] == "find_patron" and tools[0]["effect"] == "read"
        assert tools.chat()[0]["function"]["parameters"] == tools[0]["input_schema"]
        assert tools.responses()[0]["name"] == "find_patron" and tools.responses()[0]["strict"] is False
        assert tools.anthropic()[0]["input_schema"] == tools.mcp()[0]["inputSchema"] == tools[0]["input_schema"]


def test_a_run_that_nobody_could_simulate_is_void_and_never_a_zero() -> None:
    with served_in_a_thread(anyio.run(unanswering_library)) as server, Toolworld(server.url) as world:
        with world.episode("library/renew_one") as episode, pytest.raises(VoidRun) as raised:
            episode.call("renew_loan", loan_id="L5101")
        assert str(raised.value) == "the call could not be simulated" and ADDRESS not in str(raised.value)
        verdict = world.play(RIGHT[0].task, Scripted(RIGHT[0]))
        assert (verdict.outcome, verdict.reward, verdict.is_void) == ("void", None, True)
        assert verdict.metrics == {}
        with pytest.raises(VoidRun, match="the run is void"):
            verdict.required()

        async def play() -> float | None:
            async with AsyncToolworld(server.url) as there:
                return (await there.play(RIGHT[0].task, Scripted(RIGHT[0]))).reward

        assert anyio.run(play) is None


def test_an_unclear_run_has_the_reward_that_was_asked_for(library_url: str) -> None:
    rewards: list[float | None] = []
    with Toolworld(library_url) as world:
        for if_unclear in ("none", "zero", "one"):
            with world.episode("library/renew_one") as episode:
                for turn in RENEW_ONE:
                    if isinstance(turn, Calls):
                        episode.call(turn.name, turn.arguments)
                rewards.append(episode.verdict("Renewed until 23 March.", if_unclear=if_unclear).reward)
    assert rewards == [None, 0.0, 1.0]


def test_a_conversation_that_was_held_elsewhere_is_judged(library_url: str) -> None:
    with Toolworld(library_url) as world, world.episode("library/renew_one") as episode:
        messages = episode.messages
        replies = iter(["Amira Okafor, RV3 2LN.", "Yes, please.", "Thanks."])
        for number, turn in enumerate(RENEW_ONE):
            if isinstance(turn, Calls):
                call = {"id": str(number), "function": {"name": turn.name, "arguments": json.dumps(turn.arguments)}}
                messages += [{"role": "assistant", "tool_calls": [call]}, episode.answer_tool_call(call)]
            else:
                messages += [{"role": "assistant", "content": turn.text}, {"role": "user", "content": next(replies)}]
        assert episode.verdict(messages=messages).reward == 1.0


def test_one_client_works_in_many_threads(library_url: str) -> None:
    rewards: list[float | None] = []
    with Toolworld(library_url) as world:
        threads = [
            threading.Thread(target=lambda: rewards.append(world.play(RIGHT[1].task, Scripted(RIGHT[1])).reward))
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert rewards == [1.0] * 16


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_an_episode_goes_on_in_a_fork_of_the_process(library_url: str) -> None:
    context = multiprocessing.get_context("fork")
    with Toolworld(library_url) as world, world.episode("library/renew_one") as episode:
        episode.call("list_loans", patron_id="B2040")
        told = context.SimpleQueue()

        def go_on() -> None:
            told.put((episode.call("renew_loan", loan_id="L5101").step, world.episode("library/renew_one").step))

        process = context.Process(target=go_on)
        process.start()
        process.join(30)
        assert told.get() == (1, 0)
        assert episode.world.task("library/renew_one").seed == 0  # the parent's own connections are whole


def test_an_episode_goes_on_in_a_process_of_its_own(library_url: str) -> None:
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer).call('renew_loan', loan_id='L5101').step)"
    with Toolworld(library_url) as world, world.episode("library/renew_one") as episode:
        episode.call("list_loans", patron_id="B2040")
        done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(episode), capture_output=True)
        assert done.stdout.split() == [b"1"], done.stderr


async def test_a_call_that_was_given_up_does_not_block_the_next_one(library_url: str) -> None:
    """Whether the server has made it or not: the client hears of it when it names the wrong step."""
    async with AsyncToolworld(library_url) as world, world.episode("library/renew_one") as episode:
        assert (await episode.call("list_loans", patron_id="B2040")).step == 0
        for seconds in (0.0001, 0.001, 0.002, 0.005):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(episode.call("get_patron", patron_id="B2040"), seconds)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(episode.say(f"Your name? ({seconds})"), seconds)
        await asyncio.sleep(0.1)
        assert (await episode.call("list_loans", patron_id="B2040")).ok
        assert (await episode.say("And your postcode?")).text
        log = await episode.log()
        assert episode.step == len(log) and [event["step"] for event in log] == list(range(len(log)))


def test_others_may_call_in_the_same_episode(library_url: str) -> None:
    with Toolworld(library_url) as world, world.episode("library/renew_one") as episode:
        other = world.resume(episode.id)
        for number in range(3):
            assert other.call("list_loans", patron_id="B2040").step == 2 * number
            assert episode.call("get_patron", patron_id="B2040").step == 2 * number + 1
        assert other.say("Your name?").text and episode.say("Your postcode?").text and other.exchange == 1


def test_what_was_found_counts_more_than_whether_the_episode_could_be_closed(
    library_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(episode: str) -> Any:
        raise UnreachableError("nobody is there any more")

    with Toolworld(library_url) as world:
        monkeypatch.setattr(requests, "closing", unreachable)
        assert world.play(RIGHT[0].task, Scripted(RIGHT[0])).reward == 1.0
        with pytest.raises(KeyError, match="mine"), world.episode("library/renew_one"):
            raise KeyError("mine")


def test_one_client_in_many_event_loops_keeps_only_those_that_run(library_url: str) -> None:
    world = AsyncToolworld(library_url)

    async def ask() -> int:
        seed = (await world.task("library/renew_one")).seed
        await world.close()
        return seed

    assert [asyncio.run(ask()) for _ in range(5)] == [0] * 5


async def test_a_cancelled_block_closes_its_episode(library_url: str) -> None:
    async with AsyncToolworld(library_url) as world:
        opened: list[str] = []
        with anyio.move_on_after(0.5):
            async with world.episode("library/renew_one") as episode:
                opened.append(episode.id)
                await anyio.sleep(5)
        await anyio.sleep(0.2)
        again = await world.resume(opened[0])
        with pytest.raises(RefusedError, match="closed"):
            await again.call("list_loans", patron_id="B2040")


def test_a_split_or_a_name_that_cannot_be_is_refused_here(library_url: str) -> None:
    with Toolworld(library_url) as world:
        with pytest.raises(ToolworldError, match="there is no split 'nights'"):
            list(world.tasks("library", split="nights"))
        with pytest.raises(ToolworldError, match="is no id of a task"):
            world.task("../episodes")
    with pytest.raises(ToolworldError, match="is no URL of a server"):
        Toolworld("http://[::1")


@pytest.mark.parametrize("talks", [True, False])
def test_last_words_are_said_where_they_have_talked(library_url: str, talks: bool) -> None:
    with Toolworld(library_url) as world, world.episode("library/renew_one") as episode:
        *most, last = RENEW_ONE
        for turn in most:
            if isinstance(turn, Calls):
                episode.call(turn.name, turn.arguments)
            elif talks:
                episode.say(turn.text)
        assert isinstance(last, Says)
        assert episode.finish(last.text).reward == (1.0 if talks else None)
        assert episode.is_done is talks and episode.exchange == (3 if talks else 0)


async def test_last_words_are_said_with_async_once_only(library_url: str) -> None:
    async with AsyncToolworld(library_url) as world, world.episode("library/renew_one") as episode:
        for turn in RENEW_ONE:
            await (episode.say(turn.text) if isinstance(turn, Says) else episode.call(turn.name, turn.arguments))
        assert (await episode.finish("Goodbye.")).reward == 1.0 and episode.exchange == 3


async def test_a_pickle_holds_what_is_needed_and_no_token(library_url: str) -> None:
    with Toolworld(library_url, token="hush-hush") as world, world.episode("library/renew_one") as episode:
        episode.call("list_loans", patron_id="B2040")
        copied = pickle.dumps(episode)
        assert b"hush-hush" not in copied + pickle.dumps(world)
        unpickled = pickle.loads(copied)
        assert unpickled.call("renew_loan", loan_id="L5101").step == 1
        unpickled.world.close()
    async with AsyncToolworld(library_url) as there, there.episode("library/renew_one") as opened:
        await opened.say("Your name?")
        again = pickle.loads(pickle.dumps(opened))
        assert (await again.say("Your postcode?")).text and again.exchange == 2
        await again.world.close()
        problem = pickle.loads(pickle.dumps(RefusedError("no", 409, True)))
        assert (str(problem), problem.status, problem.was_repeated) == ("no", 409, True)


def test_the_token_and_the_url_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with served_in_a_thread(anyio.run(load_suite, ["library"]), "secret") as server:
        monkeypatch.setenv("TOOLWORLD_URL", server.url)
        with Toolworld() as world, pytest.raises(RefusedError, match="bearer token of TOOLWORLD_TOKEN"):
            world.task("library/renew_one")
        monkeypatch.setenv("TOOLWORLD_TOKEN", "secret")
        with Toolworld() as world:
            assert isinstance(world.task("library/renew_one"), Task)
            with world.episode("library/renew_one") as episode:
                assert "told" in str(episode.verdict("It is due.").document)  # the evidence
