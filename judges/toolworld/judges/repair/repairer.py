"""The repair of a run: some words first, then all, as long as it is not good enough; the better version is kept."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any, Generic, Literal, TypeVar, cast

from toolworld.ground import BudgetError, JsonObject, JsonValue, ModelError, closed_object, encode
from toolworld.judges.repair.attempt import RepairAttempt, RepairHistory
from toolworld.judges.repair.texts import call_groups, frozen_parts, rebuilt, with_texts, writable_turns
from toolworld.judges.rubric.judgement import Judgement
from toolworld.judges.rubric.rubric_judge import BUDGET, RubricJudge
from toolworld.judges.rubric.shown_run import ShownRun
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, ask

Kept = TypeVar("Kept")
MAX_TOKENS = 4_096
_MOST_TURNS, _LONGEST = 20, 8_000
Way = Literal["surgical", "full"]


@dataclass(frozen=True, slots=True)
class Version(Generic[Kept]):
    """A version of a run: as judges see it, and as it is kept."""

    shown: ShownRun
    kept: Kept


@dataclass(frozen=True, slots=True)
class RepairSource(Generic[Kept]):
    """A run that can be repaired."""

    version: Version[Kept]
    speakers: frozenset[str]
    """The roles whose texts may be written anew; of the agent's never what the user agreed to, or refused."""
    reworded: Callable[[Kept, tuple[Message, ...]], Awaitable[Version[Kept]]]
    """A version of the run with other messages around the same calls."""
    played_again: Callable[[str], Awaitable[Version[Kept]]] | None = None
    """The task played again by an agent that knows what was wrong; None where nobody can play it."""


@dataclass(frozen=True, slots=True)
class Repaired(Generic[Kept]):
    """What came of repairing a run."""

    version: Version[Kept]
    judgement: Judgement
    history: RepairHistory


class Repairer:
    """Repairs runs that do not pass.

    The first try is surgical, those that follow are full. A version is kept where it is better than the one before:
    it passes, or more of its items can be judged, or as many and with a higher mean.

    Args:
        model: Writes anew.
        judge: Judges each version.
        most: How often it tries.
        budget: About how many tokens of a run are shown to the model.
    """

    def __init__(self, model: Model, judge: RubricJudge, *, most: int = 2, budget: int = BUDGET) -> None:
        self._model = model
        self._judge = judge
        self._most = most
        self._budget = budget

    async def repair(self, source: RepairSource[Kept], judgement: Judgement) -> Repaired[Kept]:
        """Repair a run; one that passes, or of which nobody knows whether it does, is left as it is.

        A model that does not answer, or that the budget does not allow, is a try that came to nothing.
        """
        best, judged = source.version, judgement
        attempts: list[RepairAttempt] = []
        while judged.passed is False and len(attempts) < self._most:
            way: Way = "full" if attempts else "surgical"
            try:
                made = await self._made(way, source, best, judged)
            except (ModelError, BudgetError) as problem:
                made = str(problem)
            if isinstance(made, str):
                attempts.append(self._attempt(way, judged, refused=made))
                continue
            found = await self._judge.judge(made.shown)
            is_better = _rank(found) > _rank(judged)
            attempts.append(
                self._attempt(
                    way,
                    judged,
                    mean_after=found.mean,
                    passed=found.passed,
                    kept=is_better,
                    turns=_changed_turns(best.shown.messages, made.shown.messages) if way == "surgical" else (),
                    calls_again=way == "full" and source.played_again is not None,
                )
            )
            if is_better:
                best, judged = made, found
        is_repaired = judgement.passed is False and judged.passed is True
        return Repaired(best, judged, RepairHistory(attempts=tuple(attempts), repaired=is_repaired))

    def _attempt(self, way: Way, judged: Judgement, **found: Any) -> RepairAttempt:
        return RepairAttempt(way=way, by=self._model.name, mean_before=judged.mean, **found)

    async def _made(
        self, way: Way, source: RepairSource[Kept], best: Version[Kept], judged: Judgement
    ) -> Version[Kept] | str:
        """A new version, or why there is none."""
        problems = problems_of(judged)
        if way == "full" and source.played_again is not None:
            return await source.played_again(problems)
        ask_for = self._surgical if way == "surgical" else self._full
        messages = await ask_for(best.shown, source.speakers, problems)
        if isinstance(messages, str):
            return messages
        if frozen_parts(messages) != frozen_parts(best.shown.messages):
            return "it would change calls or results, which are facts"
        if messages == best.shown.messages:
            return "it changes nothing"
        return await source.reworded(best.kept, messages)

    async def _surgical(self, run: ShownRun, speakers: frozenset[str], problems: str) -> tuple[Message, ...] | str:
        turns = writable_turns(run.messages, speakers)
        if not turns:
            return "nothing is said that could be written anew"
        prompt = _prompt("surgical").safe_substitute(
            run=run.text(self._budget)[0], problems=problems, turns=", ".join(map(str, turns))
        )
        found = await self._ask(prompt, _turns_form(turns))
        if found is None:
            return "the model gave no answer that can be used"
        texts = {int(one["turn"]): str(one["text"]) for one in cast(list[dict[str, Any]], found["turns"])}
        return with_texts(run.messages, texts)

    async def _full(self, run: ShownRun, speakers: frozenset[str], problems: str) -> tuple[Message, ...] | str:
        if "user" not in speakers:
            return "what the user said cannot be written anew, and nobody plays the task again"
        groups = len(call_groups(run.messages))
        facts = _GROUPS.substitute(last=groups - 1) if groups else "There are no calls in it."
        prompt = _prompt("full").safe_substitute(run=run.text(self._budget)[0], problems=problems, facts=facts)

        def find_problem(completion: Completion) -> str | None:
            parts = cast(dict[str, list[dict[str, JsonValue]]], completion.value)["messages"]
            order = [part["calls"] for part in parts if "calls" in part]
            if order == [*range(groups)]:
                return None
            return f"give the groups of calls 0 to {groups - 1}, each once" if groups else "there are no calls to give"

        found = await self._ask(prompt, _messages_form(groups), find_problem)
        if found is None:
            return "the model gave no answer that can be used"
        return rebuilt(run.messages, cast(list[Mapping[str, JsonValue]], found["messages"]))

    async def _ask(
        self, prompt: str, form: JsonObject, find_problem: Callable[[Completion], str | None] = lambda _: None
    ) -> dict[str, Any] | None:
        request = Request(
            (Message(role="user", content=prompt),),
            response_format=ResponseFormat(form, "repair"),
            max_tokens=MAX_TOKENS,
        )
        asked = await ask(self._model, request, find_problem)
        return cast("dict[str, Any]", asked.completion.value) if asked.accepted else None


