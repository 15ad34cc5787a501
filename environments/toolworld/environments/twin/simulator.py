"""Answers calls as a recorded server did, and what was not recorded by a program or a model, where there is one."""

from collections.abc import Callable
from dataclasses import replace

from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, Simulator, View
from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.twin.recorded_answers import Place, RecordedAnswers
from toolworld.ground import SimulationError

NOT_RECORDED = "not_recorded"
"""The error of a call that was not recorded and that nothing else can answer."""
REFUSED = "refused"
"""The code of errors that a recorded server gave: MCP has words for them only."""


class TwinSimulator:
    """Answers calls of a twin.

    Args:
        answers: What was recorded.
        other: Answers what was not.
        can_answer: Whether it has an answer for a tool.
    """

    name: SimulatorName = "replay"

    def __init__(self, answers: RecordedAnswers, other: Simulator, can_answer: Callable[[ToolSpec], bool]) -> None:
        self._answers = answers
        self.other = other
        self._can_answer = can_answer

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """The recorded answer at this place of the recording, or that of the program or model."""
        recorded = self._answers.find(tool, call.arguments, view.state)
        if recorded is not None:
            return await self._repeated(recorded, tool, call, view)
        place = Place.of(view.state)
        if not place.is_known or not self._can_answer(tool):
            return _not_recorded(tool)
        outcome = await self.other.simulate(tool, call, view)
        ops = (*outcome.ops, Place(None).op) if outcome.ops and place.position is not None else outcome.ops
        return replace(outcome, ops=ops, after=None, answered_by=outcome.answered_by or self.other.name)

    async def _repeated(self, recorded: RecordedAnswer, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """A recorded answer, with the changes that a program makes for the same call."""
        failure = None if recorded.refusal is None else Failure(kind="tool", code=REFUSED, message=recorded.refusal)
        said = Outcome(recorded.result, failure, answer=recorded.answer)
        if not recorded.moves:
            return said
        place = Place.of(view.state)
        made = await self._made(tool, call, view) if place.is_known and recorded.writes else None
        moved = Place(recorded.position + 1, is_known=place.is_known and (made is not None or not recorded.writes))
        return replace(said, ops=(*(made.ops if made else ()), moved.op), ids=made.ids if made else 0)

    async def _made(self, tool: ToolSpec, call: Call, view: View) -> Outcome | None:
        """What a program makes of a recorded call; None where nothing says what it changes."""
        if not self._can_answer(tool):
            return None
        try:
            outcome = await self.other.simulate(tool, call, view)
        except SimulationError:
            return None
        return outcome if outcome.failure is None else None


def _not_recorded(tool: ToolSpec) -> Outcome:
    message = f"{tool.name} was not called like this when the server was recorded, and nothing else can answer it"
    return Outcome(failure=Failure(kind="tool", code=NOT_RECORDED, message=message))
