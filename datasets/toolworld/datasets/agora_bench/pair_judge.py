"""A model that judges instructions and responses, and how far it can be believed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from toolworld.datasets.trials.difficulty import wilson_interval
from toolworld.ground import JsonSchema, ModelError, Record, for_each
from toolworld.llm import Message, Model, Request, ResponseFormat, ask

_PROMPT = (Path(__file__).parent / "prompts" / "judge.md").read_text(encoding="utf-8").strip()
_SCORE: JsonSchema = {"type": "integer", "minimum": 1, "maximum": 5}
_FORMAT = ResponseFormat(
    {
        "type": "object",
        "properties": {"remark": {"type": "string"}, "quality": _SCORE, "difficulty": _SCORE},
        "required": ["remark", "quality", "difficulty"],
    },
    "judgement",
)


class PairScore(NamedTuple):
    """Scores of an instruction and its response, from 1 to 5."""

    quality: int
    difficulty: int


async def judged(model: Model, instruction: str, response: str) -> PairScore | None:
    """The scores that a model gives; None if it gives none.

    Raises:
        ModelError: it does not answer.
        BudgetError: the budget is spent.
    """
    shown = f"Instruction:\n{instruction}\n\nResponse:\n{response}"
    messages = (Message(role="system", content=_PROMPT), Message(role="user", content=shown))
    request = Request(messages, response_format=_FORMAT, max_tokens=512, seed=0)
    result = await ask(model, request, lambda _: None)
    value: Any = result.completion.value
    return PairScore(value["quality"], value["difficulty"]) if result.accepted and value else None


class SpoiltKind(Record):
    """How often a judge scored responses that were spoilt in a way below the ones that they were made of."""

    lower: int
    pairs: int
    low: float
    high: float
    """`low` to `high` is the 95 % interval of the share (Wilson, 1927)."""


class PairJudgeCard(Record):
    """What is known of a judge: whether it tells responses from spoilt ones, by the way in which they are spoilt."""

    judge: str
    kinds: dict[str, SpoiltKind]

    @property
    def share(self) -> float | None:
        """The share of all spoilt responses that were scored lower; guessing gets less than a half."""
        pairs = sum(one.pairs for one in self.kinds.values())
        return sum(one.lower for one in self.kinds.values()) / pairs if pairs else None


async def judge_card(
    model: Model, rows: Sequence[Mapping[str, Any]], *, most: int = 12, at_once: int = 16
) -> PairJudgeCard:
    """Try a judge on responses and on spoilt ones: cut in half, another row's, and without a word on the matter.

    Args:
        model: The judge.
        rows: Rows with `instruction` and `response`, of any quality: only the difference counts.
        most: Of how many rows.
        at_once: How many requests at a time.

    Raises:
        ModelError: it does not answer.
    """
    tried = [rows[place] for place in sorted(Random(0).sample(range(len(rows)), min(most, len(rows))))]
    counts: dict[str, list[bool]] = {kind: [] for kind in ("cut", "of another row", "evasive")}

    async def compare(place: int) -> None:
        row, other = tried[place], tried[(place + 1) % len(tried)]
        response = str(row["response"])
        right = await _quality(model, row["instruction"], response)
        spoilt = {
            "cut": response[: len(response) // 2],
            "of another row": str(other["response"]),
            "evasive": "That is an interesting question, and there are many ways to look at it.",
        }
        for kind, text in spoilt.items():
            if text != response:
                wrong = await _quality(model, row["instruction"], text)
                if right is not None and wrong is not None:
                    counts[kind].append(wrong < right)

    await for_each(range(len(tried)), compare, at_once=at_once)
    kinds: dict[str, SpoiltKind] = {}
    for kind, found in counts.items():
        low, high = wilson_interval(sum(found), len(found))
        kinds[kind] = SpoiltKind(lower=sum(found), pairs=len(found), low=low, high=high)
    return PairJudgeCard(judge=model.name, kinds=kinds)


async def _quality(model: Model, instruction: object, response: str) -> int | None:
    try:
        score = await judged(model, str(instruction), response)
    except ModelError:
        return None
    return score.quality if score else None
