"""Tasks that a model writes, runs of tasks as responses, and both repaired."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.script_model import ScriptModel

from toolworld.cli.commands.tasks_check import open_host
from toolworld.datasets import AgoraConfig, GeneratedRows, OutputPaths, TaskSuite, load_suite, preview
from toolworld.datasets.generation.training.shapes import training_row
from toolworld.ground import ModelError, RecordError, UsageError
from toolworld.llm import Request, ScriptedModel, open_models, parse_budget
from toolworld.rollout import Host, accepted_runs, agora_for_tasks, failed_run, written_tasks

QUIET = AgoraConfig(show_progress=False, retry_delay=0, near_duplicates=0.95)


@dataclass
class Library:
    suite: TaskSuite
    host: Host


@asynccontextmanager
async def opened() -> AsyncGenerator[Library]:
    suite = await load_suite(["library"])
    async with open_host(suite) as host:
        yield Library(suite, host)


def drafts(suite: TaskSuite) -> list[dict[str, Any]]:
    """Drafts as a model would write them: the library's own tasks in other words, as far as no call is refused."""
    made: list[dict[str, Any]] = []
    for task in suite.tasks:
        if any(one.error for one in task.calls):
            continue
        calls = [one.written or one.call for one in task.calls]
        made.append(
            {
                "request": f"Good afternoon to all of you at the desk. {task.request}",
                "goal": task.scenario.goal,
                "facts": [{"name": name, "value": value} for name, value in task.scenario.facts.items()],
                "calls": [{"name": call.name, "arguments": dict(call.arguments)} for call in calls],
                "tell": [],
            }
        )
    return made


def writing(suite: TaskSuite, **changes: Any) -> ScriptedModel:
    """A model that writes one draft after the other, each with the same changes."""
    made, number = drafts(suite), 0

    def answer(request: Request) -> Any:
        nonlocal number
        number += 1
        return {**made[(number - 1) % len(made)], **changes}

    return ScriptedModel(answer)


async def test_tasks_that_a_model_writes_pass_every_gate(tmp_path: Path) -> None:
    async with opened() as library:
        model = writing(library.suite)
        agora = await agora_for_tasks("instance_generation", library.suite, library.host, model, config=QUIET)
        rows = await agora.arun(6, tmp_path / "rows.jsonl", num_threads=1)
        assert len(rows) == 6
        runtime = library.suite.runtimes["library"]
        tasks = [task async for task in written_tasks(rows, runtime)]
        assert [task.request for task in tasks] == [row["instruction"] for row in rows]
        assert all(task.truth.changes or task.truth.facts or task.truth.calls for task in tasks)
        suite = library.suite.with_tasks(tasks)
        async with open_host(suite) as host:
            assert [await failed_run(task, runtime, host) for task in tasks] == [None] * 6
        shown = model.asked[0].messages[-1].content or ""
        assert "renew_loan" in shown
        assert "patrons B" in shown
        assert library.suite.environments[0].policy.strip()[:100] in shown


Change = dict[str, Any]
FAULTS: list[tuple[Change, str]] = [
    ({"calls": [{"name": "fly", "arguments": {}}]}, "no_truth"),
    ({"calls": [{"name": "get_patron", "arguments": {"patron_id": "B0000"}}]}, "no_truth"),
    (
        {
            "request": "Is there anything by Emma?",
            "calls": [{"name": "search_catalogue", "arguments": {"query": "emma"}}],
        },
        "floor",
    ),
    ({"facts": [], "request": "Please renew my book."}, "grounded"),
    ({"calls": []}, "unreadable"),
    ({"request": ""}, "unreadable"),
    ({"tell": ["2031-05-14"]}, "ungrounded_answer"),
    ({"tell": ["4"]}, "ungrounded_answer"),
]


