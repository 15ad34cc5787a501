"""A user proxy without a model, fair to any agent.

It tells what it is asked for, with a question mark or without, by name or by type; agrees to what it wants and to
nothing else; plays the conditions of its goal; and says that it does not know, once.
"""

import re
from collections.abc import Iterator, Sequence, Set
from datetime import date

from mcp_types import Tool

from toolworld.datasets import DateFact, Fact, Reaction, Task, value_facts
from toolworld.environments import Call, Reads
from toolworld.ground import JsonValue, digest, humanize
from toolworld.judges import ANYTHING_SAID, mentions, read_message, tell_in
from toolworld.llm import Message, ToolCall
from toolworld.rollout.players.requests import AgentWords, load_phrases
from toolworld.rollout.players.sayings import sayings
from toolworld.rollout.players.user import Reply
from toolworld.rollout.players.wishes import wishes_of

_ANY_DAY = date(2026, 1, 1)
MAX_OFFERS = 2
"""How often the user asks an agent that seems to be through what else it needs."""


class ScriptedUser:
    """Plays the user's side of a task. What it says depends on the conversation, and on the calls of its own."""

    name = "scripted"
    model_use = None

    def __init__(self, task: Task) -> None:
        self._task = task
        self._wishes = wishes_of(task)
        self._waiting: list[Call] = []
        self._seen = ""

    async def begin(self, tools: Sequence[Tool]) -> None:
        """Find the reference calls that are the user's to make."""
        own = {tool.name for tool in tools}
        self._waiting = [reference.call for reference in self._task.calls if reference.call.name in own]

    async def see(self, call: ToolCall, text: str) -> None:
        """Remember what came of it, to tell the agent."""
        self._seen = f"I did {humanize(call.name)}: {text}"

    async def remember(self, call: Call) -> None:
        """Take a call that was made off the list of those to make."""
        if call in self._waiting:
            self._waiting.remove(call)

    async def open(self) -> str:
        """The task's request."""
        return self._task.request

    async def reply(self, conversation: Sequence[Message]) -> Reply:
        """Answer what the agent said last, all of it at once."""
        if self._seen:
            told, self._seen = self._seen, ""
            return Reply(told)
        words = AgentWords.of(_last_words(conversation))
        action = self._action(words)
        if action is not None:
            return Reply("", tool_calls=(ToolCall(id="user", name=action.name, arguments=action.arguments),))
        reaction = self._reaction(conversation)
        if reaction is not None and (reaction.agrees != "none" or not words.asks_to_proceed):
            return Reply(reaction.say, agrees=reaction.agrees)
        told = [_telling(name, value) for name, value in self._asked(words).items()]
        past = self._past(conversation, reaction)
        if words.asks_to_proceed or (words.asks_yes_or_no and self._wishes.agrees_to(words.proposal, past)):
            return self._decision(words, [reaction.say, *told] if reaction else told, past)
        if told:
            return Reply(" ".join(told))
        return self._without_facts(words, conversation)

    def _action(self, words: AgentWords) -> Call | None:
        """The user's own call that the agent asks for, if it does: it says what the tool does."""
        for call in self._waiting:
            if all(part in words.text.casefold() for part in humanize(call.name).split()):
                self._waiting.remove(call)
                return call
        return None

    def _reaction(self, conversation: Sequence[Message]) -> Reaction | None:
        """The first thing to say of what was heard and done, that was not said yet."""
        if not self._task.scenario.reactions:
            return None
        heard = [message.content for message in conversation if message.role == "assistant" and message.content]
        made = self._made(conversation)
        for reaction in self._task.scenario.reactions:
            if (
                not _was_said(reaction, conversation)
                and (reaction.after is None or reaction.after in made)
                and all(_heard(fact, heard) != "not_told" for fact in reaction.when)
            ):
                return reaction
        return None

    def _agreed(self, conversation: Sequence[Message]) -> set[int]:
        """The wishes that the user has agreed to, as positions among the task's calls."""
        return {place for place, _ in self._agreements(conversation)}

    def _made(self, conversation: Sequence[Message]) -> set[int]:
        """Those for which a call of their tool was made afterwards."""
        names = {place: self._task.calls[place].call.name for place in self._wishes.places}
        return {
            place
            for place, turn in self._agreements(conversation)
            if any(call.name.endswith(names[place]) for one in conversation[turn:] for call in one.tool_calls)
        }

    def _agreements(self, conversation: Sequence[Message]) -> Iterator[tuple[int, int]]:
        """Each wish that the user agreed to, with the message in which it did."""
        said = ""
        for turn, message in enumerate(conversation):
            if message.role == "assistant" and message.content:
                said = message.content
            elif message.role == "user" and message.agrees == "yes":
                for place in self._wishes.named(said):
                    yield place, turn

    def _past(self, conversation: Sequence[Message], now: Reaction | None = None) -> set[int]:
        """What the user has changed their mind about, or does now, as positions among the task's calls."""
        said = [one for one in self._task.scenario.reactions if one is now or _was_said(one, conversation)]
        return {one.after for one in said if one.after is not None}

    def _asked(self, words: AgentWords) -> dict[str, JsonValue]:
        facts = self._task.scenario.facts
        return {name: facts[name] for name in words.facts(facts)}

    def _decision(self, words: AgentWords, told: Sequence[str], past: Set[int]) -> Reply:
        """Agree to what is wanted, refuse what is not, and tell what was asked for in the same reply."""
        if self._wishes.agrees_to(words.proposal, past):
            return Reply(" ".join([*told, self._say("agrees", words)]), agrees="yes")
        return Reply(" ".join([*told, self._say("disagrees", words)]), agrees="no")

    def _say(self, occasion: str, words: AgentWords) -> str:
        """One of the ways to answer what the agent said; always the first in a task that a person wrote."""
        forms = sayings()[occasion]
        return forms[0 if self._task.origin is None else int(digest([words.text])[:8], 16) % len(forms)]

    def _without_facts(self, words: AgentWords, conversation: Sequence[Message]) -> Reply:
        """Answer what asks for no fact: a greeting, a yes-or-no question, a question that has no answer, or nothing."""
        said = [message.content for message in conversation if message.role == "user"]
        if words.looks_up_only:
            return Reply("Yes, please do.")
        if words.has("offers_help") and not words.has("anything_else"):
            return Reply(self._task.request)
        is_unfinished = self._is_unfinished(conversation)
        if (words.has("anything_else") or words.has("finished")) and not is_unfinished:
            return _goodbye()
        if words.asks and not words.has("anything_else"):
            return self._answer(words, said)
        if words.has("announces") and self._wishes.agrees_to(words.proposal, self._past(conversation)):
            return Reply(self._say("agrees", words), agrees="yes")
        if words.has("waits") and said[-1:] != [_THANKS]:
            return Reply(_THANKS)
        return Reply(_HELPFUL) if is_unfinished and self._offers(conversation) < MAX_OFFERS else _goodbye()

    def _is_unfinished(self, conversation: Sequence[Message]) -> bool:
        """Whether the agent cannot be through: there is a wish that the user has not agreed to yet, or something that
        they want to know was not said."""
        if len(self._agreed(conversation)) < len(self._wishes.wanted):
            return True
        spoken = [message.content for message in conversation if message.role == "assistant" and message.content]
        values = [fact for fact in self._task.truth.facts if any(True for _ in value_facts(fact))]
        return any(_heard(fact, spoken) == "not_told" for fact in values)

    def _offers(self, conversation: Sequence[Message]) -> int:
        """How often the user asked what else is needed since it last agreed to something."""
        count = 0
        for message in conversation:
            if message.role == "user":
                count = 0 if message.agrees == "yes" else count + (message.content == _HELPFUL)
        return count

    def _answer(self, words: AgentWords, said: Sequence[str | None]) -> Reply:
        """Answer a question: confirm what is true, tell what is known besides, or say once that nothing is known."""
        facts = self._task.scenario.facts
        if any(mentions(_shown(value), words.text) for value in facts.values()):
            return Reply("Yes, that is right.")
        known = _related(self._task.scenario.known, words.text)
        if known and known not in said:
            return Reply(known)
        return Reply(_UNKNOWN if _UNKNOWN not in said else "As I said, I do not know that. Please do what you can.")


