"""Statements: told in their very words, judged by a model that has to quote, or skipped and counted."""

from typing import Any

import pytest
from tests.support.counters import trusted_runtime

from toolworld.datasets import GroundTruth, SaysFact, Scenario, Task, Trajectory
from toolworld.environments import Runtime
from toolworld.judges import ModelJudge, judge
from toolworld.llm import Message, ScriptedModel

STAYS = "The charge stays as it is."


def task(runtime: Runtime) -> Task:
    return Task(
        id="counters/t",
        environment="counters",
        environment_version=runtime.environment.version,
        request="Please.",
        scenario=Scenario(goal="g"),
        calls=(),
        truth=GroundTruth(digest=runtime.start.state.digest, facts=(SaysFact(says=STAYS),)),
    )


async def verdict(said: str, *answers: Any, if_unclear: Any = "none") -> Any:
    runtime = trusted_runtime()
    digest = runtime.start.state.digest
    run = Trajectory(
        id="e",
        task="counters/t",
        environment="counters",
        environment_version=runtime.environment.version,
        seed=0,
        agent="a",
        user="u",
        messages=(Message(role="user", content="Please."), Message(role="assistant", content=said)),
        initial_digest=digest,
        final_digest=digest,
        stop="done",
    )
    statement_judge = ModelJudge(ScriptedModel(answers)) if answers else None
    return await judge(task(runtime), run, runtime, statement_judge=statement_judge, if_unclear=if_unclear)


def opinion(told: str, quote: str = "") -> dict[str, Any]:
    return {"opinions": [{"number": 0, "told": told, "quote": quote}]}


async def test_without_a_judge_a_statement_is_skipped_counted_and_never_passed() -> None:
    found = await verdict("I cannot let you off.")
    assert (found.outcome, found.reward, found.looked_at < 1) == ("unclear", None, True)
    [skipped] = [check for check in found.checks if check.name == "statements"]
    assert (skipped.outcome, skipped.to_check, skipped.checked) == ("skipped", 1, 0)
    assert (await verdict("I cannot let you off.", if_unclear="zero")).reward == 0.0
    assert (await verdict("I cannot let you off.", if_unclear="one")).reward == 1.0


async def test_its_very_words_tell_it_and_silence_fails() -> None:
    assert (await verdict(f"I am sorry. {STAYS}")).outcome == "pass"
    assert (await verdict("")).outcome == "fail"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (opinion("yes", "cannot let you off"), "pass"),
        (opinion("yes", "the charge is waived"), "unclear"),  # words that the agent never said
        (opinion("yes"), "unclear"),
        (opinion("no"), "fail"),
        (opinion("unclear"), "unclear"),
    ],
)
async def test_a_model_decides_and_has_to_quote(answer: dict[str, Any], outcome: str) -> None:
    assert (await verdict("I cannot let you off, I am afraid.", answer)).outcome == outcome


async def test_opinions_that_cannot_be_used_leave_it_unclear() -> None:
    bad: dict[str, Any] = {"opinions": []}
    assert (await verdict("I cannot let you off.", bad, bad, bad)).outcome == "unclear"
