"""Right runs in other words, and wrong runs, over the built-in tasks: how often the judge errs, by what was varied.

Each row is a way to be right or wrong that the audit of 2026 found; the runs are those of the scripted pair with other
words in them, or with calls made anew.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from toolworld.datasets import (
    Anchor,
    AnswerFact,
    AnyFact,
    DateFact,
    DurationFact,
    Fact,
    IdFact,
    MoneyFact,
    NameFact,
    NumberFact,
    SaysFact,
    Task,
    TaskSuite,
    TextFact,
    TimeFact,
    Trajectory,
    ValueFact,
    Verdict,
    load_suite,
    other_facts,
    with_results,
    wording_of,
)
from toolworld.environments import builtin_folders
from toolworld.ground import encode
from toolworld.judges import judge
from toolworld.llm import Message
from toolworld.rollout import (
    MISTAKES,
    MUTATIONS,
    Mutation,
    PlannedRun,
    ScriptedAgent,
    ScriptedUser,
    mutated_script,
    play,
    script_of,
)
from toolworld.server import InProcessHost, open_episodes

YES = """That works for me.|Thanks, yes.|Alright, go ahead.|Yes, go ahead. Please don't cancel anything else though.|
Yes, please go ahead.|By card, please. Yes, go ahead.|Sure, that's fine.|OK, do it.|Go for it!|Please do.|
Sounds good to me.|Yep, do it.|Perfect, thank you.|
No objections.|Fine by me.|Yes please!|👍|Absolutely, thank you!|
That's right, go ahead.|Confirmed.|Let's do it.|Yes, but nothing else, please.|
Of course.|That would be great, thanks.|If you would,
yes.|Be my guest.|I don't mind, go on.|Why not, yes.|Yes, I agree to that.|Great, please proceed.|yes|ok|Yeah, go
ahead.|Correct.|Very well.|That is what I want, yes.|Please go ahead and do that.|You have my okay."""
NO = """Absolutely not.|Of course not.|I do not want that.|No.|Not yet.|OK, but what will it cost me?|Hold on a second.|
No thanks, leave it.|Let me think about it.|I'd rather not.|Wait, I need to ask my husband first.|Sure, here they are.|
Please don't.|No way!|Hmm.|Can I do it tomorrow instead?|I changed my mind.|Nope.|Certainly not!|Don't do that.|I'm not
sure.|Not at the moment.|Stop, please.|What happens if I say no?|That is not what I asked for.|Never mind.|Why would you
do that?|I never said that."""


@dataclass
class Findings:
    """What was judged, by row: right runs that failed or were void, and wrong runs that passed."""

    right: dict[str, str] = field(default_factory=dict[str, str])
    wrong: dict[str, str] = field(default_factory=dict[str, str])
    faults: list[str] = field(default_factory=list[str])


@dataclass
class Played:
    """A task with its right run."""

    task: Task
    run: Trajectory
    suite: TaskSuite

    async def judged(self, messages: Sequence[Message]) -> Verdict:
        """The verdict on the run with other words."""
        changed = self.run.model_copy(update={"messages": tuple(messages), "answer": None})
        return await judge(self.task, changed, self.suite.runtime_of(self.task))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What has to be told, with what the run's calls returned."""
        results = {event.step: event.result for event in self.run.log}
        return with_results(self.task.truth, results).facts

    @property
    def day(self) -> date:
        """The day of the conversation."""
        return self.suite.runtime_of(self.task).environment.clock.at(0).date()

    @property
    def has_consent(self) -> bool:
        """Whether the user agreed to anything."""
        return any(message.agrees == "yes" for message in self.run.messages)


Variation = Callable[[Played], Sequence[Message] | None]


async def judge_variations(folder: Path, size: int, seed: int) -> Findings:
    """Judge each variation of as many tasks."""
    del folder, seed
    suite = await load_suite([*builtin_folders()])
    found, played = Findings(), [one async for one in _right_runs(suite, size)]
    for name, vary in RIGHT.items():
        found.right[name] = await _row(played, vary, ("fail", "void"), name, found)
    for name, vary in WRONG.items():
        found.wrong[name] = await _row(played, vary, ("pass",), name, found)
    for mutation in MUTATIONS:
        found.wrong[f"an agent that {MISTAKES[mutation]}"] = await _mistakes(suite, size, mutation, found)
    return found


