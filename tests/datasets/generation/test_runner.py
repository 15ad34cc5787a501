"""Runs: so many accepted rows as were asked for, the same bytes whatever the timing, and nothing paid twice."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from tests.support.generators import drawn_from, erring_writer, good_writer, marked, repeating_writer, sum_problem
from tests.support.model_endpoint import Reply, endpoint, refusal

from toolworld.datasets import (
    Agora,
    AgoraConfig,
    GeneratedRows,
    Ok,
    OutputPaths,
    Progress,
    PromptResult,
    PromptSettings,
    Reject,
    RejectedReply,
    agora_for,
    run_page,
)
from toolworld.datasets.generation.runner.progress import described
from toolworld.ground import ModelError, RecordError, SpecError, UsageError, read_lines
from toolworld.llm import Completion, LedgerEntry, Message, Model, Request, ScriptedModel, Usage

QUIET = AgoraConfig(show_progress=False, retry_delay=0)


def mathematics(llm: Any, **settings: Any) -> Agora:
    return agora_for(
        "instance_generation", "math", llm, config=AgoraConfig(show_progress=False, retry_delay=0, **settings)
    )


def rejected(rows: GeneratedRows) -> Sequence[RejectedReply]:
    return read_lines(OutputPaths(rows.path).rejected, RejectedReply).records


class Slow:
    """Answers after a while that differs from request to request, so that replies come in another order."""

    name, is_small = "slow", False

    def __init__(self, model: Model) -> None:
        self._model = model
        self.at_once = self.most_at_once = self.asked = 0

    async def complete(self, request: Request) -> Completion:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await anyio.sleep(drawn_from(request, "delay").random() * 0.004)
        self.at_once -= 1
        return await self._model.complete(request)


class Stopping:
    """Answers so often, and is interrupted then."""

    name, is_small = "erring", False

    def __init__(self, model: Model, answers: int, scope: anyio.CancelScope) -> None:
        self._model, self._left, self._scope = model, answers, scope

    async def complete(self, request: Request) -> Completion:
        if not self._left:
            self._scope.cancel()
            await anyio.sleep_forever()
        self._left -= 1
        return await self._model.complete(request)


async def test_so_many_rows_are_delivered_as_were_asked_for_and_the_rest_is_listed(tmp_path: Path) -> None:
    rows = await mathematics(erring_writer()).arun(60, tmp_path / "rows.jsonl", num_threads=8)
    summary = rows.summary
    assert len(rows) == summary.accepted == 60
    assert summary.replies == summary.accepted + sum(summary.rejected.values())
    assert 0.15 < summary.rejected["wrong_calculation"] / summary.replies < 0.45
    assert len(rejected(rows)) == sum(summary.rejected.values())
    assert all("is not right" in one.detail for one in rejected(rows) if one.reason == "wrong_calculation")
    assert [row["metadata"]["candidate"] for row in rows] == sorted(row["metadata"]["candidate"] for row in rows)
    assert rows[0]["metadata"]["chosen_theme"]
    assert len(rows[0]["metadata"]["demonstrations"]) == 3


@pytest.mark.parametrize("ending", ["json", "jsonl"])
async def test_bytes_do_not_depend_on_how_many_are_in_flight(tmp_path: Path, ending: str) -> None:
    made: list[list[bytes]] = []
    for concurrency in (1, 64):
        model = Slow(erring_writer())
        rows = await mathematics(model).arun(120, tmp_path / f"{concurrency}.{ending}", num_threads=concurrency)
        paths = OutputPaths(rows.path)
        made.append([paths.rows.read_bytes(), paths.rejected.read_bytes()])
        assert model.most_at_once <= concurrency
        assert model.most_at_once > 16 or concurrency == 1
    assert made[0] == made[1]


async def test_no_reply_is_asked_for_in_vain(tmp_path: Path) -> None:
    model = Slow(good_writer())
    rows = await mathematics(model, near_duplicates=None).arun(50, tmp_path / "rows.jsonl", num_threads=32)
    assert model.asked == rows.summary.replies == 50


SCRIPT = """
import sys
from tests.support.generators import erring_writer
from toolworld.datasets import AgoraConfig, agora_for
agora = agora_for("instance_generation", "math", erring_writer(), config=AgoraConfig(show_progress=False))
agora.run(40, sys.argv[1], num_threads=int(sys.argv[2]))
"""


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path: Path) -> None:
    for seed, concurrency in (("1", "3"), ("77", "16")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / f"{seed}.jsonl"), concurrency]
        subprocess.run(command, check=True, env=environment)
    for name in ("jsonl", "rejected.jsonl"):
        assert (tmp_path / f"1.{name}").read_bytes() == (tmp_path / f"77.{name}").read_bytes()


async def test_a_run_again_asks_nobody(tmp_path: Path) -> None:
    model = good_writer()
    first = await mathematics(model).arun(30, tmp_path / "rows.jsonl")
    before, asked = first.path.read_bytes(), len(model.asked)
    again = await mathematics(model).arun(30, tmp_path / "rows.jsonl")
    assert len(model.asked) == asked
    assert again.path.read_bytes() == before
    assert [*again] == [*first]


async def test_more_rows_ask_only_for_what_is_new(tmp_path: Path) -> None:
    model = good_writer()
    first = await mathematics(model).arun(30, tmp_path / "rows.jsonl")
    asked = first.summary.replies
    more = await mathematics(model).arun(45, tmp_path / "rows.jsonl")
    assert len(model.asked) == more.summary.replies
    assert [*more] == [json.loads(line) for line in more.path.read_text().splitlines()]
    assert asked < more.summary.replies


@pytest.mark.parametrize(
    "change",
    [
        {"system_message": "Write otherwise."},
        {"seed": 1},
    ],
)
async def test_another_request_is_asked_anew(tmp_path: Path, change: dict[str, Any]) -> None:
    model = good_writer()
    first = await mathematics(model).arun(20, tmp_path / "rows.jsonl")
    asked = len(model.asked)
    second = await mathematics(model, **change).arun(20, tmp_path / "rows.jsonl")
    assert len(model.asked) - asked == second.summary.replies
    assert second.summary.replies >= 20
    assert first.summary.files != second.summary.files


async def test_another_temperature_or_model_is_asked_anew(tmp_path: Path) -> None:
    model = good_writer()
    agora = mathematics(model)
    await agora.arun(20, tmp_path / "rows.jsonl")
    asked = len(model.asked)
    agora.sampling_params = {"temperature": 0.2}
    await agora.arun(20, tmp_path / "rows.jsonl")
    assert len(model.asked) >= asked + 20
    other = good_writer("another")
    await mathematics(other).arun(20, tmp_path / "rows.jsonl")
    assert len(other.asked) >= 20


async def test_another_parser_or_validator_reads_the_same_replies(tmp_path: Path) -> None:
    model = good_writer()
    agora = mathematics(model, near_duplicates=None)
    rows = await agora.arun(20, tmp_path / "rows.jsonl")
    asked = len(model.asked)

    def without_a_nine(instruction: str, response: str) -> bool:
        return "9" not in response

    agora.validator = without_a_nine
    fewer = await agora.arun(20, tmp_path / "rows.jsonl")
    assert fewer.summary.rejected.get("invalid", 0) > 0
    assert len(model.asked) - asked == fewer.summary.replies - rows.summary.replies


async def test_a_run_that_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = await mathematics(erring_writer()).arun(50, tmp_path / "whole.jsonl")
    for stop_after in (1, 7, 23, 49):
        place = tmp_path / f"{stop_after}.jsonl"
        inner = erring_writer()
        with anyio.CancelScope() as scope:
            await mathematics(Stopping(inner, stop_after, scope)).arun(50, place, num_threads=4)
        assert scope.cancelled_caught
        asked = len(inner.asked)
        assert OutputPaths(place).replies.read_text().count("\n") == asked
        rows = await mathematics(inner).arun(50, place, num_threads=4)
        assert rows.path.read_bytes() == whole.path.read_bytes()
        assert len(inner.asked) == whole.summary.replies


async def test_a_last_line_that_was_cut_off_is_asked_for_again(tmp_path: Path) -> None:
    model = good_writer()
    rows = await mathematics(model).arun(20, tmp_path / "rows.jsonl")
    paths, before, asked = OutputPaths(rows.path), rows.path.read_bytes(), len(model.asked)
    log = paths.replies.read_bytes()
    paths.replies.write_bytes(log[:-40])
    paths.summary.unlink()
    again = await mathematics(model).arun(20, tmp_path / "rows.jsonl")
    assert again.path.read_bytes() == before
    assert len(model.asked) == asked + 1


async def test_candidates_are_bounded_and_what_there_is_is_written(tmp_path: Path) -> None:
    rows = await mathematics(repeating_writer(), max_retries=4).arun(10, tmp_path / "rows.jsonl")
    summary = rows.summary
    assert len(rows) == summary.accepted <= 3
    assert summary.candidates == 40
    assert summary.rejected == {"near_duplicate": 40 - len(rows)}
    assert rows.path.read_text().count("\n") == len(rows)


async def test_seeds_are_never_copied_into_the_rows(tmp_path: Path) -> None:
    agora = mathematics(None, max_retries=2)
    seed = agora.prompt_loader.seeds[0]
    agora.llm = ScriptedModel(lambda _: marked(seed.instruction, seed.response))
    rows = await agora.arun(3, tmp_path / "rows.jsonl")
    assert len(rows) == 0
    assert rows.summary.rejected == {"near_duplicate": 6}
    assert "seed/0" in rejected(rows)[0].detail


async def test_a_reply_that_cannot_be_read_is_told_why_and_corrected(tmp_path: Path) -> None:
    def answer(request: Request) -> str:
        if len(request.messages) == 2:
            return "I would rather not."
        assert "INPUT:" in (request.messages[-1].content or "")
        return marked(*sum_problem(drawn_from(request)))

    rows = await mathematics(ScriptedModel(answer)).arun(5, tmp_path / "rows.jsonl")
    assert len(rows) == 5
    assert rows.summary.rejected["no_markers"] == rows.summary.candidates
    without = await mathematics(ScriptedModel(answer), corrections=0, max_retries=2).arun(5, tmp_path / "without.jsonl")
    assert len(without) == 0
    assert without.summary.rejected == {"no_markers": 10}


async def test_a_reply_that_was_cut_off_or_filtered_is_named_so(tmp_path: Path) -> None:
    kinds = iter(["length", "content_filter"] * 10)

    def answer(payload: dict[str, Any]) -> Reply:
        return Reply(content="INPUT: half a", finish=next(kinds))

    async with endpoint(answer) as fake:
        agora = mathematics(f"{fake.url}#m", max_retries=1, corrections=0)
        rows = await agora.arun(4, tmp_path / "rows.jsonl", num_threads=1)
    assert rows.summary.rejected == {"cut_off": 2, "filtered": 2}


async def test_of_a_reply_that_is_too_long_nothing_is_read_and_little_is_kept(tmp_path: Path) -> None:
    rows = await mathematics(ScriptedModel(lambda _: "x" * 300_000), max_retries=1, corrections=0).arun(
        2, tmp_path / "rows.jsonl"
    )
    assert rows.summary.rejected == {"too_long": 2}
    assert all(len(one.reply) < 21_000 for one in rejected(rows))


async def test_what_the_schema_asks_for_is_sent_and_read(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []

    def answer(payload: dict[str, Any]) -> Reply:
        heard.append(payload)
        instruction, response = sum_problem(drawn_from(Request((), seed=payload["seed"])))
        return Reply(content=json.dumps({"instruction": instruction, "response": response}))

    async with endpoint(answer) as fake:
        agora = agora_for(
            "instance_generation", "math", f"{fake.url}#m", prompts=PromptSettings(as_json=True), config=QUIET
        )
        rows = await agora.arun(3, tmp_path / "rows.jsonl")
    assert len(rows) == 3
    assert heard[0]["response_format"]["type"] == "json_schema"
    assert heard[0]["top_p"] == 0.9
    assert heard[0]["stop"] == "[END]"


async def test_a_budget_ends_a_run_cleanly_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    model = good_writer()
    rows = await mathematics(model, budget="12completions").arun(40, tmp_path / "rows.jsonl", num_threads=8)
    assert len(model.asked) == 12
    assert 0 < len(rows) <= 12
    assert rows.summary.stopped is not None
    assert "12" in rows.summary.stopped
    more = await mathematics(model, budget="100completions").arun(40, tmp_path / "rows.jsonl")
    assert len(more) == 40
    assert len(model.asked) == more.summary.replies


async def test_what_was_paid_before_the_budget_was_spent_is_written(tmp_path: Path) -> None:
    rows = await mathematics(Slow(good_writer()), budget="15completions").arun(
        60, tmp_path / "rows.jsonl", num_threads=8
    )
    assert rows.summary.replies == rows.summary.usage.completions == 15
    assert len(rows) + sum(rows.summary.rejected.values()) == 15


async def test_a_part_that_fails_leaves_the_rows_of_an_earlier_run_alone(tmp_path: Path) -> None:
    def loader() -> str:
        raise ValueError("no template today")

    rows = await mathematics(good_writer()).arun(20, tmp_path / "rows.jsonl")
    before = rows.path.read_bytes()
    agora = mathematics(good_writer())
    agora.prompt_loader = loader
    with pytest.raises(SpecError):
        await agora.arun(20, tmp_path / "rows.jsonl")
    with pytest.raises(ModelError):
        await mathematics(ScriptedModel(lambda _: ModelError("away"))).arun(20, tmp_path / "rows.jsonl")
    assert rows.path.read_bytes() == before
    assert (await mathematics(good_writer()).arun(20, tmp_path / "rows.jsonl")).path.read_bytes() == before


async def test_a_loader_that_ends_is_told_of_and_one_that_fails_by_its_index_is_named(tmp_path: Path) -> None:
    prompts = iter(["one", "two"])
    agora = mathematics(good_writer())
    agora.prompt_loader = lambda: next(prompts)
    rows = await agora.arun(5, tmp_path / "rows.jsonl", num_threads=1)
    assert rows.summary.stopped == "the prompt loader has no more prompts"
    empty: list[str] = []
    agora.prompt_loader = lambda: empty[0]
    with pytest.raises(SpecError, match="list index out of range"):
        await agora.arun(5, tmp_path / "others.jsonl")


async def test_costs_are_counted_by_price_and_role(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"models": {"good": {"prompt": 10, "completion": 20}}}))
    rows = await mathematics(good_writer(), prices=prices).arun(10, tmp_path / "rows.jsonl")
    [entry] = rows.summary.ledger
    assert entry.role == "generator"
    assert entry.paid.cost_usd > 0
    assert rows.summary.cost_per_row == pytest.approx(entry.paid.cost_usd / 10)
    unknown = await mathematics(good_writer()).arun(10, tmp_path / "unknown.jsonl")
    assert unknown.summary.cost_per_row is None
    (tmp_path / "unknown.summary.json").unlink()
    again = await mathematics(good_writer()).arun(10, tmp_path / "unknown.jsonl")
    assert again.summary.from_log == again.summary.replies
    assert again.summary.cost_per_row is None


async def test_an_endpoint_that_refuses_everybody_ends_the_run_at_once(tmp_path: Path) -> None:
    async with endpoint([refusal(401, "no such key")]) as fake:
        with pytest.raises(ModelError, match="401"):
            await mathematics(f"{fake.url}#m").arun(500, tmp_path / "rows.jsonl", num_threads=8)
        assert len(fake.asked) < 30
    assert OutputPaths(tmp_path / "rows.jsonl").summary.is_file()


async def test_nobody_who_listens_is_told_of_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9"):
        await mathematics("http://127.0.0.1:9/v1#m").arun(5, tmp_path / "rows.jsonl")


async def test_single_failures_cost_their_candidates_and_are_tried_again_next_time(tmp_path: Path) -> None:
    def answer(request: Request) -> Any:
        if drawn_from(request, "fails").random() < 0.2 and not healed:
            return ModelError("overloaded")
        return marked(*sum_problem(drawn_from(request)))

    healed: list[bool] = []
    model = ScriptedModel(answer)
    rows = await mathematics(model).arun(40, tmp_path / "rows.jsonl", num_threads=4)
    assert len(rows) == 40
    failed = rows.summary.rejected["no_answer"]
    assert failed > 0
    healed.append(True)
    asked = len(model.asked)
    again = await mathematics(model).arun(40, tmp_path / "rows.jsonl", num_threads=4)
    assert "no_answer" not in again.summary.rejected
    assert 0 < len(model.asked) - asked <= failed


async def test_rows_that_are_given_are_tried_again_and_listed_if_they_stay_empty(tmp_path: Path) -> None:
    given = [{"instruction": f"What is {number} + 1?", "answer": number + 1} for number in range(12)]

    def answer(request: Request) -> str:
        asked = (request.messages[-1].content or "").rpartition("INPUT: What is ")[2]
        number = int(asked.split(" ")[0])
        knows = number % 4 != 3 and (number % 4 != 2 or drawn_from(request).random() < 0.7)
        return f"{number} + 1 = {number + 1}\n[RESULT]{number + 1 if knows else number}[/RESULT]"

    agora = agora_for(
        "response_generation",
        "math",
        ScriptedModel(answer),
        seeds=given,
        config=AgoraConfig(show_progress=False, max_retries=8),
    )
    rows = await agora.arun(12, tmp_path / "rows.jsonl", num_threads=5)
    assert rows.summary.missing_rows == (3, 7, 11)
    assert [row["metadata"]["index"] for row in rows] == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert rows.summary.rejected["wrong_answer"] >= 3 * 8
    assert rows[0]["fields"] == {"answer": 1}


async def test_a_part_that_fails_is_named(tmp_path: Path) -> None:
    def loader() -> str:
        raise ValueError("no template today")

    agora = mathematics(good_writer())
    agora.prompt_loader = loader
    with pytest.raises(SpecError, match=r"prompt loader failed on candidate 0.*no template today"):
        await agora.arun(5, tmp_path / "rows.jsonl")


@pytest.mark.parametrize(
    ("count", "name", "replies", "told"),
    [
        (0, "rows.jsonl", None, "at least 1"),
        (1, "rows.csv", None, r"\.json or \.jsonl"),
        (1, "rows.jsonl", "rows.jsonl", "cannot go to a file that the run writes"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(
    tmp_path: Path, count: int, name: str, replies: str | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        await mathematics(good_writer()).arun(count, tmp_path / name, tmp_path / replies if replies else None)
    assert not any(os.listdir(tmp_path))


@pytest.mark.parametrize(
    "sampling",
    [{"model": "x"}, {"max_tokens": 0}, {"max_tokens": True}, {"temperature": 3}, {"temperature": "hot"}],
)
async def test_sampling_parameters_that_cannot_be_are_refused(tmp_path: Path, sampling: dict[str, Any]) -> None:
    agora = mathematics(good_writer())
    agora.sampling_params = sampling
    with pytest.raises(UsageError, match="sampling_params"):
        await agora.arun(1, tmp_path / "rows.jsonl")


@pytest.mark.parametrize("name", ["rows.rejected.jsonl", "rows.summary.json", "rows.jsonl.partial", "rows.html"])
async def test_replies_do_not_go_to_a_file_of_the_run(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot go to a file that the run writes"):
        await mathematics(good_writer()).arun(1, tmp_path / "rows.jsonl", tmp_path / name)


async def test_a_folder_where_a_file_is_to_be_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "rows.rejected.jsonl").mkdir()
    model = good_writer()
    with pytest.raises(UsageError, match="is a folder"):
        await mathematics(model).arun(1, tmp_path / "rows.jsonl")
    assert model.asked == []


def bad_text(_: Any) -> str:
    raise ValueError(BadText())


class BadText:
    def __str__(self) -> str:
        raise RuntimeError("not even this")


DEEP = '{"instruction": "a b c?", "response": "[RESULT]5[/RESULT]", "x": ' + "[" * 150 + "]" * 150 + "}"
ODD: dict[str, Any] = {
    "an instance that is none": Ok("x"),  # type: ignore[arg-type]
    "nothing accepted": Ok(),
    "a reason that is none": Reject(5, None),  # type: ignore[arg-type]
    "a set": {"instruction": "a", "response": "b", "more": {1, 2}},
    "no number": {"instruction": "a", "response": "b", "more": float("nan")},
    "a surrogate": {"instruction": "a \ud800", "response": "b"},
}


def always(said: Any) -> Any:
    """A parser that finds the same in every reply."""

    def parse(text: str) -> Any:
        return said

    return parse


def saying(said: Any) -> Any:
    """A validator that always says the same."""

    def validate(instruction: str, response: str) -> Any:
        return said

    return validate


@pytest.mark.parametrize("parser", [*map(always, ODD.values()), bad_text], ids=[*ODD, "an error without words"])
async def test_what_an_odd_parser_does_costs_its_reply_a_rejection(tmp_path: Path, parser: Any) -> None:
    agora = mathematics(good_writer(), max_retries=1, corrections=0)
    agora.parser = parser
    rows = await agora.arun(2, tmp_path / "rows.jsonl")
    assert sum(rows.summary.rejected.values()) == rows.summary.replies == 2


@pytest.mark.parametrize(
    "reply", [DEEP, DEEP.replace("[" * 150, "[" * 300), "INPUT: \ud800\nOUTPUT: [RESULT]1[/RESULT]"]
)
@pytest.mark.parametrize("as_json", [False, True])
async def test_an_odd_reply_costs_its_candidate_and_not_the_run(tmp_path: Path, reply: str, as_json: bool) -> None:
    number = 0

    def answer(request: Request) -> str:
        nonlocal number
        number += 1
        return reply if number == 2 else marked(*sum_problem(drawn_from(request)))

    config = AgoraConfig(show_progress=False, corrections=0)
    prompts = PromptSettings(as_json=as_json)
    agora = agora_for("instance_generation", "math", answer_of(answer), prompts=prompts, config=config)
    rows = await agora.arun(4, tmp_path / "rows.jsonl", num_threads=1)
    assert len(rows) == 4


def answer_of(answer: Any) -> Any:
    """A function of messages that answers as a script does."""

    def llm(messages: list[dict[str, Any]]) -> Any:
        return answer(Request(tuple(Message.model_validate(one) for one in messages)))

    return llm


async def test_an_object_a_number_and_a_bool_of_numpy_say_what_they_mean(tmp_path: Path) -> None:
    class Pair:
        instruction, response = "How many are there?", "[RESULT]1[/RESULT]"

    agora = mathematics(good_writer(), near_duplicates=None, max_retries=1)
    agora.parser = always(Pair())
    for said in (np.bool_(True), 1):
        agora.validator = saying(said)
        assert len(await agora.arun(2, tmp_path / f"{said!r}.jsonl")) == 2
    agora.validator = saying(np.bool_(False))
    assert len(await agora.arun(2, tmp_path / "none.jsonl")) == 0


@pytest.mark.parametrize("metadata", [{"model": object()}, {"fields": 5}])
async def test_metadata_that_rows_cannot_hold_is_told_of(tmp_path: Path, metadata: dict[str, Any]) -> None:
    agora = mathematics(good_writer())

    def loader() -> PromptResult:
        return PromptResult("INPUT:", metadata)

    agora.prompt_loader = loader
    with pytest.raises(SpecError, match="the metadata of candidate 0"):
        await agora.arun(1, tmp_path / "rows.jsonl")


async def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    model = good_writer()
    with pytest.raises(RecordError, match="cannot be written"):
        await mathematics(model).arun(5, tmp_path / "file" / "rows.jsonl")
    assert model.asked == []


async def test_progress_is_told_at_the_beginning_and_of_every_candidate(tmp_path: Path) -> None:
    told: list[Progress] = []
    await mathematics(erring_writer()).arun(20, tmp_path / "rows.jsonl", on_progress=told.append)
    assert told[-1].accepted == told[-1].asked == 20
    assert [one.candidates for one in told] == [*range(len(told))]
    assert told[-1].rejected > 0


def test_the_line_of_progress_tells_rate_rejections_cost_and_what_all_will_cost() -> None:
    paid = LedgerEntry(model="m", role="generator", stage="agora", paid=Usage(cost_usd=0.5), saved=Usage(), priced=True)
    assert described(Progress(1_000, 200, 30, 230, (paid,)), 10.0) == (
        "20.0/s, 30 rejected, $0.5000 of about $2.5000, 40 s left"
    )
    assert described(Progress(1_000, 0, 3, 3, ()), 10.0) == "0.0/s, 3 rejected"


async def test_the_pool_grows_by_windows_whatever_is_in_flight(tmp_path: Path) -> None:
    rows = await mathematics(good_writer(), pool_window=8).arun(64, tmp_path / "rows.jsonl", num_threads=32)
    shown = {row["metadata"]["candidate"]: row["metadata"]["demonstrations"] for row in rows}
    for number, demonstrations in shown.items():
        generated = [int(one.removeprefix("row/")) for one in demonstrations if one.startswith("row/")]
        assert len(generated) == (1 if number >= 16 else 0)
        assert all(one < number for one in generated)


async def test_the_page_of_a_run_shows_counts_rows_and_reasons_as_text(tmp_path: Path) -> None:
    def answer(request: Request) -> str:
        instruction, response = sum_problem(drawn_from(request))
        return (
            marked(f"<script>alert(1)</script> {instruction}", response) if drawn_from(request).random() < 0.7 else "no"
        )

    rows = await mathematics(ScriptedModel(answer)).arun(10, tmp_path / "rows.jsonl")
    page = run_page(rows)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "no markers" in page
    assert str(rows.summary.replies) in page


async def test_usage_of_a_run_that_went_on_is_that_of_all_replies(tmp_path: Path) -> None:
    model = good_writer()
    await mathematics(model).arun(10, tmp_path / "rows.jsonl")
    second = await mathematics(model).arun(20, tmp_path / "rows.jsonl")
    assert second.summary.usage.completions == second.summary.replies
    assert sum(entry.paid.completions for entry in second.summary.ledger) < second.summary.replies
