"""Checks of mathematics: one final answer, calculations that are right, and the answer that is known."""

from collections.abc import Mapping
from typing import Any

from toolworld.datasets.generation.mathematics.arithmetic import wrong_calculations
from toolworld.datasets.generation.mathematics.equality import same_answer
from toolworld.datasets.generation.mathematics.final_answer import different_answers, final_answer, final_answers
from toolworld.datasets.generation.parts import Ok, Outcome, Reject
from toolworld.datasets.generation.validators.text import GeneralValidator

_PROOF_ENDS = ("Q.E.D.", "QED", "∎", r"\blacksquare", r"\qed")


class MathValidator(GeneralValidator):
    """Checks that a solution marks one final answer, or ends as a proof, and that what it calculates is right.

    Where the row has an `answer`, the final answer must be that one.

    Args:
        arguments: Those of `GeneralValidator`.
        check_calculations: Whether calculations in the text are done again.
    """

    def __init__(self, *arguments: Any, check_calculations: bool = True, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._check_calculations = check_calculations

    def validate(self, instruction: str, response: str, metadata: Mapping[str, Any] | None = None) -> Outcome:
        """Whether the solution is sound."""
        sound = super().validate(instruction, response)
        if isinstance(sound, Reject):
            return sound
        answers = different_answers(response)
        if not answers and not response.rstrip().endswith(_PROOF_ENDS):
            return Reject("no_final_answer", "the response must mark one final answer: [RESULT]5[/RESULT]")
        if len(answers) > 1:
            return Reject("several_final_answers", f"the response marks {len(answers)}: {', '.join(answers)[:200]}")
        if answers and not answers[0]:
            return Reject("no_final_answer", "the final answer is empty")
        wrong = wrong_calculations(response) if self._check_calculations else []
        if wrong:
            return Reject("wrong_calculation", f"{wrong[0]} is not right")
        return _as_known(answers, metadata or {})


def _as_known(answers: list[str], metadata: Mapping[str, Any]) -> Outcome:
    known = known_answer(metadata.get("fields", {}))
    if known is not None and answers and not same_answer(answers[0], known):
        return Reject("wrong_answer", f"the answer is {known}, and not {answers[0]}")
    return Ok()


def known_answer(fields: Mapping[str, Any]) -> str | None:
    """The answer that a row has: as a field of its own, or inside a solution, as GSM8K and MATH have it."""
    answer = fields.get("answer", fields.get("solution"))
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        return str(answer)
    if not isinstance(answer, str) or not answer.strip():
        return None
    marked = final_answers(answer)
    if marked:
        return marked[-1]
    return answer.strip() if len(answer) < 80 else final_answer(answer)