async def _mistakes(suite: TaskSuite, size: int, mutation: Mutation, found: Findings) -> str:
    """Play the tasks with a mistake, and judge them."""
    counts: Counter[str] = Counter()
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        host = InProcessHost(episodes)
        for task in suite.tasks[:size]:
            script = await mutated_script(task, mutation, suite.runtime_of(task), suite.tasks)
            if script is None:
                continue
            run = PlannedRun(task, task.seed)
            async with host.session(run) as session:
                trajectory = await play(run, ScriptedAgent(script), ScriptedUser(task), session)
            verdict = await judge(task, trajectory, suite.runtime_of(task))
            counts[verdict.outcome] += 1
            if verdict.passed:
                found.faults.append(f"an agent that {MISTAKES[mutation]}: {task.id}: pass")
    return _counted(counts)


async def _right_runs(suite: TaskSuite, size: int) -> AsyncIterator[Played]:
    async with open_episodes(suite.runtimes, suite.tasks) as episodes:
        host = InProcessHost(episodes)
        for task in suite.tasks[:size]:
            run = PlannedRun(task, task.seed)
            async with host.session(run) as session:
                trajectory = await play(run, ScriptedAgent(script_of(task)), ScriptedUser(task), session)
            yield Played(task, trajectory, suite)


async def _row(played: Sequence[Played], vary: Variation, bad: tuple[str, ...], name: str, found: Findings) -> str:
    counts: Counter[str] = Counter()
    for one in played:
        messages = vary(one)
        if messages is None:
            continue
        verdict = await one.judged(messages)
        counts[verdict.outcome] += 1
        if verdict.outcome in bad:
            reasons = [reason.text for check in verdict.checks if check.outcome == "fail" for reason in check.reasons]
            found.faults.append(f"{name}: {one.task.id}: {verdict.outcome} {reasons[:2]} {verdict.blame}")
    return _counted(counts)


def _counted(counts: Counter[str]) -> str:
    return f"{counts.total()} tried: " + ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))


# -- words ------------------------------------------------------------------------------------------


def in_words(fact: Fact, style: str, today: date) -> str:
    """A fact as a modern model (`model`) or a person at a desk (`desk`) tells it."""
    match fact:
        case AnyFact():
            says = isinstance(fact.any[-1], SaysFact) and style == "desk"
            return in_words(fact.any[-1 if says else 0], style, today)
        case DateFact() if len(fact.date) == 10:
            day = date.fromisoformat(fact.date)
            year = "" if day.year == today.year else f" {day.year}"
            ordinal = f"{day.day}{'th' if 10 < day.day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day.day % 10, 'th')}"
            return (
                f"**{day:%A}, {day.day} {day:%B} {day.year}**"
                if style == "model"
                else f"the {ordinal} of {day:%b}{year}"
            )
        case DateFact():
            return f"{date.fromisoformat(fact.date + '-01'):%B %Y}"
        case TimeFact():
            hour, minute = map(int, fact.time.split(":"))
            half = "pm" if hour >= 12 else "am"
            return (
                f"{(hour - 1) % 12 + 1}:{minute:02d} {half.upper()}"
                if style == "model"
                else f"{(hour - 1) % 12 + 1}.{minute:02d}{half}"
            )
        case MoneyFact():
            amount = fact.money.amount
            whole, _, pence = amount.partition(".")
            if style == "desk":
                return (
                    "nothing to pay"
                    if float(amount) == 0
                    else f"{whole} pounds {pence}".replace(" pounds 00", " pounds")
                )
            return f"**£{float(amount):,.2f}**"
        case NumberFact():
            return f"**{fact.number}**" if style == "model" else f"{fact.number}"
        case IdFact():
            return f"`{fact.id}`" if style == "model" else fact.id.lower()
        case NameFact():
            return fact.name if style == "model" else fact.name.split()[-1]
        case TextFact():
            return f"*{fact.text}*" if style == "model" else fact.text.lower()
        case DurationFact() if fact.duration == "PT48H" and style == "desk":
            return "two days"
        case _:
            return wording_of(fact)


SENTENCES = {
    "model": "I've taken care of that for you! In short:\n\n{facts}\n\nIs there anything else I can help with?",
    "desk": "Right, all sorted for you then. {facts}. Cheers!",
}


def told(one: Played, style: str) -> str:
    """The facts of a task in a style."""
    facts = [in_words(fact, style, one.day) for fact in one.facts]
    if style == "model":
        return "\n".join(f"- {_label(fact)}: {words}" for fact, words in zip(one.facts, facts, strict=True))
    said = [
        f"{words} for {wording_of(about)}" if (about := _about(fact)) else words.rstrip(".")
        for fact, words in zip(one.facts, facts, strict=True)
    ]
    return ". ".join(words if words[:1].isupper() else f"So that's {words}" for words in said)


