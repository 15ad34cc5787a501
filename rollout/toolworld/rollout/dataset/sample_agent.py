"""An agent on samples of any dataset: it answers each once, and is held against the sample's own calls or output."""

from collections.abc import Callable, Sequence
from typing import cast

from toolworld.datasets import Sample, call_forms, output_form
from toolworld.environments import Call
from toolworld.ground import JsonObject, JsonValue, closed_object, for_each
from toolworld.llm import Message, Model, Request, ResponseFormat

_MAX_TOKENS, _AT_ONCE = 1_024, 16


class SampleAgent:
    """A model that makes the calls of a sample, or gives its output where it has no calls.

    Args:
        model: The model.
        tools: The names of the tools that it may call, each with the names of its arguments.
        seed: Of its completions.
    """

    def __init__(self, model: Model, tools: dict[str, Sequence[str]], seed: int = 0) -> None:
        self._model = model
        self._tools = tools
        self._seed = seed

    async def passes(self, sample: Sample) -> bool:
        """Whether it makes the sample's calls, with these arguments and in this order, or gives its output.

        Raises:
            ModelError: the model does not answer.
            BudgetError: the budget is spent.
        """
        asks_for_calls = bool(sample.calls)
        request = Request(
            (Message(role="user", content=self._prompt(sample, asks_for_calls=asks_for_calls)),),
            response_format=self._form(asks_for_calls=asks_for_calls),
            max_tokens=_MAX_TOKENS,
            seed=self._seed,
        )
        answer = await self._model.complete(request)
        if answer.problem is not None:
            return False
        value = cast(JsonObject, answer.value)
        if not asks_for_calls:
            return output_form(Sample(id="", output=str(value["output"]))) == output_form(sample)
        made = tuple(Call.model_validate(one) for one in cast("list[JsonValue]", value["calls"]))
        return call_forms(Sample(id="", calls=made)) == call_forms(sample)

    def _prompt(self, sample: Sample, *, asks_for_calls: bool) -> str:
        shown = asked_of(sample)
        if not asks_for_calls:
            return f"{shown}\n\nGive the output, and nothing else."
        tools = "\n".join(f"{name}({', '.join(arguments)})" for name, arguments in self._tools.items())
        return f"Tools:\n{tools}\n\n{shown}\n\nGive all calls that this conversation needs, in their order."

    def _form(self, *, asks_for_calls: bool) -> ResponseFormat:
        if not asks_for_calls:
            return ResponseFormat(closed_object({"output": {"type": "string"}}), "output")
        call = closed_object({"name": {"enum": [*self._tools]}, "arguments": {"type": "object"}})
        return ResponseFormat(closed_object({"calls": {"type": "array", "items": call}}), "calls")


def asked_of(sample: Sample) -> str:
    """What an agent is shown of a sample: what users say, and nothing of what was answered.

    Of a sample without calls, what the assistant says before its last turn, which is the output, is shown as well.
    """
    turns = list(sample.turns)
    if not any(one.speaker == "assistant" for one in turns):
        return sample.text
    if sample.calls:
        turns = [one for one in turns if one.speaker == "user"]
    elif turns[-1].speaker == "assistant":
        turns = turns[:-1]
    return "\n".join(f"{one.speaker}: {one.text}" for one in turns)


async def answer_samples(
    agent: SampleAgent, samples: Sequence[Sample], on_sample: Callable[[], None] = lambda: None
) -> list[float]:
    """Have an agent answer samples, several at once: 1 for each that it passes, else 0, in their order.

    Raises:
        ModelError: the model does not answer.
        BudgetError: the budget is spent.
    """
    results = [0.0] * len(samples)

    async def answer(place: int) -> None:
        results[place] = float(await agent.passes(samples[place]))
        on_sample()

    await for_each(range(len(samples)), answer, at_once=_AT_ONCE)
    return results


def tools_in(samples: Sequence[Sample]) -> dict[str, Sequence[str]]:
    """The tools that samples call, each with all arguments that it is ever given, in the order of their first use."""
    found: dict[str, dict[str, None]] = {}
    for call in (call for one in samples for call in one.calls):
        found.setdefault(call.name, {}).update(dict.fromkeys(call.arguments))
    return {name: [*arguments] for name, arguments in found.items()}
