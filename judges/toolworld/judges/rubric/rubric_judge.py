"""The judge of a run by a rubric: one model or a panel of them, each asked once or several times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from statistics import mean
from string import Template
from typing import Any, cast

from toolworld.ground import JsonObject, closed_object, shortened
from toolworld.judges.rubric.items import LONGEST_REASON, Asked, items_of
from toolworld.judges.rubric.judgement import UNCALIBRATED, ItemJudgement, Judgement
from toolworld.judges.rubric.rubric import Rubric
from toolworld.judges.rubric.shown_run import ShownRun
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, Usage, ask

PROMPT = Template((files("toolworld.judges.rubric") / "prompts" / "judge.md").read_text(encoding="utf-8"))
MAX_TOKENS = 2_048
BUDGET = 24_000
"""About how many tokens of a run are shown."""
_MOST_TURNS, _MOST_ITEMS = 12, 12
"""Turns that an answer names, and questions that are asked in one request, at most."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one model said of one item, once."""

    score: float | None
    why: str
    turns: tuple[int, ...]


class RubricJudge:
    """Judges runs by a rubric.

    Scores are means over all votes; of answers in words the one that most gave counts, and a tie is unclear. A model
    that gives no answer which can be used has no vote, and a run that nobody judged is a failure, never a score.

    Args:
        models: The models; several are a panel.
        rubric: What is asked.
        samples: How often each model is asked; every other time in the reverse order of items.
        budget: About how many tokens of a run are shown.
        seed: Of the first request; those that follow have others.
        calibration: The card that says how often these judges are right.
    """

    def __init__(
        self,
        models: Sequence[Model],
        rubric: Rubric,
        *,
        samples: int = 1,
        budget: int = BUDGET,
        seed: int = 0,
        calibration: str = UNCALIBRATED,
    ) -> None:
        self.usage = Usage()
        """What it cost so far."""
        self._models = models
        self._rubric = rubric
        self._samples = samples
        self._budget = budget
        self._seed = seed
        self._calibration = calibration

    async def judge(self, run: ShownRun) -> Judgement:
        """Judge a run. Whatever a model does, there is a judgement, or the record of a failure."""
        blame = run.verdict.blame if run.verdict is not None and run.verdict.outcome == "void" else None
        if blame is not None:
            return self._empty(run, f"the run is void: {blame.message}").model_copy(update={"blame": blame.party})
        if not run.messages:
            return self._empty(run, "it has no messages")
        items = items_of(self._rubric, run)
        if not items:
            return self._empty(run, f"the rubric {self._rubric.name} has no question about this run")
        open_items = [one for one in items if one.decided is None]
        if open_items and not self._models:
            names = ", ".join(one.name for one in open_items)
            return self._empty(run, f"no model is named that judges what the checks leave open: {names}")
        text, left_out = run.text(self._budget) if open_items else ("", None)
        votes, problems = await self._votes(open_items, text, len(run.messages))
        if open_items and not votes:
            return self._empty(run, "; ".join(dict.fromkeys(problems)))
        judged = [one.decided or _counted(one, [vote[one.name] for vote in votes]) for one in items]
        more = {"left_out": left_out, "lost_votes": tuple(dict.fromkeys(problems))}
        return self._judgement(run, judged).model_copy(update=more)

    async def _votes(self, items: Sequence[Asked], text: str, turns: int) -> tuple[list[Mapping[str, Vote]], list[str]]:
        """The votes of all models on all items, and why there are none of some."""
        votes: list[Mapping[str, Vote]] = []
        problems: list[str] = []
        for model in self._models if items else ():
            for sample in range(self._samples):
                ordered = [*items][:: -1 if sample % 2 else 1]
                try:
                    vote = await self._ask_all(model, ordered, text, turns=turns, seed=self._seed + sample)
                except Exception as problem:  # noqa: BLE001 - a model may be anyone's, and one that breaks is a failure
                    problems.append(f"{model.name} did not answer: {type(problem).__name__}: {problem}")
                    continue
                if isinstance(vote, str):
                    problems.append(f"{model.name} gave no answer that can be used: {vote}")
                else:
                    votes.append(vote)
        return votes, problems

    async def _ask_all(
        self, model: Model, items: Sequence[Asked], text: str, *, turns: int, seed: int
    ) -> Mapping[str, Vote] | str:
        """The votes of one model on all items, so many of them at a time, or what is wrong with one of its answers."""
        votes: dict[str, Vote] = {}
        for first in range(0, len(items), _MOST_ITEMS):
            found = await self._ask(model, items[first : first + _MOST_ITEMS], text, turns=turns, seed=seed)
            if isinstance(found, str):
                return found
            votes |= found
        return votes

    async def _ask(
        self, model: Model, items: Sequence[Asked], text: str, *, turns: int, seed: int
    ) -> Mapping[str, Vote] | str:
        """The votes of one model, or what is wrong with its answer."""
        keys = [f"q{number}" for number in range(1, len(items) + 1)]
        questions = [
            f"{key}. {item.question.strip()}\nAnswers: {', '.join(map(str, item.answers))}."
            for key, item in zip(keys, items, strict=True)
        ]
        prompt = PROMPT.safe_substitute(run=text, questions="\n\n".join(questions), keys=", ".join(keys))
        request = Request(
            (Message(role="user", content=prompt),),
            response_format=ResponseFormat(_form(keys, items, turns), "judgement"),
            max_tokens=MAX_TOKENS,
            temperature=0.0 if self._samples == 1 else 0.7,
            seed=seed,
        )
        asked = await ask(model, request, _find_problem)
        self.usage += asked.usage
        if not asked.accepted:
            return asked.rejected[-1].why if asked.rejected else "it has not the form that was asked for"
        answers = cast(dict[str, dict[str, Any]], asked.completion.value)
        return {item.name: _vote(item, answers[key]) for key, item in zip(keys, items, strict=True)}

    def _judgement(self, run: ShownRun, items: Sequence[ItemJudgement]) -> Judgement:
        scores = [one.score for one in items if one.score is not None]
        is_whole = len(scores) == len(items)
        low = [one.item for one in items if one.score is not None and one.score < self._rubric.gate(one.item)]
        average = round(mean(scores), 4) if is_whole else None
        if average is not None and average < self._rubric.threshold:
            low.append("mean")
        return self._empty(run, None).model_copy(
            update={
                "items": tuple(items),
                "mean": average,
                "failed_gates": tuple(low),
                "passed": False if low else True if is_whole else None,
            }
        )

    def _empty(self, run: ShownRun, failure: str | None) -> Judgement:
        return Judgement(
            run=run.id,
            environment=run.environment,
            pattern=run.pattern,
            rubric=self._rubric.name,
            judges=tuple(model.name for model in self._models),
            calibration=self._calibration,
            failure=failure,
        )


