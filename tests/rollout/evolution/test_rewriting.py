"""Requests in a model's words: what it loses, gives away or adds is refused, and then the grammar's words stay."""

import re

import pytest

from toolworld.datasets import Task, TaskSuite, load_suite
from toolworld.environments import Environment
from toolworld.ground import JsonValue
from toolworld.llm import Request, ScriptedModel
from toolworld.rollout import RejectedTask, RequestWriter, TaskGenerator
from toolworld.rollout.evolution.rewriting import rewriting_problem


class Writer:
    """A model that puts something before a request, or in place of parts of it, and says whether it is the same."""

    def __init__(self, change: tuple[str, str] = ("", ""), verdict: str = "accept") -> None:
        self.change, self.verdict = change, verdict
        self.asked: list[str] = []
        self.model = ScriptedModel(self.answer)

    def answer(self, request: Request) -> JsonValue:
        text = request.messages[0].content or ""
        self.asked.append(text)
        if text.startswith("Two messages"):
            return {"verdict": self.verdict, "why": "a condition is lost"}
        meant = re.findall(r"What they mean: (.+)", text)[0]
        return {"request": "Well, here is the thing. " + re.sub(*self.change, meant)}


Made = tuple[TaskSuite, list[Task]]


@pytest.fixture
async def made() -> Made:
    suite = await load_suite(["library"])
    found = TaskGenerator(suite.runtimes, seed=5).generate(8)
    return suite, [one async for one in found if not isinstance(one, RejectedTask)]


def of(made: Made) -> tuple[Environment, list[Task]]:
    suite, tasks = made
    return suite.runtimes.environment("library"), tasks


async def test_a_request_that_says_the_same_stands_in_the_task_and_says_who_wrote_it(made: Made) -> None:
    environment, tasks = of(made)
    for task in tasks:
        new = await RequestWriter(Writer().model).rewritten(task, environment)
        assert new.request == f"Well, here is the thing. {task.request}"
        assert new.origin is not None and task.origin is not None
        assert (new.origin.words, task.origin.words) == ("model", "grammar")
        assert (new.calls, new.truth, new.scenario) == (task.calls, task.truth, task.scenario)


async def test_what_loses_a_value_is_asked_for_three_times_and_then_the_grammar_keeps_its_words(made: Made) -> None:
    environment, tasks = of(made)
    refused = 0
    for task in tasks:
        value = next((str(one) for one in task.scenario.facts.values() if str(one) in task.request), None)
        if value is None:
            continue
        writer = Writer((re.escape(value), "you know what"))
        assert await RequestWriter(writer.model).rewritten(task, environment) is task
        assert len(writer.asked) == 3 and not any(one.startswith("Two messages") for one in writer.asked)
        refused += 1
    assert refused > 2


async def test_what_is_said_to_ask_for_something_else_is_not_taken(made: Made) -> None:
    environment, tasks = of(made)
    writer = Writer(verdict="reject")
    assert await RequestWriter(writer.model).rewritten(tasks[0], environment) is tasks[0]
    assert len(writer.asked) == 2


async def test_nothing_is_given_away_no_tool_is_named_and_it_does_not_go_on_for_ever(made: Made) -> None:
    environment, tasks = of(made)
    found = [
        str(one.result["patron_id"])
        for one in tasks[0].calls
        if isinstance(one.result, dict) and "patron_id" in one.result
    ]
    for added, why in (
        (f"My number there is {found[0]}.", "gives"),
        ("Just use renew_loan.", "names the tool renew_loan"),
        ("Please! " * 200, "characters long"),
    ):
        problem = rewriting_problem(f"{tasks[0].request} {added}", tasks[0], environment)
        assert problem is not None and why in problem
    assert rewriting_problem(tasks[0].request, tasks[0], environment) is None


async def test_an_amount_without_its_decimals_gives_no_amount_away(made: Made) -> None:
    environment, tasks = of(made)
    task = tasks[0].model_copy(update={"request": "Please take 42 off."})
    priced = task.model_copy(
        update={"scenario": task.scenario.model_copy(update={"facts": {"amount": 42.0}}), "calls": task.calls[:0]}
    )
    assert rewriting_problem("Would you take 42 off for me?", priced, environment) is None
    lost = rewriting_problem("Would you take 24 off for me?", priced, environment)
    assert lost is not None and "does not say '42.0'" in lost
