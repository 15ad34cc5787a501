"""The scripted user with agents of many manners: it answers by type, agrees to what it wants, and leaves in time."""

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from toolworld.datasets import Reaction, Task, TaskOrigin, TextFact, load_suite
from toolworld.environments import Call
from toolworld.ground import JsonValue
from toolworld.llm import Message, ToolCall
from toolworld.rollout import Reply, ScriptedUser
from toolworld.rollout.players.requests import AgentWords
from toolworld.rollout.players.script import announcement
from toolworld.server import open_environment


@pytest.fixture
async def renewal() -> Task:
    return (await load_suite(["library"])).tasks[0]


async def replies(task: Task, *said: str | ToolCall) -> list[Reply]:
    """The user's replies to what the agent says; calls are made between."""
    user = ScriptedUser(task)
    messages = [Message(role="user", content=await user.open())]
    found: list[Reply] = []
    for words in said:
        if isinstance(words, ToolCall):
            messages.append(Message(role="assistant", tool_calls=(words,)))
            continue
        messages.append(Message(role="assistant", content=words))
        found.append(await user.reply(messages))
        messages.append(Message(role="user", content=found[-1].text, agrees=found[-1].agrees))
    return found


@pytest.mark.parametrize(
    "said",
    [
        "What is your name?",
        "Could I have your full name and postcode, please.",
        "Your name and postcode, please.",
        "I need your name and your post code.",
        "To find your record I require your postcode and name",
        "Who am I speaking with, and what is your zip code?",
        "Please identify yourself.",
        "Before I look: could you verify your identity?",
        "<think>Ask.</think>**May I take some details first?**",
    ],
)
async def test_details_are_told_however_they_are_asked_for(renewal: Task, said: str) -> None:
    [reply] = await replies(renewal, said)
    assert "Amira Okafor" in reply.text and (reply.agrees, reply.done) == ("none", False)


@pytest.mark.parametrize(
    ("said", "agrees"),
    [
        ("I would renew Middlemarch until 23 March. Shall I go ahead?", "yes"),
        (
            "I can extend *Middlemarch* for you — it'd then be due Monday, 23 March. Would you like me to do that?",
            "yes",
        ),
        ("I'll renew Middlemarch then, does that sound good?", "yes"),
        ("Just to confirm, you'd like me to renew Middlemarch. Is that right?", "yes"),
        ("I will now renew Middlemarch.", "yes"),
        ("Shall I renew Kim for you?", "no"),
        ("Shall I renew Emma for you?", "no"),
        ("I'll report Middlemarch as lost. OK?", "no"),
        ("I'll renew Middlemarch and charge you £500 for it. OK?", "no"),
        ("I can't renew Middlemarch. Shall I close the conversation?", "no"),
        ("Shall I look up your record?", "none"),
        ("Here is what I'd do: renew Middlemarch until 23 March. Do I have your yes?", "yes"),
        ("I'd renew Middlemarch until 23 March. Is that a yes?", "yes"),
        ("I'd renew Middlemarch until 23 March. Do you want it just so?", "yes"),
        ("1. Renew Middlemarch until 23 March.\nAll OK?", "yes"),
        ("I could renew Middlemarch. What would you rather have?", "none"),
        ("To renew Middlemarch I have to find you first. Could you tell me your name?", "none"),
        ("I'd renew Kim. Do I have your yes?", "none"),
        ("I'd put Middlemarch down as renewed until 23 March. May I have your yes for that?", "yes"),
        ("I can mark Middlemarch as lost. Do you say yes?", "no"),
        ("Middlemarch is not renewable. Shall I renew Emma?", "no"),
        ("Shall I renew Emma instead of Middlemarch?", "no"),
        ("I refuse to renew Middlemarch. Shall I return it?", "no"),
    ],
)
async def test_it_agrees_to_what_it_wants_and_to_nothing_else(renewal: Task, said: str, agrees: str) -> None:
    [reply] = await replies(renewal, said)
    assert (reply.agrees, reply.done) == (agrees, False)


async def test_who_did_not_write_down_what_there_is_to_pay_pays_what_is_usual(renewal: Task) -> None:
    made = renewal.model_copy(
        update={"origin": TaskOrigin(mode="short", style="direct", patterns=(), number=0)}  # a task made by sampling
    )
    for sum_, agrees in (("£4.50", "yes"), ("£970.00", "yes"), ("£90,417", "no")):
        [reply] = await replies(made, f"I would renew Middlemarch, which costs {sum_}. Shall I go ahead?")
        assert reply.agrees == agrees, sum_


