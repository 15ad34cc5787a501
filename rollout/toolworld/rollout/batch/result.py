"""What a batch came to, in numbers that do not grow with the number of calls."""

from collections import Counter
from dataclasses import dataclass, field

from toolworld.datasets import Trajectory, TrialCounts, Verdict
from toolworld.ground import JobCounts


@dataclass(slots=True)
class BatchResult:
    """Counts of a batch, kept up as its runs end."""

    jobs: JobCounts = field(default_factory=JobCounts)
    outcomes: Counter[str] = field(default_factory=Counter[str])
    stopped: int = 0
    """Runs that the budget stopped, before they began or on their way; they are void."""
    trials: dict[str, TrialCounts] = field(default_factory=dict[str, TrialCounts])
    """By task: runs that were judged, and passed; void and unclear ones do not count."""
    stopped_by: str | None = None
    """What broke several runs in a row in the same way, so that the rest was not begun."""
    rewards: float = 0.0
    rewarded: int = 0
    """Runs that have a reward."""
    _simulation: Counter[str] = field(default_factory=Counter[str])

    def add(self, trajectory: Trajectory, verdict: Verdict) -> None:
        """Count a run."""
        self.outcomes[verdict.outcome] += 1
        self.stopped += trajectory.stop == "budget"
        self.trials[verdict.task] = self.trials.get(verdict.task, TrialCounts()).with_outcome(verdict.outcome)
        self.rewards += verdict.reward or 0.0
        self.rewarded += verdict.reward is not None
        for event in trajectory.log:
            broke = event.failure is not None and event.failure.kind == "simulator"
            self._simulation["calls"] += 1
            self._simulation[f"by_{event.simulator}"] += 1
            self._simulation["completions"] += event.usage.completions if event.usage else 0
            self._simulation["repaired"] += bool(event.rejected) and not broke
            self._simulation["voided"] += broke

    @property
    def counts(self) -> dict[str, int]:
        """What became of the runs: asked = played + resumed + left, and and of these passed, failed, unclear
        and void are the sum."""
        return {
            "asked": self.jobs.asked,
            "played": self.jobs.delivered,
            "resumed": self.jobs.resumed,
            "left": self.jobs.left,
            "passed": self.outcomes["pass"],
            "failed": self.outcomes["fail"],
            "unclear": self.outcomes["unclear"],
            "void": self.outcomes["void"],
            "stopped": self.stopped,
        }

    @property
    def mean_reward(self) -> float | None:
        """The mean reward of the runs that have one; None where none has."""
        return self.rewards / self.rewarded if self.rewarded else None

    @property
    def simulation(self) -> dict[str, int]:
        """Who answered the calls, and how often the models' answers had to be repaired or voided a run."""
        names = ("calls", "by_check", "by_behaviour", "by_cache", "by_model", "completions", "repaired", "voided")
        return {name: self._simulation[name] for name in names}
