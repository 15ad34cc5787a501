"""The party that broke a run, if one did: what the players reported, then what the log shows, then the user proxy."""

from toolworld.datasets import Blame, blame_simulator
from toolworld.judges.blame.log import blame_log
from toolworld.judges.blame.user_proxy import blame_user
from toolworld.judges.context import JudgeContext


def find_blame(context: JudgeContext) -> Blame | None:
    """The first party that is found to have broken the run.

    The order matters: what broke the run from outside (host, simulator) excuses whatever the players
    did after it.
    """
    trajectory = context.trajectory
    return (
        trajectory.blame
        or blame_budget(context)
        or blame_simulator(trajectory.log)
        or blame_log(context)
        or blame_user(context)
    )


def blame_budget(context: JudgeContext) -> Blame | None:
    """The host's blame for a run that the budget for models stopped."""
    if context.trajectory.stop != "budget":
        return None
    return Blame(party="host", message="the budget for models was spent before the run was over")
