"""Rows for trainers: what the agent was shown, up to its last message, with what the run is and earned."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from toolworld.datasets import (
    Blame,
    ChatForm,
    JudgedRun,
    LinesOfRows,
    ParquetRows,
    Selection,
    TaskSuite,
    Verdict,
    chat_row,
    export_inspect,
    judged_runs,
    run_row,
    sharegpt_row,
    split_of,
    task_row,
    to_chat,
    write_rows,
)
from toolworld.datasets.formats.finished import finished
from toolworld.ground import RecordError
from toolworld.llm import Message, ToolCall
from toolworld.server import open_environment

CALL = ToolCall(id="a", name="list_loans", arguments={"patron_id": "B2040"})
LOST = ToolCall(id="b", name="list_charges", arguments={"patron_id": "B2040"})
SPOKEN = (
    Message(role="user", content="What have I on loan?"),
    Message(role="assistant", content=None, tool_calls=(CALL, LOST)),
    Message(role="tool", content="{}", tool_call_id="a", step=0),
    Message(role="assistant", content="Middlemarch."),
    Message(role="user", content="Thank you."),
)


async def played(
    outcome: str | None = "pass", reward: float | None = 1.0, messages: tuple[Message, ...] = SPOKEN, **fields: Any
) -> JudgedRun:
    """A run of the library with a conversation of its own."""
    async with open_environment("library") as library, library.episode("library/renew_one") as episode:
        record = await episode.trajectory()
        environment = library.environment
    run = record.model_copy(update={"messages": messages, **fields})
    verdict = None
    if outcome is not None:
        told: dict[str, Any] = {
            "trajectory": run.id,
            "task": run.task,
            "seed": 0,
            "outcome": outcome,
            "reward": reward,
            "scores": {},
        }
        verdict = Verdict.model_validate(told)
    return JudgedRun(run, environment, verdict)


def test_a_conversation_ends_with_the_assistant_and_every_call_in_it_has_its_result() -> None:
    kept = finished(SPOKEN)
    assert [message.role for message in kept] == ["user", "assistant", "tool", "assistant"]
    assert kept[1].tool_calls == (CALL,)
    assert finished(SPOKEN[:1]) == ()
    only_lost = Message(role="assistant", tool_calls=(LOST,))
    assert finished((SPOKEN[0], only_lost)) == ()
    assert finished((SPOKEN[0], only_lost.model_copy(update={"content": "A moment."})))[-1].content == "A moment."


async def test_a_row_holds_what_the_agent_was_shown_and_what_its_run_is() -> None:
    run = await played(system="# As it was shown\n\nBe kind.")
    row: Any = chat_row(run, ChatForm())
    assert row["messages"][0] == {"role": "system", "content": "# As it was shown\n\nBe kind."}
    functions = {one["function"]["name"]: one["function"]["description"] for one in row["tools"]}
    assert "Errors:\n- charge_not_found: There is no such charge." in functions["pay_charge"]
    told = {"task": "library/renew_one", "environment": "library", "outcome": "pass", "reward": 1.0, "split": "train"}
    assert told.items() <= row.items() and {"environment_version", "seed", "trial"} <= row.keys()
    share: Any = sharegpt_row(run)
    assert (share["system"], share["reward"]) == ("# As it was shown\n\nBe kind.", 1.0)
    assert share["conversations"][-1] == {"from": "gpt", "value": "Middlemarch."}
    plain: Any = chat_row(await played(), ChatForm())
    assert plain["messages"][0]["content"] == run.environment.policy


async def test_arguments_contents_and_tools_are_written_as_a_template_wants_them() -> None:
    run = await played()
    plain: Any = to_chat(run.trajectory, run.environment)
    call = plain["messages"][2]
    assert call["content"] == "" and call["tool_calls"][0]["function"]["arguments"] == '{"patron_id":"B2040"}'
    other: Any = to_chat(run.trajectory, run.environment, ChatForm(arguments="object", content="null", tools="text"))
    assert other["messages"][2]["content"] is None
    assert other["messages"][2]["tool_calls"][0]["function"]["arguments"] == {"patron_id": "B2040"}
    assert json.loads(other["tools"]) == plain["tools"]
    assert "tools" not in to_chat(run.trajectory, run.environment, ChatForm(tools="none"))


@pytest.mark.parametrize(
    ("only", "least", "kept", "left_out"),
    [
        ("all", None, ["pass", "fail", "unclear", None], {"void": 2, "without a conversation": 1}),
        ("decided", None, ["pass", "fail"], {"void": 2, "without a conversation": 1, "without a reward": 2}),
        ("pass", None, ["pass"], {"void": 2, "without a conversation": 1, "not passed": 2, "not judged": 1}),
        (
            "all",
            0.5,
            ["pass"],
            {"void": 2, "without a conversation": 1, "without a reward": 2, "reward below 0.5": 1},
        ),
    ],
)
async def test_what_is_left_out_is_counted_by_its_reason(
    only: Any, least: float | None, kept: list[str | None], left_out: dict[str, int]
) -> None:
    runs = [
        await played(),
        await played("fail", 0.0),
        await played("unclear", None),
        await played("void", None),
        await played(None),
        await played(messages=()),
        await played(None, blame=Blame(party="host", message="it broke")),
    ]
    selection = Selection(only=only, min_reward=least)
    chosen = [run.verdict.outcome if run.verdict else None for run in selection.chosen(runs)]
    assert (chosen, selection.left_out) == (kept, left_out)
    assert len(chosen) + selection.left_out.total() == len(runs)


async def test_rows_go_into_one_file_or_into_splits_with_a_card(library_suite: TaskSuite, tmp_path: Path) -> None:
    environment = library_suite.environments[0]
    rows = [task_row(task, environment, index) for index, task in enumerate(library_suite.tasks)]
    other = {**rows[0], "split": "test"}
    counts = write_rows(tmp_path / "rows", [*rows, other], LinesOfRows, ".jsonl")
    assert counts == {"train": len(rows), "test": 1}
    assert sorted(path.name for path in (tmp_path / "rows").iterdir()) == ["README.md", "test.jsonl", "train.jsonl"]
    card = (tmp_path / "rows/README.md").read_text()
    assert "  - split: test\n    path: test.jsonl" in card and f"| train | {len(rows)} |" in card
    assert write_rows(tmp_path / "one.jsonl", rows, LinesOfRows, ".jsonl") == {"one.jsonl": len(rows)}
    assert [json.loads(line) for line in (tmp_path / "one.jsonl").read_text().splitlines()] == rows
    for taken in ("rows", "one.jsonl"):
        with pytest.raises(RecordError, match="is there already"):
            write_rows(tmp_path / taken, rows, LinesOfRows, ".jsonl")


def test_nothing_is_left_half_written(tmp_path: Path) -> None:
    def broken() -> Any:
        yield {"split": "train"}
        raise RecordError("the second one cannot be read")

    for out in (tmp_path / "rows", tmp_path / "rows.jsonl"):
        with pytest.raises(RecordError, match="the second one"):
            write_rows(out, broken(), LinesOfRows, ".jsonl")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_parquet_has_one_shape_for_tasks_and_runs(library_suite: TaskSuite, tmp_path: Path) -> None:
    parquet: Any = import_module("pyarrow.parquet")
    task = task_row(library_suite.tasks[0], library_suite.environments[0], 0)
    run = run_row(await played(), 1)
    assert task.keys() == run.keys()
    write_rows(tmp_path / "rows.parquet", [task, run] * 600, ParquetRows, ".parquet")
    read = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert len(read) == 1200 and read[1]["extra_info"]["task"] == "library/renew_one"
    assert read[0]["messages"] is None and read[0]["reward"] is None and read[1]["reward"] == 1.0
    assert json.loads(read[1]["messages"][2]["tool_calls"][0]["function"]["arguments"]) == {"patron_id": "B2040"}
    assert [message["role"] for message in read[0]["prompt"]] == ["system", "user"]


async def test_a_log_of_inspect_has_a_score_for_what_was_decided_and_none_for_the_rest(tmp_path: Path) -> None:
    runs = [await played(), await played("unclear", None, trial=1), await played(None, trial=2)]
    assert export_inspect(runs, tmp_path / "logs") == {"library": 3}
    [file] = (tmp_path / "logs").iterdir()
    assert re.fullmatch(r"1970-01-01T00-00-00\+00-00_library_[0-9a-f]{22}\.json", file.name)
    log = json.loads(file.read_text())
    assert [sample["scores"].get("verdict", {}).get("value") for sample in log["samples"]] == [1.0, None, None]
    assert [sample["epoch"] for sample in log["samples"]] == [1, 2, 3]
    assert log["results"]["scores"][0]["unscored_samples"] == 2
    assert log["samples"][0]["messages"][2]["tool_calls"][0]["function"] == "list_loans"
    assert log["samples"][0]["messages"][3]["function"] == "list_loans"


def test_a_split_is_named_in_every_row(library_suite: TaskSuite) -> None:
    rows = [task_row(task, library_suite.environments[0], 0) for task in library_suite.tasks]
    assert {str(row["split"]) for row in rows} == {split_of("library")}


async def test_a_verdict_of_another_run_of_that_name_is_refused(library_suite: TaskSuite) -> None:
    run = await played()
    assert run.verdict is not None
    other = run.verdict.model_copy(update={"final_digest": "another state"})
    right = run.verdict.model_copy(update={"final_digest": run.trajectory.final_digest})
    for verdict, is_right in ((other, False), (right, True), (run.verdict, True)):
        found = judged_runs([run.trajectory], {run.trajectory.id: verdict}, library_suite, "runs.jsonl")
        if is_right:
            assert [one.verdict for one in found] == [verdict]
        else:
            with pytest.raises(RecordError, match="is of another run of that name"):
                list(found)
    with pytest.raises(RecordError, match="stands there twice"):
        list(judged_runs([run.trajectory] * 2, {}, library_suite, "runs.jsonl"))


async def test_a_run_under_the_profile_of_its_task_has_that_version_of_the_environment(
    library_suite: TaskSuite,
) -> None:
    async with open_environment("library", faults="flaky") as library, library.episode("renew_one") as episode:
        run = await episode.trajectory()
    [found] = judged_runs([run], {}, library_suite, "runs.jsonl")
    assert found.environment.version == run.environment_version
    assert found.environment.faults is not None
    lost = run.model_copy(update={"task": "library/renew_one"})
    with pytest.raises(RecordError, match="played under a profile"):
        list(judged_runs([lost], {}, library_suite, "runs.jsonl"))


def test_a_name_that_is_neither_a_file_of_rows_nor_a_folder_is_refused(tmp_path: Path) -> None:
    for name in ("rows.json", "rows.JSONL", "rows.parquet"):
        with pytest.raises(RecordError, match="a file of these rows ends in"):
            write_rows(tmp_path / name, [{"split": "train"}], LinesOfRows, ".jsonl")
    assert write_rows(tmp_path / "none" / "rows", [], LinesOfRows, ".jsonl") == {}
    assert [*tmp_path.iterdir()] == []