def _related(known: str, question: str) -> str:
    """The sentences of what is known that have a word of the question; all of them where none has."""
    asked = {one for one in _WORD.findall(question.casefold()) if one not in _COMMON}
    sentences = _SENTENCE.split(known)
    return " ".join(one for one in sentences if asked & {*_WORD.findall(one.casefold())}) or known


_WORD, _SENTENCE = re.compile(r"[a-z]{4,}"), re.compile(r"(?<=[.!?])\s+")
_COMMON = frozenset(("could", "please", "tell", "what", "have", "need", "give", "your", "that", "want", "with", "then"))
_THANKS = "Thank you."
_HELPFUL = "All right. Is there anything that you need from me?"
_UNKNOWN = "I am afraid I do not know that."


def _was_said(reaction: Reaction, conversation: Sequence[Message]) -> bool:
    return any(reaction.say in (one.content or "") for one in conversation if one.role == "user")


def _heard(fact: Fact, spoken: Sequence[str]) -> str:
    """Whether the agent has told a fact; a date without a year is read as near to the fact's."""
    dates = [one.date for one in value_facts(fact) if isinstance(one, DateFact) and len(one.date) == 10]
    day = date.fromisoformat(dates[0]) if dates else _ANY_DAY
    return tell_in(fact, [read_message(words, day, Reads()) for words in spoken], ANYTHING_SAID).outcome


def _goodbye() -> Reply:
    return Reply("Thank you, that is all.", done=True)


def _last_words(conversation: Sequence[Message]) -> str:
    """What the agent said since the user's last words."""
    spoken: list[str] = []
    for message in reversed(conversation):
        if message.role == "user":
            break
        if message.role == "assistant" and message.content:
            spoken.append(message.content)
    return "\n".join(reversed(spoken))


def _telling(name: str, value: JsonValue) -> str:
    """A fact as a person tells it: `My postcode is RV6 2GJ.`"""
    owner = "My" if name in load_phrases().identity else "The"
    verb = "are" if name.endswith("digits") else "is"
    return f"{owner} {humanize(name)} {verb} {_shown(value)}."


def _shown(value: JsonValue) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
