"""Faults in the way of some of the tasks that are made."""

from typing import Annotated

import typer

from toolworld.environments import load_fault_profile
from toolworld.ground import UsageError
from toolworld.rollout import FaultShare

SomeFaults = Annotated[
    str | None,
    typer.Option(
        help="Put a fault profile in the way of some tasks, which get over it: flaky, busy, slow, stale, drifted, "
        "crowded, rough, or a JSON file with one."
    ),
]
ShareOfTasks = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="The share of tasks that --faults is for; by default 0.3.")
]
_USUAL_SHARE = 0.3


def chosen_faults(name: str | None, share: float | None) -> FaultShare | None:
    """What the two options say together.

    Raises:
        SpecError: there is no such profile.
        UsageError: a share is given, and no profile.
    """
    if name is None:
        if share is not None:
            raise UsageError("--fault-share is the share of tasks that --faults is for, and none are named")
        return None
    return FaultShare(profile=load_fault_profile(name), share=_USUAL_SHARE if share is None else share)