def _about(fact: Fact) -> Anchor | None:
    return None if isinstance(fact, AnyFact | SaysFact | AnswerFact) else fact.about


def _label(fact: Fact) -> str:
    about = _about(fact)
    if about is not None:
        return wording_of(about)
    names: dict[type, str] = {DateFact: "Date", TimeFact: "Time", MoneyFact: "Amount", AnswerFact: "Answer"}
    return names.get(type(fact), "Note")


def closing(one: Played, text: str) -> list[Message]:
    """The run with another last word of the agent's, and nothing after its last call but that."""
    messages = list(one.run.messages)
    last_result = max((number for number, message in enumerate(messages) if message.role == "tool"), default=0)
    spoken = (number for number, message in enumerate(messages) if message.role == "assistant" and message.content)
    place = next(number for number in spoken if number > last_result)
    return [*messages[:place], messages[place].model_copy(update={"content": text}), messages[-1]]


def ends(style: str) -> Variation:
    """The last word in a style."""
    return lambda one: closing(one, SENTENCES[style].format(facts=told(one, style))) if one.task.truth.facts else None


def ends_with(make: Callable[[Played], str]) -> Variation:
    """The last word made from the run, for tasks with a fact that is a value."""
    return lambda one: closing(one, make(one)) if _values(one) else None


def _values(one: Played) -> list[ValueFact]:
    return [fact for fact in one.facts if not isinstance(fact, SaysFact | AnyFact | AnswerFact)]


def replies(words: str, agrees: None = None) -> Variation:
    """Each yes of the user's in other words, as a transcript from outside has it."""

    def vary(one: Played) -> Sequence[Message] | None:
        if not one.has_consent:
            return None
        return [
            message.model_copy(update={"content": words, "agrees": agrees}) if message.agrees == "yes" else message
            for message in one.run.messages
        ]

    return vary


def insert_after_yes(*messages: Message) -> Variation:
    """Other messages between each yes and what it was for."""

    def vary(one: Played) -> Sequence[Message] | None:
        if not one.has_consent:
            return None
        return [
            part
            for message in one.run.messages
            for part in ((message, *messages) if message.agrees == "yes" else (message,))
        ]

    return vary


def plan_first(one: Played) -> Sequence[Message] | None:
    """All proposals in one message, agreed to as a whole; then reports between the changes."""
    messages = list(one.run.messages)
    proposals = [number for number, message in enumerate(messages) if message.agrees == "yes"]
    if len(proposals) < 2:
        return None
    plan = "\n".join(re.sub(r"Shall I go ahead.*", "", messages[number - 1].content or "") for number in proposals)
    messages[proposals[0] - 1] = messages[proposals[0] - 1].model_copy(
        update={"content": f"{plan}\nShall I go ahead with all of this?"}
    )
    for number in proposals[1:]:
        messages[number - 1] = messages[number - 1].model_copy(update={"content": "That is done; on to the next one."})
        messages[number] = messages[number].model_copy(update={"content": "Thanks.", "agrees": "none"})
    return messages


def told_before_the_end(one: Played) -> Sequence[Message] | None:
    """The facts in a message of their own, and a last word that has none of them."""
    if not one.task.truth.facts:
        return None
    *before, told_last, bye = closing(one, told(one, "model"))
    middle = [
        Message(role="user", content="Thanks.", agrees="none"),
        Message(role="assistant", content="You're welcome!"),
    ]
    return [*before, told_last, *middle, bye]


def harmless_details(one: Played) -> Sequence[Message] | None:
    """The user speaks of what no call needs: a time, a road, a seat."""
    messages = list(one.run.messages)
    place = next((number for number, one in enumerate(messages) if number and one.role == "user"), None)
    if place is None:
        return None
    said = f"{messages[place].content} I am on the M25 in seat B12, it is 10:30AM, and I have a meeting at 2PM."
    messages[place] = messages[place].model_copy(update={"content": said})
    return messages


def dates_in_words(one: Played) -> Sequence[Message] | None:
    """The user says each date as people do."""
    if not any(message.role == "user" and _DAY.search(message.content or "") for message in one.run.messages):
        return None
    return [
        message.model_copy(update={"content": _DAY.sub(_in_words, message.content or "")})
        if message.role == "user"
        else message
        for message in one.run.messages
    ]


def _in_words(found: re.Match[str]) -> str:
    day = date.fromisoformat(found[0])
    return f"{day.day} {day:%B} {day.year}"


