"""A log that does not lead to the final state that the trajectory claims: the host is to blame."""

from toolworld.datasets import Blame
from toolworld.environments import InvalidOpsError
from toolworld.judges.context import JudgeContext


def blame_log(context: JudgeContext) -> Blame | None:
    """Follow the log from the initial state, and compare where it leads with the trajectory's final state."""
    runtime, trajectory = context.runtime, context.trajectory
    snapshot = runtime.start
    try:
        for event in trajectory.log:
            snapshot = runtime.advance(snapshot, event)
    except InvalidOpsError as problem:
        return Blame(party="host", message=f"the log does not fit the environment: {problem}")
    changes = snapshot.state.diff(runtime.start.state)
    if snapshot.state.digest != trajectory.final_digest or changes != trajectory.changes:
        return Blame(party="host", message="the log does not lead to the final state that the trajectory tells of")
    return None
