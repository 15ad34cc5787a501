"""Requests of sampled tasks in a model's words, with nothing lost and nothing given away."""

import re

from toolworld.datasets import Task, lineage_of
from toolworld.environments import Environment
from toolworld.ground import digest
from toolworld.llm import Completion, Model
from toolworld.rollout.evolution.merging import hidden_values, merge_problem, says, told_values
from toolworld.rollout.evolution.turn import REQUEST_FORM, VERDICT_FORM, asked, prompt, value_of

_LONGEST = 3
"""How many times as long as the request its new words may be, in characters."""
_SHORT = 300
"""Up to how many characters any length is allowed."""


class RequestWriter:
    """Says the requests of sampled tasks in a model's words.

    Args:
        model: Writes, and says of what it wrote whether it asks for the same.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    async def rewritten(self, task: Task, environment: Environment) -> Task:
        """The task with its request in the model's words; as it is where the model finds none that can be used.

        What is wrong with them goes back to the model, twice at most: a value of the request that is lost, one that an
        agent has to ask for or to look up, the name of a tool, too great a length. Then the model is asked whether
        they ask for the same.

        Raises:
            ModelError: the model does not answer.
            BudgetError: the budget is spent.
        """
        if task.origin is None:
            return task  # people or models wrote it
        seed = int(digest([task.id])[:7], 16)

        def find_problem(completion: Completion) -> str | None:
            return rewriting_problem(str(value_of(completion)["request"]), task, environment)

        text = prompt("rewrite").substitute(
            persona=task.scenario.persona, manner=task.scenario.instructions, request=task.request
        )
        found = await asked(self._model, text, REQUEST_FORM, find_problem, seed=seed)
        if found is None:
            return task
        request = str(found["request"]).strip()
        text = prompt("same_request").substitute(first=task.request, second=request)
        verdict = await asked(self._model, text, VERDICT_FORM, seed=seed)
        if verdict is None or verdict["verdict"] != "accept":
            return task
        return task.model_copy(update={"request": request, "origin": task.origin.model_copy(update={"words": "model"})})


def rewriting_problem(request: str, task: Task, environment: Environment) -> str | None:
    """What a request in other words loses, gives away or adds; None where nothing.

    Args:
        request: The request in other words.
        task: The task, with its own.
        environment: Its environment.
    """
    lineage = lineage_of(task, environment)
    kept = [*told_values(lineage), *(str(value) for value in task.scenario.facts.values())]
    told = [value for value in kept if says(task.request, value)]
    hidden = [value for value in (*hidden_values(lineage), *kept) if not says(task.request, value)]
    problem = merge_problem(request, told, hidden)
    if problem is not None:
        return problem
    known = {int(one) for one in re.findall(r"\d+", " ".join([task.request, task.scenario.persona, *kept]))}
    added = next((one for one in re.findall(r"\d+", request) if int(one) not in known), None)
    if added is not None:
        return f"the request says {added}, which they do not mean"
    tool = next((tool.name for tool in environment.tools if "_" in tool.name and tool.name in request), None)
    if tool is not None:
        return f"the request names the tool {tool}, which no customer knows"
    if len(request) > max(_SHORT, _LONGEST * len(task.request)):
        return f"the request is {len(request)} characters long, and what they mean {len(task.request)}"
    return None