def _form(keys: Sequence[str], items: Sequence[Asked], turns: int) -> JsonObject:
    turn: JsonObject = {"type": "integer", "minimum": 0, "maximum": max(turns - 1, 0)}
    return closed_object(
        {
            key: closed_object(
                {
                    "why": {"type": "string", "minLength": 1},
                    "turns": {"type": "array", "items": turn, "minItems": 1, "maxItems": _MOST_TURNS},
                    "answer": {"enum": item.answers},
                }
            )
            for key, item in zip(keys, items, strict=True)
        }
    )


def _find_problem(completion: Completion) -> str | None:
    answers = cast(dict[str, dict[str, Any]], completion.value)
    empty = [key for key, answer in answers.items() if not str(answer["why"]).strip()]
    return f"say why for {', '.join(empty)}" if empty else None


def _vote(item: Asked, answer: Mapping[str, Any]) -> Vote:
    why = shortened(" ".join(str(answer["why"]).split()), LONGEST_REASON)
    return Vote(item.score(answer["answer"]), why, tuple(sorted({*answer["turns"]})))


def _counted(item: Asked, votes: Sequence[Vote]) -> ItemJudgement:
    """The judgement that comes of several votes, with the reason of the vote next to it."""
    scores = [one.score for one in votes]
    score = _mean(scores) if item.scale == "1-5" else _majority(scores)
    nearest = min(votes, key=lambda one: abs((one.score or 0) - (score or 0)))
    return ItemJudgement(
        item=item.name,
        score=score,
        why=nearest.why,
        turns=nearest.turns,
        by="model",
        votes=tuple(scores) if len(scores) > 1 else (),
    )


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [one for one in scores if one is not None]
    return round(mean(known), 4) if known else None


def _majority(scores: Sequence[float | None]) -> float | None:
    """The score that more than half gave; None, unclear, where none did."""
    return next((one for one in dict.fromkeys(scores) if scores.count(one) * 2 > len(scores)), None)