async def test_what_an_agent_says_it_can_do_is_no_question_about_the_user(renewal: Task) -> None:
    [reply] = await replies(renewal, "I would renew Middlemarch, its postcode does not matter. Shall I go ahead?")
    assert "RV3 2LN" not in reply.text and reply.agrees == "yes"


@pytest.mark.parametrize(
    "said",
    ["Hello! How can I help?", "One moment, let me check.", "I've found your record.", "Is there anything else first?"],
)
async def test_it_does_not_leave_before_its_wish_is_heard(renewal: Task, said: str) -> None:
    [reply] = await replies(renewal, said)
    assert not reply.done


async def test_it_leaves_when_all_is_done_and_says_once_that_it_does_not_know(renewal: Task) -> None:
    strange, again, agreed, done = await replies(
        renewal,
        "What is your shoe size?",
        "And your favourite colour?",
        "I would renew Middlemarch until 23 March. Shall I go ahead?",
        "It is renewed until 23 March. Is there anything else?",
    )
    assert "do not know" in strange.text and strange.text != again.text
    assert (agreed.agrees, done.done) == ("yes", True)


async def test_it_reacts_once_to_what_it_hears(renewal: Task) -> None:
    scenario = renewal.scenario.model_dump()
    scenario["reactions"] = [{"when": [TextFact(text="reserved")], "say": "Then leave it, please.", "agrees": "no"}]
    task = Task.model_validate({**renewal.model_dump(), "scenario": scenario})
    first, second = await replies(task, "It is reserved. Shall I renew Middlemarch all the same?", "Middlemarch stays?")
    assert (first.text, first.agrees) == ("Then leave it, please.", "no") and second.text != first.text


async def test_it_changes_its_mind_after_what_it_agreed_to_was_done() -> None:
    [task] = [one for one in (await load_suite(["library"])).tasks if one.id == "library/return_and_collect"]
    first = next(place for place, one in enumerate(task.calls) if one.writes)
    mind = "Oh, I have changed my mind about that one."
    scenario = {**task.scenario.model_dump(), "reactions": [{"after": first, "say": mind}]}
    changing = Task.model_validate({**task.model_dump(), "scenario": scenario})
    proposal = "I would take Metropolis back. Shall I go ahead?"
    call = ToolCall(id="c", name=f"library.{task.calls[first].call.name}", arguments={})
    said = ("Hello!", proposal, "One moment.", call, "Metropolis is back.", proposal)
    before, agreed, wait, done, again = await replies(changing, *said)
    assert mind not in before.text + agreed.text + wait.text  # it was not done yet
    assert (agreed.agrees, done.text, done.agrees) == ("yes", mind, "none")
    assert again.agrees == "no"  # it is not wanted any more
    *_, both = await replies(changing, proposal, call, "That is done. I would lend you Howards End. Shall I go ahead?")
    assert both.text.startswith(mind) and both.agrees == "yes"


@pytest.mark.parametrize(
    "said",
    [
        "Could you please confirm your full name and postcode?",
        "Please confirm your full name and postcode.",
        "To proceed, I need your full name and postcode.",
        "Before we go ahead, could you please provide me with your full name and postcode?",
        "Before I go ahead, may I have your name and postcode?",
    ],
)
async def test_a_request_for_details_is_no_proposal(renewal: Task, said: str) -> None:
    [reply] = await replies(renewal, said)
    assert "Amira Okafor" in reply.text and "RV3 2LN" in reply.text and reply.agrees == "none"


async def test_it_stays_as_long_as_something_is_wanted_however_often_it_hears_a_report() -> None:
    [task] = [one for one in (await load_suite(["library"])).tasks if one.id == "library/waive_and_pay"]
    changes = [reference.call for reference in task.calls if reference.writes]
    said = [
        words
        for call in changes
        for words in (f"{announcement(call)} Shall I go ahead?", f"Done: {call.name}.", "That is recorded, too.")
    ]
    *before, last = await replies(task, *said)
    assert [reply.done for reply in before] == [False] * len(before) and not last.done
    assert sum(reply.agrees == "yes" for reply in before) == len(changes)


