"""User proxies that keep to their script, and those that do not."""

import pytest

from toolworld.datasets import GroundTruth, Scenario, Task
from toolworld.judges import invented, left_early
from toolworld.judges.blame.user_proxy import withheld
from toolworld.llm import Message

TASK = Task(
    id="t",
    environment="e",
    environment_version="v",
    request="I want to cancel order W-551, please.",
    scenario=Scenario(goal="You want it cancelled.", facts={"zip": "RV3 2LN", "email": "ada@example.org", "age": 41}),
    calls=(),
    truth=GroundTruth(digest=""),
)


def agent(text: str) -> Message:
    return Message(role="assistant", content=text)


def user(text: str) -> Message:
    return Message(role="user", content=text)


@pytest.mark.parametrize(
    "text",
    [
        "It is W-551.",
        "My zip is rv3-2ln and my address ADA@example.org.",
        "I am 41, there are 2 of us, from the 11th at 9am, for £12.50, in 2026.",
        "Yes, T-9 as you said.",
        "I do not know that.",
        "Open 24/7, 50/50, 9am-5pm, 30min, 2hrs, the 1990s, 2x, 1/2, an mp3, 1000 times, 1250 dollars.",
        "On 03/05/2026 or 5.3.2026 or 2026-03-06.",
    ],
)
def test_what_the_script_or_the_agent_said_is_not_invented(text: str) -> None:
    assert invented(TASK, (agent("Is it T-9?"),), text) == []


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("It is W-552.", "W-552"),
        ("My zip is RV9 9ZZ.", "RV9"),
        ("Call 07700900120.", "07700900120"),
        ("bob@example.org", "bob@example.org"),
        ("#W77123", "#W77123"),
    ],
)
def test_what_nobody_said_is_invented(text: str, detail: str) -> None:
    assert invented(TASK, (agent("What is it?"),), text)[0] == detail


def test_what_only_a_tool_said_the_user_cannot_know() -> None:
    assert invented(TASK, (Message(role="tool", content="B2040", tool_call_id="1"),), "It is B2040.") == ["B2040"]


def test_a_fact_that_was_asked_for_and_never_told_is_withheld() -> None:
    assert withheld(TASK, (agent("What is your zip?"), user("I do not know."))) == ["zip"]
    assert withheld(TASK, (agent("What is your zip?"), user("No idea."), agent("Please."), user("RV3 2LN."))) == []
    assert withheld(TASK, (agent("Is your zip still RV3 2LN?"), user("I cannot remember a new one, so yes."))) == []
    assert withheld(TASK, (agent("Is your zip the one on file?"), user("Yes, it is."))) == []
    assert withheld(TASK, (agent("Thank you."), user("Bye."))) == []


@pytest.mark.parametrize(
    ("last", "early"),
    [
        ("Shall I go ahead?", True),
        ("It is done. Is there anything else I can do?", False),
        ("It is done.", False),
        ("Is that everything for today?", False),
        ("Will that be all?", False),
        ("Do you have any questions?", False),
        ("It is at https://example.org/?order=1.", False),
        ("It is done. Which card shall I charge?", True),
    ],
)
def test_leaving_while_the_agent_asks_is_early(last: str, early: bool) -> None:
    assert left_early((user("Hello"), agent(last))) is early


@pytest.mark.parametrize(
    ("said", "early"),
    [
        ("Sorry, I have to go now.", True),
        ("I've got to run, bye!", True),
        ("Never mind, some other time.", True),
        ("Thanks, see you later.", True),
        ("I have to go to the branch in Millgate for that.", False),
        ("My card ends in 4417.", False),
        ("No, I need to leave the booking as it is.", False),
    ],
)
def test_words_that_only_end_a_conversation_answer_nothing(said: str, early: bool) -> None:
    assert left_early((user("Hello"), agent("Which card shall I charge?"), user(said))) is early
