"""A simulator that answers from a log."""

from collections.abc import Mapping

from toolworld.environments.calls.event import Call, Event, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import SimulationError


class ReplaySimulator:
    """Answers each step with the recorded outcome of the same step, whoever simulated it.

    Args:
        log: Events by step.
    """

    name: SimulatorName = "replay"

    def __init__(self, log: Mapping[int, Event]) -> None:
        self._log = log

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """The recorded outcome of the step, provided that it is of the same call."""
        event = self._log.get(view.step)
        if event is None or not event.is_of(call, tool):
            raise SimulationError(
                f"step {view.step} of the recording is not a call of {call.name} with these arguments"
            )
        return Outcome(
            result=event.result,
            failure=event.failure,
            ops=event.ops,
            ids=event.ids - view.snapshot.ids,
            injected=event.injected,
            usage=event.usage,
            answered_by=event.simulator,
            model=event.model,
            effects=event.effects,
            rejected=event.rejected,
            answer=event.answer,
        )