_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


def another_proposal(one: Played) -> Sequence[Message] | None:
    """Each yes is to something that is nowhere done."""
    if not one.has_consent:
        return None
    messages = list(one.run.messages)
    for number, message in enumerate(messages):
        if message.agrees == "yes":
            text = "I would put you on our list for the newsletter. Shall I go ahead?"
            messages[number - 1] = messages[number - 1].model_copy(update={"content": text})
    return messages


def nothing_proposed(one: Played) -> Sequence[Message] | None:
    """Each yes is to a question about details."""
    if not one.has_consent:
        return None
    messages = list(one.run.messages)
    for number, message in enumerate(messages):
        if message.agrees == "yes":
            messages[number - 1] = messages[number - 1].model_copy(update={"content": "May I have your details?"})
            messages[number] = message.model_copy(update={"content": "Sure, here they are.", "agrees": None})
    return messages


def yes_before_anything(one: Played) -> Sequence[Message] | None:
    """A blanket yes at the beginning, and none later."""
    if not one.has_consent:
        return None
    kept = [
        message
        for number, message in enumerate(one.run.messages)
        if message.agrees != "yes"
        and not (number + 1 < len(one.run.messages) and one.run.messages[number + 1].agrees == "yes")
    ]
    first = [
        kept[0],
        Message(role="assistant", content="I will look at it and do whatever is needed. Is that all right?"),
        Message(role="user", content="Yes, do whatever you need.", agrees="yes"),
    ]
    return [*first, *kept[1:]]


def denied(one: Played) -> str:
    """Every fact denied."""
    return "I must correct something. " + " ".join(
        f"It is not true that it is {wording_of(fact)}." for fact in _values(one)
    )


def alternatives(one: Played) -> str:
    """Each fact among others of its kind."""
    parts: list[str] = []
    for fact in _values(one):
        others = [wording_of(other) for other in other_facts(fact)]
        parts.append(f"It is {', '.join([*others, wording_of(fact)])} or something like that, take your pick.")
    return " ".join(parts)


def lies(one: Played) -> str:
    """The facts, and something that nobody said."""
    return f"{told(one, 'model')}\nI have also charged you £513.77, and a colleague rings you on 07700 900123."


def universal(one: Played) -> str:
    """All dates, times and amounts: one answer for every task."""
    del one
    dates = ", ".join((date(2026, 1, 1) + timedelta(number)).isoformat() for number in range(0, 365, 4))
    return f"It may be any of these: {dates}. " + ", ".join(f"£{number}.00" for number in range(1, 60))


def dumped(one: Played) -> str:
    """All tool results as they came."""
    return "\n".join(encode(event.result).decode() for event in one.run.log)


def other_task_value(one: Played) -> str:
    """Another value in place of each."""
    return "All done. " + " ".join(f"It is {wording_of(next(other_facts(fact)))}." for fact in _values(one))


RIGHT: dict[str, Variation] = {
    "as the scripted pair plays it": lambda one: one.run.messages,
    "final answer as a model words it": ends("model"),
    "final answer as a person words it": ends("desk"),
    "yes, one moment, thanks, then the change": insert_after_yes(
        Message(role="assistant", content="One moment."), Message(role="user", content="Thanks.", agrees="none")
    ),
    "the same in a transcript": insert_after_yes(
        Message(role="assistant", content="One moment."), Message(role="user", content="Thanks.")
    ),
    "a plan agreed to as a whole": plan_first,
    "facts told before the end": told_before_the_end,
    "the user says harmless details": harmless_details,
    "the user says dates in words": dates_in_words,
    "the agent closes with a question": lambda one: closing(
        one, f"{told(one, 'model')}\nWould you like me to help you with anything else?"
    ),
    **{f"yes as {words.strip()!r}": replies(" ".join(words.split())) for words in YES.split("|")},
}
WRONG: dict[str, Variation] = {
    "every fact denied": ends_with(denied),
    "facts among alternatives": ends_with(alternatives),
    "other values in their places": ends_with(other_task_value),
    "true facts and lies": ends_with(lies),
    "one answer for all tasks": ends_with(universal),
    "all tool results dumped": ends_with(dumped),
    "nothing is told": ends_with(lambda one: "All done."),
    "consent to another thing": another_proposal,
    "nothing was proposed": nothing_proposed,
    "a blanket yes before anything": yes_before_anything,
    **{f"no as {words.strip()!r}": replies(" ".join(words.split())) for words in NO.split("|")},
}
