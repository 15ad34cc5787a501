"""Exports of runs: what their documented formats say, read by readers that were written from those alone."""

import json
from functools import cache
from typing import Any

import anyio
import pytest

from toolworld.datasets import Task, Trajectory, to_chat, to_conversation, to_sharegpt, to_synthtools
from toolworld.environments import Environment, Runtime, RuntimePool, SimulationPlan, compose_environments
from toolworld.llm import Message, ToolCall
from toolworld.rollout import TaskGenerator, Trial
from toolworld.server import InProcessHost, open_episodes

ENVIRONMENT: Environment = next(compose_environments("dental practice", 1, seed=5))
RECORD = {"conversation_id", "messages", "tool_calls", "tool_outputs", "metadata"}
METADATA = {
    "conversation_id",
    "seed",
    "tool_ids_used",
    "num_turns",
    "num_clarification_questions",
    "memory_grounding_rate",
    "corpus_memory_enabled",
    "pattern_type",
    "sampling_mode",
    "domain",
    "endpoint_ids",
    "num_tool_calls",
    "num_distinct_tools",
}
ROW = {"id", "field", "summary", "tools", "gt_tool_calls", "initial_state", "final_state"}


@cache
def trials() -> tuple[Trial, ...]:
    pool = RuntimePool.of([ENVIRONMENT], SimulationPlan(trusted=True))
    found: list[Trial] = []

    async def play() -> None:
        async for _ in TaskGenerator(pool, seed=3).generate(
            12, lambda suite: hosted(open_episodes(suite.runtimes, suite.tasks)), found.append
        ):
            pass

    anyio.run(play)
    return tuple(found)


class hosted:  # noqa: N801 - a context manager, used like a function
    def __init__(self, episodes: Any) -> None:
        self.episodes = episodes

    async def __aenter__(self) -> InProcessHost:
        return InProcessHost(await self.episodes.__aenter__())

    async def __aexit__(self, *problem: Any) -> None:
        await self.episodes.__aexit__(*problem)


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_a_conversation_record_has_what_is_documented_and_its_counts_are_right() -> None:
    for task, run, _ in trials():
        record = plain(to_conversation(task, run, ENVIRONMENT, steered=True))
        assert {*record} == RECORD and {*record["metadata"]} == METADATA
        said = record["metadata"]
        called = [one["name"] for one in record["tool_calls"]]
        assert said["num_tool_calls"] == len(called) == len(record["tool_outputs"]) == len(said["endpoint_ids"])
        assert said["num_distinct_tools"] == len({*called}) == len(said["tool_ids_used"])
        assert said["num_turns"] == len(record["messages"])
        in_messages = [
            call
            for one in record["messages"]
            for call in one.get("tool_calls", [])
            if {*call} == {"name", "parameters"}
        ]
        assert in_messages == record["tool_calls"]
        assert all(
            {"role", "content"} <= {*one} <= {"role", "content", "tool_calls", "name"} for one in record["messages"]
        )
        outputs = [one for one in record["messages"] if one["role"] == "tool"]
        assert [one["name"] for one in outputs] == [one["name"] for one in record["tool_outputs"]]
    asked = [to_conversation(task, run, ENVIRONMENT)["metadata"] for task, run, _ in trials()]
    counts = [plain(one)["num_clarification_questions"] for one in asked]
    assert 0 in counts and max(counts) > 0


def test_sharegpt_turns_alternate_and_end_with_the_assistant() -> None:
    for _, run, _ in trials():
        row = plain(to_sharegpt(run, ENVIRONMENT))
        turns = row["conversations"]
        assert all(one["from"] in ("human", "observation") for one in turns[0::2])
        assert all(one["from"] in ("gpt", "function_call") for one in turns[1::2])
        assert len(turns) % 2 == 0
        calls = [json.loads(one["value"]) for one in turns if one["from"] == "function_call"]
        assert [{"name": one.call.name, "arguments": plain(one.call.arguments)} for one in run.log] == calls
        assert {one["name"] for one in json.loads(row["tools"])} == {one.name for one in ENVIRONMENT.tools_of("agent")}


def test_calls_at_once_are_one_turn_and_so_are_their_results() -> None:
    calls = tuple(ToolCall(id=f"c{number}", name="look", arguments={"at": number}) for number in range(2))
    messages = (
        Message(role="user", content="Look."),
        Message(role="assistant", tool_calls=calls),
        Message(role="tool", content="1", tool_call_id="c0"),
        Message(role="tool", content="2", tool_call_id="c1"),
        Message(role="assistant", content="Both."),
        Message(role="user", content="Thanks."),
    )
    run = trials()[0].trajectory.model_copy(update={"messages": messages})
    turns = plain(to_sharegpt(run, ENVIRONMENT))["conversations"]
    assert [one["from"] for one in turns] == ["human", "function_call", "observation", "gpt"]
    assert [one["arguments"]["at"] for one in json.loads(turns[1]["value"])] == [0, 1] and turns[2]["value"] == "1\n2"


def test_openai_messages_link_each_result_to_its_call_by_an_id_of_nine_letters_and_digits() -> None:
    for _, run, _ in trials():
        messages = plain(to_chat(run, ENVIRONMENT))["messages"]
        asked = [call["id"] for one in messages for call in one.get("tool_calls") or ()]
        assert asked == [one["tool_call_id"] for one in messages if one["role"] == "tool"]
        assert all(len(one) == 9 and one.isalnum() for one in asked) and len({*asked}) == len(asked)


def test_a_synthtools_row_has_its_seven_fields_and_its_final_state_is_what_the_calls_led_to() -> None:
    runtime = Runtime(ENVIRONMENT, simulation=SimulationPlan(trusted=True))
    task = next(one.task for one in trials() if one.task.truth.changes)
    row = to_synthtools(task, runtime).model_dump(mode="json")
    assert {*row} == ROW and len(row["gt_tool_calls"]) == len(task.calls)
    assert row["summary"] == task.request and row["initial_state"] != row["final_state"]


@pytest.mark.parametrize("index", range(3))
def test_what_is_exported_does_not_depend_on_who_exports_it(index: int) -> None:
    task, run, _ = trials()[index]
    pair: tuple[Task, Trajectory] = (task, Trajectory.model_validate_json(run.model_dump_json()))
    assert to_conversation(*pair, ENVIRONMENT) == to_conversation(task, run, ENVIRONMENT)
