"""A user proxy that did not keep to its script: the run says nothing about the agent.

Three things are looked for: details that nobody gave it (ids, codes, addresses), facts that it was
asked for and withheld, and leaving while the agent was still asking.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from toolworld.datasets import Blame, Task, Trajectory
from toolworld.ground import JsonValue, humanize, leaves
from toolworld.judges.context import JudgeContext
from toolworld.llm import Message

_DETAIL = re.compile(r"[\w#@][\w@.#+/-]*")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_CODE = re.compile(r"#?[A-Za-z]+[-_]?\d{2,}\w*|[A-Z]{2,}[-_]?\d\w*|#?\d{6,}|#\w*\d\w*|\d+[A-Z]{2,}|[A-Za-z]+-\d\w*")
"""What ids, postcodes and telephone numbers look like, and times, dates, prices and measures do not."""
_COURTESY = re.compile(
    r"(any|some)(thing|where|one)? ?(else|more|other|further)?|can i (help|do)|how else|help you|questions|"
    r"that (be )?(all|everything)|will that be|everything (for|you)|welcome|okay\?|right\?",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"(?:\W*(?:thank you|thanks|thank|cheers|that is all|that's all|that will be all|good ?bye|bye|have a \w+ \w+|"
    r"very much|so much|a lot|for your help|for now|great|perfect|ok|okay|all|no|sorry|but|now|"
    r"i(?: have|'ve)? (?:got to|gotta|have to|must|need to|should) (?:go|leave|run|hang up)|"
    r"i(?:'m| am) (?:off|leaving)|(?:see|talk to|speak to) you(?: later| soon)?|never mind|"
    r"forget it|another time|some other time)\b)*\W*",
    re.IGNORECASE,
)
"""Words that end a conversation and answer nothing."""
_DENIAL = re.compile(
    r"\b(do not|don't|cannot|can't|could not|couldn't) (know|have|remember|recall|tell|give|find)|"
    r"\bno idea|not sure|afraid",
    re.IGNORECASE,
)


def blame_user(context: JudgeContext) -> Blame | None:
    """The blame of the user proxy for what spoilt the run, whatever the agent did: a detail that it made up, and that
    reached a call."""
    task, messages = context.task, context.trajectory.messages
    for place, message in enumerate(messages):
        if message.role == "user":
            for detail in invented(task, messages[:place], message.content or ""):
                if _reached_a_call(detail, context.trajectory):
                    text = f"it invented {detail!r}, which its script does not have, and a call was made with it"
                    return Blame(party="user", message=text, turn=place)
    return None


def blame_user_for_failure(context: JudgeContext) -> Blame | None:
    """The blame of the user proxy for a run that did not pass: it withheld what was needed, or left too early."""
    task, messages = context.task, context.trajectory.messages
    for name in withheld(task, messages):
        if _is_needed(task.scenario.facts[name], task):
            text = f"it was asked for its {humanize(name)}, which it knows, and said that it does not have it"
            return Blame(party="user", message=text)
    if context.trajectory.stop == "done" and left_early(messages):
        return Blame(party="user", message="it left while the agent was asking it something", turn=len(messages) - 1)
    return None


def _reached_a_call(detail: str, trajectory: Trajectory) -> bool:
    """Whether a detail stands in the arguments of a call."""
    wanted = _squeezed(detail)
    return any(wanted in _squeezed(str(leaf)) for event in trajectory.log for leaf in leaves(event.call.arguments))


def _is_needed(value: JsonValue, task: Task) -> bool:
    """Whether a fact stands in the arguments of the reference calls."""
    wanted = _squeezed(f"{value}")
    return any(wanted in _squeezed(str(leaf)) for reference in task.calls for leaf in leaves(reference.call.arguments))


def invented(task: Task, before: Sequence[Message], text: str) -> list[str]:
    """The details in a user's words that are neither in its script nor were said to it before."""
    scenario = task.scenario
    facts = [f"{value}" for value in scenario.facts.values()]
    script = (task.request, scenario.persona, scenario.goal, scenario.known, scenario.unknown, scenario.instructions)
    script += tuple(reaction.say for reaction in scenario.reactions)
    if not any(map(_is_detail, map(_trimmed, _DETAIL.findall(text)))):
        return []
    heard = " ".join([*script, *facts, *(message.content or "" for message in before if message.role != "tool")])
    squeezed, known = _squeezed(heard), {_squeezed(word) for word in _DETAIL.findall(heard)}
    return [
        word
        for word in map(_trimmed, _DETAIL.findall(text))
        if _is_detail(word) and _squeezed(word) not in known and not (len(word) > 3 and _squeezed(word) in squeezed)
    ]


def withheld(task: Task, messages: Sequence[Message]) -> list[str]:
    """The names of facts that the user was asked for and denied having, and that nobody told before or after."""
    spoken = _squeezed(" ".join(message.content or "" for message in messages if message.role in ("user", "assistant")))
    found: list[str] = []
    for place, message in enumerate(messages[1:], start=1):
        before = messages[place - 1]
        if message.role != "user" or before.role != "assistant" or not _DENIAL.search(message.content or ""):
            continue
        asked = " ".join(_questions(before.content or ""))
        found += [
            name
            for name, value in task.scenario.facts.items()
            if re.search(rf"\byour {re.escape(humanize(name))}\b", asked, re.IGNORECASE)
            and _squeezed(f"{value}") not in spoken
        ]
    return list(dict.fromkeys(found))


def left_early(messages: Sequence[Message]) -> bool:
    """Whether the agent last asked what is more than a courtesy, and the user's last words, if any, answer nothing."""
    texts = [message.content or "" for message in messages if message.role == "assistant"]
    if not texts or all(_COURTESY.search(question) for question in _questions(texts[-1])):
        return False
    last = messages[-1]
    if last.role != "user":
        return True
    return (last.agrees or "none") == "none" and bool(_GOODBYE.fullmatch((last.content or "").strip()))


def _questions(text: str) -> list[str]:
    return re.findall(r"[^.!?\n]*\?", re.sub(r"https?://\S+", "", text))


def _is_detail(word: str) -> bool:
    return bool(_ADDRESS.fullmatch(word) or _CODE.fullmatch(word))


def _trimmed(word: str) -> str:
    return word.rstrip(".-/+")


@lru_cache(maxsize=4096)
def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())
