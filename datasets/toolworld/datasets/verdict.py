"""The judgement of a run: named checks with evidence and scores, and a reward."""

from typing import Literal

from pydantic import Field

from toolworld.datasets.trajectory import Blame, run_name
from toolworld.ground import Record

CheckOutcome = Literal["pass", "fail", "skipped"]


class CheckResult(Record):
    """The result of one check."""

    name: str
    """The component that was checked: `state`, `calls`, `answer`, `policy`, or the name of a check of one's own."""
    outcome: CheckOutcome
    score: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    """How much of it was right, from 0 to 1: 1 if and only if it passed, None where it was skipped."""
    evidence: tuple[str, ...]
    """What the outcome rests on, one sentence each; for `skipped`, why nothing could be checked."""


class Verdict(Record):
    """The judgement of a trajectory."""

    schema_version: Literal[1] = 1
    trajectory: str
    """The trajectory's id, which is the episode's."""
    task: str
    seed: int
    trial: int = 0
    outcome: Literal["pass", "fail", "void"]
    """`void` where anyone but the agent broke the run: it counts neither for nor against the agent."""
    reward: float | None = Field(ge=0, le=1, allow_inf_nan=False)
    """From 0 to 1. By default 1.0 if every check passed and 0.0 if one failed; None for a void run, which a trainer
    should mask, not count as zero."""
    scores: dict[str, float | None]
    """The score of each check by its name; None where it was skipped, or the run is void."""
    checks: tuple[CheckResult, ...] = ()
    blame: Blame | None = None
    """Who broke the run, and how."""

    @property
    def run(self) -> str:
        """The name of the run that was planned, as the trajectory's."""
        return run_name(self.task, self.seed, self.trial)

    @property
    def run_id(self) -> str:
        """The trajectory's id; see `latest_runs`."""
        return self.trajectory

    @property
    def passed(self) -> bool:
        """Whether the agent did the task."""
        return self.outcome == "pass"
