"""What `run` prints when it is done: the table of runs, what they came to, or the same as JSON."""

from dataclasses import dataclass, field
from pathlib import Path

from toolworld.cli.screen import MARKS, count, plain, stdout_console, table
from toolworld.datasets import Trajectory, Verdict, pass_rates, shown_ks
from toolworld.ground import JsonObject, shortened
from toolworld.llm import LedgerEntry
from toolworld.rollout import TRAJECTORIES, VERDICTS, BatchResult, PlannedRun

MAX_ROWS = 200
"""Runs that the table shows; the files hold all of them."""
MAX_EVIDENCE = 100
"""Characters of evidence that a row shows."""


@dataclass(slots=True)
class RunRows:
    """The rows of the table of runs, as they end."""

    rows: list[tuple[PlannedRun, Trajectory, Verdict]] = field(
        default_factory=list[tuple[PlannedRun, Trajectory, Verdict]]
    )
    limit: int | None = MAX_ROWS
    """How many runs are kept; None for all."""
    more: int = 0
    """Runs beyond those that are kept."""

    def add(self, run: PlannedRun, trajectory: Trajectory, verdict: Verdict) -> None:
        """Keep a run, if there is room for it."""
        if self.limit is None or len(self.rows) < self.limit:
            self.rows.append((run, trajectory, verdict))
        else:
            self.more += 1


def summary(result: BatchResult, entries: list[LedgerEntry], trials: int, out: Path) -> JsonObject:
    return {
        **result.counts,
        "mean_reward": result.mean_reward,
        "pass_rates": [pass_rates(result.trials, k).model_dump(mode="json") for k in shown_ks(trials)],
        "stopped_by": result.stopped_by,
        "simulation": dict(result.simulation),
        "models": [entry.model_dump(mode="json") for entry in entries],
        "trajectories": str(out / TRAJECTORIES),
        "verdicts": str(out / VERDICTS),
    }


def show_result(result: BatchResult, shown: RunRows, trials: int, out: Path) -> None:
    """Print the runs and what they came to."""
    numbers = ("calls", "changes", "reward")
    rows = table("Runs", ("run", *numbers, "verdict", "why"), fixed=numbers)
    for run_, trajectory, verdict in sorted(shown.rows, key=lambda row: (row[0].task.id, row[0].seed, row[0].trial)):
        rows.add_row(
            plain(run_.name),
            str(len(trajectory.log)),
            str(len(trajectory.changes)),
            "-" if verdict.reward is None else f"{verdict.reward:g}",
            MARKS[verdict.outcome],
            plain(shortened(reason(trajectory, verdict), MAX_EVIDENCE)),
        )
    console = stdout_console()
    console.print(rows)
    if shown.more:
        console.print(f"and {shown.more:,} runs more")
    counts = result.counts
    reward = "" if result.mean_reward is None else f"; mean reward {result.mean_reward:.3f}"
    console.print(
        f"{counts['passed']} passed, {counts['failed']} failed, {counts['unclear']} unclear, {counts['void']} void "
        f"of {counts['asked']}{reward}"
    )
    if trials > 1:
        _show_pass_rates(result, trials)
    _show_what_stopped(result)
    _show_simulation(result)
    console.print(f"written: {out / TRAJECTORIES}, {out / VERDICTS}")


def _show_pass_rates(result: BatchResult, trials: int) -> None:
    rows = table("Trials", ("k", "pass@k", "95 % interval", "pass^k", "95 % interval ", "tasks"))
    for k in shown_ks(trials):
        rates = pass_rates(result.trials, k)
        cells = [
            cell
            for estimate in (rates.pass_at_k, rates.pass_hat_k)
            for cell in (
                (f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}") if estimate else ("-", "-")
            )
        ]
        rows.add_row(str(k), *cells, str(rates.pass_at_k.tasks if rates.pass_at_k else 0))
    stdout_console().print(rows)


def _show_what_stopped(result: BatchResult) -> None:
    if result.stopped:
        stdout_console().print(
            f"[yellow]the budget stopped {count(result.stopped, 'run')}; the same command plays them later, "
            "and pays for nothing twice[/]"
        )
    if result.stopped_by is not None:
        stdout_console().print(
            f"[yellow]several runs in a row broke in the same way, so {count(result.jobs.left, 'run')} "
            f"were not begun: {plain(result.stopped_by)}[/]",
            soft_wrap=True,
        )


def _show_simulation(result: BatchResult) -> None:
    calls = result.simulation
    if calls["by_model"] or calls["by_cache"]:
        stdout_console().print(
            f"{count(calls['calls'], 'call')}: {calls['by_behaviour']} by program, {calls['by_model']} by model "
            f"({count(calls['completions'], 'completion')}, {calls['repaired']} repaired, {calls['voided']} voided), "
            f"{calls['by_cache']} as answered before, {calls['by_check']} refused by schema"
        )


def reason(trajectory: Trajectory, verdict: Verdict) -> str:
    """Why a run did not pass, in a line; empty for one that did."""
    if verdict.blame is not None:
        return f"{verdict.blame.party}: {verdict.blame.message}"
    if verdict.passed:
        return ""
    found = [check for check in verdict.checks if check.outcome == verdict.outcome or check.checked < check.to_check]
    first = next((check for check in found if check.outcome == "fail"), found[0])
    ended = f"{trajectory.stop.replace('_', ' ')}: " if trajectory.stop.endswith("_limit") else ""
    return f"{ended}{first.name}: {first.reasons[0].text}"