_GROUPS = Template(
    "The groups of calls with their results are facts: they come in their order, each once, as "
    '{"calls": K}, with K from 0 to $last.'
)


def problems_of(judgement: Judgement) -> str:
    """What is wrong with a run, as lines of JSON."""
    low = [one for one in judgement.items if one.item in judgement.failed_gates] or judgement.items
    lines: list[JsonValue] = [
        {"item": one.item, "score": one.score, "why": one.why, "turns": [*one.turns]} for one in low
    ]
    return "\n".join(encode(line).decode() for line in lines)


def _rank(judgement: Judgement) -> tuple[bool, int, float]:
    """The better of two judgements is the greater."""
    judged = sum(one.score is not None for one in judgement.items)
    return judgement.passed is True, judged, judgement.mean or 0.0


def _changed_turns(before: Sequence[Message], after: Sequence[Message]) -> tuple[int, ...]:
    return tuple(turn for turn, (one, other) in enumerate(zip(before, after, strict=True)) if one != other)


@cache
def _prompt(name: str) -> Template:
    return Template((files("toolworld.judges.repair") / "prompts" / f"{name}.md").read_text(encoding="utf-8"))


def _turns_form(turns: Sequence[int]) -> JsonObject:
    text: JsonObject = {"type": "string", "minLength": 1, "maxLength": _LONGEST}
    turn: JsonObject = {"enum": [*turns]}
    items = closed_object({"turn": turn, "text": text})
    return closed_object({"turns": {"type": "array", "items": items, "minItems": 1, "maxItems": _MOST_TURNS}})


def _messages_form(groups: int) -> JsonObject:
    text: JsonObject = {"type": "string", "minLength": 1, "maxLength": _LONGEST}
    said = closed_object({"by": {"enum": ["user", "agent"]}, "text": text})
    called = closed_object({"calls": {"type": "integer", "minimum": 0, "maximum": max(groups - 1, 0)}})
    return closed_object({"messages": {"type": "array", "items": {"anyOf": [said, called]}, "minItems": 1}})
