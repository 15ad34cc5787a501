"""What was found of an environment, check by check."""

from typing import Literal

from pydantic import Field

from toolworld.ground import JsonObject, Record

Status = Literal["pass", "fail", "not_run", "not_applicable"]
"""`not_run`: it was not looked at here, and the evidence says why. `not_applicable`: it is of something else, such as
of an image."""


class CheckReport(Record):
    """The answer to one of OpenEnv's checks (policy v2 of OpenEnv 0.10)."""

    check_id: str
    level: int
    """1 static, 2 runtime, 3 semantic, 4 statistical."""
    severity: str
    """What OpenEnv's policy says of a failure: `fail`, `warn` or `advisory`."""
    status: Status
    evidence: tuple[str, ...]
    measured: JsonObject = Field(default_factory=dict)
    remediation: str | None = None
    """What the author changes, where it failed."""


class ValidationReport(Record):
    """All checks of an environment."""

    environment: str
    environment_version: str
    tasks: int
    """How many tasks were played."""
    not_played: int = 0
    """How many more there are: those under faults, and those past the limit."""
    checks: tuple[CheckReport, ...]

    def count(self, status: Status) -> int:
        """How many checks have a status."""
        return sum(check.status == status for check in self.checks)

    @property
    def failed(self) -> tuple[CheckReport, ...]:
        """Those that failed, and that the policy does not merely advise."""
        return tuple(check for check in self.checks if check.status == "fail" and check.severity == "fail")
