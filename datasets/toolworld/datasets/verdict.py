"""The judgement of a run: named checks with evidence and scores, and a reward."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from toolworld.datasets.trajectory import Blame, run_name
from toolworld.environments import Op
from toolworld.ground import Record

CheckOutcome = Literal["pass", "fail", "unclear", "skipped"]
"""`unclear`: it was looked at, and nobody can say without a judge by model. `skipped`: there was nothing to look at, or
it was not heard."""

EvidenceKind = Literal[
    "made",
    "missing",
    "wrong",
    "not_allowed",
    "told",
    "not_told",
    "unclear",
    "invented",
    "leaked",
    "kept",
    "broken",
    "not_looked_at",
    "note",
]
"""What a piece of evidence says: of changes and calls, of facts and values, of rules, and anything else."""


class Evidence(Record):
    """A piece of what an outcome rests on."""

    text: str
    """One sentence."""
    kind: EvidenceKind = "note"
    step: int | None = None
    """The step of the log that it is about, from 0."""
    turn: int | None = None
    """The position in the trajectory's messages, from 0."""
    record: str | None = None
    """The record, as `collection/key`, or the singleton's name."""
    fact: int | None = None
    """The position in the task's facts."""
    rule: int | None = None
    """The position in the environment's rules."""


def _as_evidence(value: Any) -> Any:
    return Evidence(text=value) if isinstance(value, str) else value


class ChangePair(Record):
    """A change that was expected beside the actual one in its place; either may be missing."""

    record: str
    """The record, as `collection/key`, or the singleton's name; new records have the run's own id."""
    expected: Op | None = None
    actual: Op | None = None
    fields: tuple[str, ...] = ()
    """The fields that differ."""


class CheckResult(Record):
    """The result of one check."""

    name: str
    """The component that was checked: `state`, `calls`, `answer`, `policy`, or the name of a check of one's own."""
    outcome: CheckOutcome
    score: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    """How much of it was right, from 0 to 1: 1 if and only if it passed, None where it was skipped or is unclear."""
    evidence: tuple[Annotated[Evidence, BeforeValidator(_as_evidence, json_schema_input_type=Evidence | str)], ...]
    """What the outcome rests on; for `skipped`, why nothing could be checked."""
    to_check: int = Field(default=1, ge=0)
    """How many things there were to look at: facts, rules, records; 0 where nothing applies."""
    checked: int = Field(default_factory=lambda data: int(data.get("outcome") in ("pass", "fail")), ge=0)
    """How many of them were decided; by default all where the check passed or failed."""
    changes: tuple[ChangePair, ...] = ()
    """For the state: the changes that differ from the expected ones."""

    @property
    def reasons(self) -> tuple[Evidence, ...]:
        """The evidence for an outcome that is no pass."""
        against = tuple(one for one in self.evidence if one.kind not in ("made", "told", "kept", "note"))
        return against or self.evidence


class Verdict(Record):
    """The judgement of a trajectory."""

    schema_version: Literal[1] = 1
    trajectory: str
    """The trajectory's id, which is the episode's."""
    task: str
    seed: int
    trial: int = 0
    outcome: Literal["pass", "fail", "unclear", "void"]
    """`unclear` where nothing failed and not everything could be decided. `void` where anyone but the agent broke the
    run: it counts neither for nor against the agent."""
    reward: float | None = Field(ge=0, le=1, allow_inf_nan=False)
    """From 0 to 1. By default 1.0 if every check passed and 0.0 if one failed; None for a run that is void or unclear,
    which a trainer should mask, not count as zero."""
    looked_at: float = Field(default=1.0, ge=0, le=1)
    """The share of what was to be checked that was decided."""
    scores: dict[str, float | None]
    """The score of each check by its name; None where it was skipped or is unclear, or the run is void."""
    checks: tuple[CheckResult, ...] = ()
    blame: Blame | None = None
    """Who broke the run, and how."""
    final_digest: str | None = None
    """The digest of the state in which the judged run ended, so that the verdict of another one is noticed."""

    def without_evidence(self, why: str) -> "Verdict":
        """The verdict with a note in place of what its outcome rests on, for whoever must not see the truth."""
        note = (Evidence(text=why),)
        checks = tuple(check.model_copy(update={"evidence": note, "changes": ()}) for check in self.checks)
        return self.model_copy(update={"checks": checks})

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
