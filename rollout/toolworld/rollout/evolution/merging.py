"""Merging: the turns of an evolved conversation as one request, with nothing lost and nothing given away."""

from collections.abc import Sequence

from toolworld.datasets import ArgumentLineage
from toolworld.ground import JsonValue, is_said_in
from toolworld.llm import Completion, Model
from toolworld.rollout.evolution.turn import REQUEST_FORM, EvolvedTurn, asked, prompt, value_of


def told_values(lineage: Sequence[ArgumentLineage]) -> list[str]:
    """What a request has to say: the texts and numbers that come from the user."""
    return [str(one.value) for one in lineage if one.source == "user" and isinstance(one.value, str | int | float)]


def hidden_values(lineage: Sequence[ArgumentLineage]) -> list[str]:
    """What a request must not say: the texts that an agent has to find in earlier results."""
    return [one.value for one in lineage if one.source == "result" and isinstance(one.value, str)]


def merge_problem(request: str, told: Sequence[str], hidden: Sequence[str]) -> str | None:
    """What a merged request loses, or gives away; None where nothing.

    Args:
        request: The request.
        told: What it has to say.
        hidden: What it must not say.
    """
    lost = next((value for value in told if not says(request, value)), None)
    if lost is not None:
        return f"the request does not say {lost!r}, which the solution needs"
    given = next((value for value in hidden if value not in told and says(request, value)), None)
    return f"the request gives {given!r} away, which has to be looked up" if given is not None else None


def says(text: str, value: str) -> bool:
    """Whether a text says a value; 42.0 is said as 42 too."""
    return is_said_in(value, text) or is_said_in(value.removesuffix(".0"), text)


async def merged_request(
    model: Model, turns: Sequence[EvolvedTurn], told: Sequence[str], hidden: Sequence[str], seed: int
) -> str | None:
    """The turns as one request; what is wrong with it goes back to the model, twice at most.

    Where no request of the model can be used, the turns stand one after the other, if they say all and give nothing
    away; else there is none.

    Raises:
        ModelError: the model does not answer.
        BudgetError: the budget is spent.
    """
    said = [turn.wish.text for turn in turns]
    needed = [one for one in told if any(says(text, one) for text in said)]

    def find_problem(completion: Completion) -> str | None:
        return merge_problem(str(value_of(completion)["request"]), needed, hidden)

    text = prompt("merge").substitute(turns="\n".join(f"{number}. {one}" for number, one in enumerate(said, start=1)))
    found = await asked(model, text, REQUEST_FORM, find_problem, seed=seed)
    if found is not None:
        return str(found["request"]).strip()
    joined = " ".join(said)
    return joined if merge_problem(joined, needed, hidden) is None else None


def facts_of(lineage: Sequence[ArgumentLineage]) -> dict[str, JsonValue]:
    """What the user says when asked for it by name: what has one value only."""
    found: dict[str, list[JsonValue]] = {}
    for one in lineage:
        if one.source == "user" and one.value not in found.setdefault(one.argument, []):
            found[one.argument].append(one.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}
