"""Repair of planted defects: by a mender that goes by what the judge says, and by one that does harm."""

import re
from collections.abc import Callable

import pytest

from toolworld.cli.commands.judging.records import TrajectoryInput
from toolworld.datasets import TaskSuite, load_suite
from toolworld.ground import JsonValue
from toolworld.judges import Repaired, Repairer, RubricJudge, load_rubric
from toolworld.llm import Request, ScriptedModel
from toolworld.rollout import LabelledRun, Mutation, play_labelled
from toolworld.server import InProcessHost, open_episodes

Mender = Callable[[str, int], str]
"""What is said in the last turn, by what is wrong and by its number."""
TALK: tuple[Mutation, ...] = ("untold_fact", "false_fact", "denied_fact")


def tells_what_is_missing(problems: str, turn: int) -> str:
    """Goes by the evidence: says what was not told."""
    del turn
    told = re.findall(r"(?:unclear whether it was told|not told|told): (.+?) \(", problems)
    return "Everything is done. For your information:\n" + "\n".join(f"- {one}" for one in dict.fromkeys(told))


def says_nothing(problems: str, turn: int) -> str:
    del problems, turn
    return "I would rather not say."


def model_of(mender: Mender) -> ScriptedModel:
    def answer(request: Request) -> JsonValue:
        text = request.messages[0].content or ""
        turns = re.findall(r"the texts of the turns ([\d, ]+)\.", text)
        last = int(turns[0].split(", ")[-1]) if turns else 0
        problems = text.split("What is wrong:")[1].split("Only what people")[0]
        return {"turns": [{"turn": last, "text": mender(problems, last)}]}

    return ScriptedModel(answer, name="mender")


async def planted(suite: TaskSuite) -> list[TrajectoryInput]:
    """Runs of the library with defects in what is said, which the checks fail."""
    runs: list[LabelledRun] = []
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        await play_labelled(suite, InProcessHost(episodes), TALK, runs.append)
    trials = [one.trial for one in runs if one.trial.verdict.outcome == "fail"]
    return [TrajectoryInput(one.task, one.trajectory, one.verdict, suite.runtime_of(one.task)) for one in trials]


async def repaired(records: list[TrajectoryInput], mender: Mender) -> list[Repaired[TrajectoryInput]]:
    judge = RubricJudge(
        [ScriptedModel(lambda _: {"q1": {"why": "So it is.", "turns": [0], "answer": "pass"}})],
        load_rubric("synthtools"),
    )
    repairer = Repairer(model_of(mender), judge, most=1)
    found: list[Repaired[TrajectoryInput]] = []
    for one in records:
        found.append(await repairer.repair(one.source(), await judge.judge(one.shown)))  # type: ignore[arg-type]
    return found


@pytest.fixture
async def suite() -> TaskSuite:
    return await load_suite(["library"])


async def test_repair_raises_the_share_that_passes_and_no_call_is_changed(suite: TaskSuite) -> None:
    records = await planted(suite)
    found = await repaired(records, tells_what_is_missing)
    passed = sum(one.judgement.passed is True for one in found)
    assert len(records) > 30 and passed > 0.5 * len(records)  # 0 before
    for before, after in zip(records, found, strict=True):
        kept = after.version.kept.trajectory
        assert kept.log == before.trajectory.log and kept.final_digest == before.trajectory.final_digest
        assert after.history.repaired == (after.judgement.passed is True)
        assert not after.history.repaired or after.version.kept.verdict.outcome != "fail"
        assert len(after.history.attempts) == 1


async def test_a_mender_that_makes_nothing_better_changes_nothing(suite: TaskSuite) -> None:
    records = (await planted(suite))[:12]
    found = await repaired(records, says_nothing)
    for before, after in zip(records, found, strict=True):
        assert after.version.kept.trajectory == before.trajectory and not after.history.repaired
        assert [one.kept for one in after.history.attempts] == [False]