@pytest.mark.parametrize(("change", "reason"), FAULTS)
async def test_a_draft_with_a_fault_is_rejected_by_its_gate(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    async with opened() as library:
        first = drafts(library.suite)[0]
        model = ScriptedModel(lambda _: {**first, **change})
        config = AgoraConfig(show_progress=False, max_retries=1, corrections=0, near_duplicates=0.95)
        agora = await agora_for_tasks("instance_generation", library.suite, library.host, model, config=config)
        rows = await agora.arun(1, tmp_path / "rows.jsonl")
        assert rows.summary.rejected == {reason: 1}


async def test_rejected_drafts_are_mended_when_it_is_told_what_was_wrong(tmp_path: Path) -> None:
    async with opened() as library:
        spoilt = writing(library.suite, facts=[], request="Please do it for me.")
        config = AgoraConfig(show_progress=False, max_retries=1, near_duplicates=None)
        agora = await agora_for_tasks("instance_generation", library.suite, library.host, spoilt, config=config)
        before = await agora.arun(3, tmp_path / "rows.jsonl", num_threads=1)
        assert before.summary.rejected == {"grounded": 3}
        rejected = [json.loads(line) for line in OutputPaths(before.path).rejected.read_text().splitlines()]
        mender = writing(library.suite)
        agora = await agora_for_tasks(
            "quality_enhancement", library.suite, library.host, mender, rows=rejected, config=QUIET
        )
        mended = await agora.arun(3, tmp_path / "mended.jsonl", num_threads=1)
        assert len(mended) == 3
        shown = mender.asked[0].messages[-1].content or ""
        assert "it cannot be used: grounded: nothing tells the name" in shown
        assert "Please do it for me." in shown


async def run_all(library: Library, model: ScriptModel, place: Path, threads: int = 4) -> GeneratedRows:
    agora = await agora_for_tasks(
        "response_generation",
        library.suite,
        library.host,
        None,
        agent=model,
        config=AgoraConfig(show_progress=False, max_retries=1),
    )
    return await agora.arun(len(library.suite.tasks), place, num_threads=threads)


async def test_runs_that_pass_their_verdict_are_the_responses(tmp_path: Path) -> None:
    async with opened() as library:
        forgetful = ["library/renew_one", "library/lost_audiobook"]
        model = ScriptModel(library.suite, forgetful)
        rows = await run_all(library, model, tmp_path / "rows.jsonl")
        tasks = [task.id for task in library.suite.tasks]
        assert [tasks[place] for place in rows.summary.missing_rows] == [one for one in tasks if one in forgetful]
        assert rows.summary.rejected == {"state": 2}
        assert {run.task for run in accepted_runs(rows)} == {*tasks} - {*forgetful}
        messages = rows[0]["fields"]["messages"]
        assert messages[0]["role"] == "system"
        assert rows[0]["response"] == [one["content"] for one in messages if one["role"] == "assistant"][-1]
        chat = training_row(rows[0], "messages")
        assert chat["messages"] == messages
        assert chat["tools"]
        pair = training_row(rows[0], "prompt_completion")
        assert [*pair["prompt"], *pair["completion"]] == messages[: len(pair["prompt"]) + 1]  # type: ignore[misc]
        [entry] = rows.summary.ledger
        assert entry.paid.completions > len(tasks)


async def test_runs_are_the_same_whatever_is_in_flight_and_are_played_once(tmp_path: Path) -> None:
    async with opened() as library:
        first = await run_all(library, ScriptModel(library.suite), tmp_path / "one.jsonl", 1)
        model = ScriptModel(library.suite)
        second = await run_all(library, model, tmp_path / "many.jsonl", 16)
        assert first.path.read_bytes() == second.path.read_bytes()
        played = model.episodes
        again = await run_all(library, model, tmp_path / "many.jsonl", 16)
        assert model.episodes == played
        assert again.path.read_bytes() == first.path.read_bytes()


async def test_failed_runs_are_played_again_by_an_agent_that_knows_why(tmp_path: Path) -> None:
    async with opened() as library:
        forgetful = ["library/renew_one", "library/lost_audiobook"]
        model = ScriptModel(library.suite, forgetful)
        first = await run_all(library, model, tmp_path / "rows.jsonl")
        rejected = [json.loads(line) for line in OutputPaths(first.path).rejected.read_text().splitlines()]
        agora = await agora_for_tasks(
            "quality_enhancement", library.suite, library.host, None, agent=model, rows=rejected, config=QUIET
        )
        mended = await agora.arun(2, tmp_path / "mended.jsonl")
        assert {run.task for run in accepted_runs(mended)} == {*forgetful}
        assert all("state" in hint for hint in model.hints)
        passing = [row["fields"]["trajectory"] for row in first]
        with pytest.raises(RecordError, match="nothing to repair"):
            await agora_for_tasks(
                "quality_enhancement", library.suite, library.host, None, agent=model, rows=passing, config=QUIET
            )
        mixed = [*rejected, {"reply": "a draft", "reason": "x"}]
        with pytest.raises(RecordError, match="2 of 3 rows are trajectories"):
            await agora_for_tasks("quality_enhancement", library.suite, library.host, None, agent=model, rows=mixed)


async def test_a_model_that_does_not_answer_ends_the_run_and_is_no_agents_fault(tmp_path: Path) -> None:
    async with opened() as library:
        dead = ScriptedModel(lambda _: ModelError("nobody there"))
        agora = await agora_for_tasks(
            "response_generation",
            library.suite,
            library.host,
            None,
            agent=dead,
            config=AgoraConfig(show_progress=False, max_retries=1, retry_delay=0),
        )
        with pytest.raises(ModelError, match="nobody there"):
            await agora.arun(12, tmp_path / "rows.jsonl", num_threads=1)
        assert len(dead.asked) < 8


async def test_a_run_in_which_nothing_is_said_costs_no_further_request(tmp_path: Path) -> None:
    async with opened() as library:
        silent = ScriptedModel(lambda _: "")
        agora = await agora_for_tasks(
            "response_generation",
            library.suite.only(["renew_one"]),
            library.host,
            None,
            agent=silent,
            config=AgoraConfig(show_progress=False, max_retries=1),
        )
        rows = await agora.arun(1, tmp_path / "rows.jsonl")
        assert sum(rows.summary.rejected.values()) == rows.summary.replies == 1
        assert all("That cannot be used" not in (one.messages[-1].content or "") for one in silent.asked)


async def test_the_budget_of_runs_is_held_within_them(tmp_path: Path) -> None:
    async with opened() as library, open_models({}, "agora", None, parse_budget("9completions")) as models:
        agent = models.metered(ScriptModel(library.suite), "agent")
        agora = await agora_for_tasks(
            "response_generation", library.suite, library.host, None, agent=agent, config=QUIET
        )
        rows = await agora.arun(len(library.suite.tasks), tmp_path / "rows.jsonl", num_threads=8)
        assert models.ledger.entries[0].paid.completions == 9
        assert rows.summary.stopped is not None
        assert "budget" in rows.summary.stopped


async def test_prompts_of_both_kinds_can_be_looked_at_without_a_model() -> None:
    async with opened() as library:
        for method, agent in (("instance_generation", None), ("response_generation", ScriptModel(library.suite))):
            agora = await agora_for_tasks(method, library.suite, library.host, "local", agent=agent, config=QUIET)
            [found] = await preview(agora, 1, {}, ask=False)
            assert found.prompt


async def test_what_is_missing_is_said() -> None:
    async with opened() as library:
        suite, host = library.suite, library.host
        for method, told in (
            ("back_translation", "no method"),
            ("quality_enhancement", "needs rows"),
            ("response_generation", "need an agent"),
        ):
            with pytest.raises(UsageError, match=told):
                await agora_for_tasks(method, suite, host, None)
        with pytest.raises(UsageError, match="no tasks"):
            await agora_for_tasks("response_generation", suite.with_tasks(()), host, None)
        both = await load_suite(["library", "hotel"])
        with pytest.raises(UsageError, match="one environment at a time"):
            await agora_for_tasks("instance_generation", both, host, None)
