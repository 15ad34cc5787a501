"""An agent on samples of any dataset: right where it makes the sample's own calls, or gives its output."""

from typing import cast

from tests.support.samples import made_samples

from toolworld.datasets import Sample, Turn
from toolworld.ground import JsonValue
from toolworld.llm import Request, ScriptedModel
from toolworld.rollout import SampleAgent, answer_samples, tools_in
from toolworld.rollout.dataset.sample_agent import asked_of

SAMPLES = made_samples(6)


def knowing(request: Request) -> JsonValue:
    """A model that knows the calls of every second sample, and gives those of the others in another order."""
    text = request.messages[0].content or ""
    place = next(number for number, one in enumerate(SAMPLES) if asked_of(one) in text)
    calls = [one.model_dump() for one in SAMPLES[place].calls]
    return cast(JsonValue, {"calls": calls if place % 2 == 0 else calls[::-1]})


async def test_the_calls_of_the_sample_in_their_order_are_right_and_others_are_not() -> None:
    agent = SampleAgent(ScriptedModel(knowing), tools_in(SAMPLES))
    done: list[int] = []
    assert await answer_samples(agent, SAMPLES, lambda: done.append(1)) == [1, 0, 1, 0, 1, 0]
    assert len(done) == 6


async def test_an_output_is_right_whatever_its_case_and_a_garbled_answer_is_wrong() -> None:
    question = Sample(id="q", turns=(Turn(speaker="user", text="Is it?"),), output="yes")
    answers = ScriptedModel([{"output": " Yes"}, {"output": "no"}, "no JSON at all"])
    agent = SampleAgent(answers, {})
    assert [await agent.passes(question) for _ in range(3)] == [True, False, False]


def test_tools_are_those_that_are_called_with_all_their_arguments() -> None:
    tools = tools_in(SAMPLES)
    assert list(tools["find"]) == ["id", "limit"]
    assert all(list(arguments) == ["id", "day"] for name, arguments in tools.items() if name != "find")


def test_an_agent_is_not_shown_what_it_is_asked_for() -> None:
    turns = (
        Turn(speaker="user", text="What is the capital of Peru?"),
        Turn(speaker="assistant", text="Do you mean the largest city?"),
        Turn(speaker="user", text="Yes."),
        Turn(speaker="assistant", text="Lima."),
    )
    told = Sample(id="q", turns=turns, output="Lima.")
    assert "Lima" not in asked_of(told) and "largest city" in asked_of(told)
    called = told.model_copy(update={"calls": SAMPLES[0].calls})
    assert asked_of(called) == "user: What is the capital of Peru?\nuser: Yes."