@pytest.mark.parametrize(("limit", "agrees"), [("£12,750", "no"), ("12750.00", "no"), ("£13,000", "yes")])
async def test_a_forbidden_call_is_told_by_its_number(limit: str, agrees: str) -> None:
    [task] = [one for one in (await load_suite(["bank_cards"])).tasks if one.id.endswith("tickets_and_the_limit")]
    forbidden = Call(name="change_credit_limit", arguments={"new_limit": 12750})
    barred = task.model_copy(update={"truth": task.truth.model_copy(update={"forbidden": (forbidden,)})})
    [reply] = await replies(barred, f"I would change your credit limit to {limit}. Shall I go ahead?")
    assert reply.agrees == agrees


async def test_a_plan_of_right_changes_is_agreed_to_though_its_words_together_would_be_a_forbidden_one() -> None:
    [task] = [one for one in (await load_suite(["library"])).tasks if one.id.endswith("hospital_excuses_one_charge")]
    plan = "- waive the new charge of £2.25 for Dracula\n- pay charge F306, £0.50, by card\nShall I go ahead with both?"
    wrong = "- waive charge F306 of £0.50\n- pay for Dracula, £2.25, by card\nShall I go ahead with both?"
    assert [(await replies(task, words))[0].agrees for words in (plan, wrong)] == ["yes", "no"]


@pytest.mark.parametrize("occasion", [{}, {"after": -1}])
def test_a_reaction_has_an_occasion(occasion: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Reaction.model_validate({**occasion, "say": "Then leave it."})


DIALOGUES: dict[str, Sequence[str]] = {
    "asks everything at once": ("Name, postcode, and which book, please?", "I'd renew Middlemarch to 23 March, OK?"),
    "greets first": ("Hello, how can I help you today?", "Your name and postcode?", "May I renew Middlemarch?"),
    "never asks": ("I need your name and postcode.", "I will renew Middlemarch until 23 March now."),
    "is wordy": (
        "Of course! 😊 To get started, could you share:\n- your **full name**\n- your **postcode**",
        "Thank you, Amira! I can renew *Middlemarch*; the new date would be **23 March**.\n\nShall I proceed?",
    ),
    "asks odd things": (
        "Your name, postcode, and shoe size?",
        "Weather is nice, isn't it?",
        "Shall I renew Middlemarch?",
    ),
    "is at a desk": ("name and postcode pls", "right, i'll renew middlemarch till the 23rd then, yeah?"),
    "makes small talk": ("Lovely day!", "Your name and postcode?", "I could renew Middlemarch, if you want."),
    "looks up first": ("May I look at your record? Name and postcode?", "Would you like me to renew Middlemarch?"),
    "confirms twice": ("Name and postcode?", "Shall I renew Middlemarch?", "Just checking: renew Middlemarch, right?"),
    "waits": ("Name and postcode?", "One moment please.", "I'd like to renew Middlemarch now. Is that OK?"),
}


@pytest.mark.parametrize("manner", DIALOGUES)
async def test_a_right_agent_of_any_manner_is_not_failed(manner: str) -> None:
    async with open_environment("library") as library, library.episode("renew_one") as episode:
        *before, proposal = DIALOGUES[manner]
        for words in before:
            assert not (await episode.say(words)).done
        await episode.call("find_patron", name="Amira Okafor", postcode="RV3 2LN")
        assert (await episode.say(proposal)).agrees == "yes"
        await episode.call("renew_loan", loan_id="L5101")
        last = await episode.say("Done! Middlemarch is due back on 23 March. Anything else?")
        verdict = await episode.verdict()
    assert (verdict.outcome, last.done) == ("pass", True), verdict.checks


async def test_a_thing_is_known_by_what_the_change_itself_gives_back() -> None:
    """The copy that is lent stands in no look-up beside its title; the loan that comes of it does."""
    [task] = [one for one in (await load_suite(["library"])).tasks if one.id == "library/return_and_collect"]
    said = [
        "I would take Metropolis back. Shall I go ahead?",
        "Metropolis is back. I would lend you Howards End until 23 March. Shall I go ahead?",
        "I would lend you Northanger Abbey too. Shall I go ahead?",
    ]
    assert [reply.agrees for reply in await replies(task, *said)] == ["yes", "yes", "no"]


@pytest.mark.parametrize("farewell", ["All done. Have a good day.", "Have a lovely evening!", "Have a nice weekend."])
def test_a_farewell_asks_for_no_fact_of_that_name(farewell: str) -> None:
    facts: dict[str, JsonValue] = {"day": "thursday", "evening": "late", "weekend": "both days"}
    assert AgentWords.of(farewell).facts(facts) == []
    assert AgentWords.of("Which day do you mean?").facts(facts) == ["day"]
    assert AgentWords.of("Day:").facts(facts) == ["day"]
