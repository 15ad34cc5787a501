"""A solver that learns from what it is shown: scripted, so that the skill of a generator is known beforehand."""

import re

from tests.support.generators import drawn_from

from toolworld.datasets import wrong_calculations
from toolworld.llm import Request, ScriptedModel

ALONE, FOR_EACH = 0.2, 0.19
"""How often it is right without examples, and how much more often for each right example of another kind."""


def learning_solver(name: str = "solver") -> ScriptedModel:
    """Adds the numbers of a problem; how often it does so rightly depends on the examples that it is shown."""

    def answer(request: Request) -> str:
        prompt = request.messages[-1].content or ""
        examples = re.findall(r"Task: (.*?)\nSolution: (.*?)\n\n", prompt, re.DOTALL)
        lessons = {task for task, solution in examples if not wrong_calculations(solution)}
        task = prompt.rpartition("Task: ")[2]
        numbers = [int(one) for one in re.findall(r"\d+", task.partition("Solution:")[0])]
        is_right = drawn_from(request, "skill").random() < ALONE + FOR_EACH * len(lessons)
        total = sum(numbers) + (0 if is_right else 1)
        return f"{' + '.join(map(str, numbers))} = {total}\n[RESULT]{total}[/RESULT]"

    return ScriptedModel(answer, name)


def honest_judge(name: str = "judge") -> ScriptedModel:
    """Scores what it can check: a wrong calculation is bad, a response without a final answer worse."""

    def answer(request: Request) -> dict[str, object]:
        shown = request.messages[-1].content or ""
        instruction, _, response = shown.partition("\n\nResponse:\n")
        numbers = {*re.findall(r"\d+", instruction)}
        if "[/RESULT]" not in response or not numbers <= {*re.findall(r"\d+", response)}:
            quality = 1
        else:
            quality = 2 if wrong_calculations(response) else 5
        return {"remark": "", "quality": quality, "difficulty": 1 + min(4, len(numbers) // 2)}

    return ScriptedModel(lambda request: answer(request), name)  # pyright: ignore[reportArgumentType]


def flattering_judge() -> ScriptedModel:
    """Likes everything."""
    return ScriptedModel(lambda _: {"remark": "", "quality": 5, "difficulty": 3}, "flatterer")
