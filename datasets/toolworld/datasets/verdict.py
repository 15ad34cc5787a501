"""What a judge found: a list of named checks, each with its evidence."""

from typing import Literal

from toolworld.datasets.trajectory import Fault
from toolworld.ground import Record

CheckName = Literal["state", "calls", "answer", "policy", "rubric"]


class Check(Record):
    """One thing that was looked at."""

    name: CheckName
    outcome: Literal["pass", "fail", "skipped"]
    evidence: tuple[str, ...]
    """What the outcome rests on, one sentence each; for `skipped`, why it could not be looked at."""


class Verdict(Record):
    """The judgement of a trajectory. A void one counts neither for nor against the agent."""

    schema_version: Literal[1] = 1
    trajectory: str
    task: str
    outcome: Literal["pass", "fail", "void"]
    checks: tuple[Check, ...] = ()
    fault: Fault | None = None
    """Who voided the run, and how."""

    @property
    def passed(self) -> bool:
        """Whether the agent did the task."""
        return self.outcome == "pass"
