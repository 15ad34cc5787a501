"""A run as a table shows it: what is known of it without opening it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from toolworld.datasets import Task, Verdict
from toolworld.ground import JsonObject
from toolworld.server.viewer.html.addresses import slug
from toolworld.server.viewer.runs.why import NOT_JUDGED, why

Outcome = Literal["pass", "fail", "unclear", "void", "open"]
"""The outcome of the verdict; `open` where nobody has judged the run yet."""
RANKS: dict[str, int] = {"fail": 0, "unclear": 1, "void": 2, "open": 3, "pass": 4}
"""In which order a table shows runs: what went wrong comes first."""
MAX_TOKENS, MAX_COST = 2**40, 1e12
"""Of one run, so that sums of many are numbers."""
MAX_REQUEST, MAX_WHY = 240, 400
"""Characters of a request and of a reason that the index keeps."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run of the index."""

    number: int
    source: int
    """The number of the place that it is read from."""
    set: str
    """The name of the set that it belongs to: of a folder, a file or a store."""
    set_slug: str
    slug: str
    """Of the run; with the set's it is the run's address."""
    run: str
    """The trajectory's id."""
    environment: str
    version: str
    task: str
    agent: str
    user: str
    seed: int
    trial: int
    request: str
    calls: int
    cost: float
    tokens: int
    stop: str
    tags: str
    parent: str
    fork_step: int
    offset: int
    """Where its line begins in the file, in bytes."""
    length: int
    outcome: Outcome
    reward: float | None
    checks: str
    """The outcome of each check, as `state:fail answer:pass`."""
    blame: str
    why: str
    verdict_offset: int
    verdict_length: int

    @property
    def place(self) -> tuple[str, str]:
        """The two parts of its address."""
        return self.set_slug, self.slug

    @property
    def by_check(self) -> dict[str, str]:
        """The outcome of each check by its name."""
        return dict(one.rsplit(":", 1) for one in self.checks.split())

    @property
    def failed(self) -> list[str]:
        """The checks that failed."""
        return [name for name, outcome in self.by_check.items() if outcome == "fail"]


def side_of(set_name: str, agent: str) -> str:
    """The name of an agent in a set, which is what two are compared by."""
    return f"{set_name} / {agent}"


def columns_of_run(set_name: str, row: JsonObject, tags: Sequence[str] = ()) -> dict[str, Any]:
    """The columns of a trajectory, from its JSON: reading it as a record takes ten times as long.

    Args:
        set_name: The set that it belongs to.
        row: The trajectory.
        tags: More of its tags.
    """
    usage = cast(Mapping[str, Any], row.get("usage") or {})
    run, task = str(row.get("id", "")), str(row.get("task") or "")
    request = _request(row)
    found = {
        "set_name": set_name,
        "set_slug": slug(set_name),
        "slug": slug(run),
        "run": run,
        "planned": _planned(row),
        "environment": str(row.get("environment", "")),
        "version": str(row.get("environment_version", "")),
        "task": task,
        "agent": str(row.get("agent", "")),
        "user": str(row.get("user", "")),
        "seed": _integer(row.get("seed")),
        "trial": _integer(row.get("trial")),
        "request": request,
        "calls": len(cast(Sequence[Any], row.get("log") or ())),
        "cost": _number(usage.get("cost_usd")),
        "tokens": max(
            0, min(MAX_TOKENS, _integer(usage.get("prompt_tokens")) + _integer(usage.get("completion_tokens")))
        ),
        "stop": str(row.get("stop", "")),
        "tags": f" {' '.join(dict.fromkeys([*tags, *_tags(row)]))} ",
        "parent": "",
        "fork_step": 0,
    }
    return {**found, "words": f"{task} {run} {found['agent']} {request}".lower()}


def _planned(row: JsonObject) -> str:
    """The name of the run that was planned; a record under this id is of one that got no episode."""
    trial = _integer(row.get("trial"))
    return f"{row.get('task')}#{row.get('seed')}" + (f".{trial}" if trial else "")


def _integer(value: object) -> int:
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else 0


def _number(value: object) -> float:
    """A number that sums can be made of; what is none counts nothing."""
    return float(value) if isinstance(value, int | float) and abs(value) < MAX_COST else 0.0


def _request(row: JsonObject) -> str:
    messages = cast(Sequence[Mapping[str, Any]], row.get("messages") or ())
    said = next((one.get("content") for one in messages if one.get("role") == "user"), None)
    return " ".join(str(said or "")[: 4 * MAX_REQUEST].split())[:MAX_REQUEST]


def _tags(row: JsonObject) -> list[str]:
    task, stop = str(row.get("task") or ""), str(row.get("stop", ""))
    faults = task.partition("~")[2]
    return [*([f"faults:{_word(faults)}"] if faults else []), *([f"ended:{stop}"] if stop not in ("done", "") else [])]


def tags_of_task(task: Task) -> list[str]:
    """The tags that a task gives to its runs: what kind of chain it is, how its user speaks, how difficult it is."""
    found = [task.difficulty.tier] if task.difficulty and task.difficulty.tier else []
    if task.origin is not None:
        found += [task.origin.mode, f"style:{task.origin.style}", *task.origin.patterns]
    return [_word(one) for one in found]


def _word(text: str) -> str:
    return "_".join(text.split())


def columns_of_verdict(verdict: Verdict) -> dict[str, Any]:
    """The columns of a verdict."""
    reason = why(verdict)[:MAX_WHY]
    blame = verdict.blame.party if verdict.blame else "agent" if verdict.outcome == "fail" else ""
    return {
        "outcome": verdict.outcome,
        "rank": RANKS[verdict.outcome],
        "reward": verdict.reward,
        "checks": f" {' '.join(f'{_word(check.name)}:{check.outcome}' for check in verdict.checks)} ",
        "blame": blame,
        "why": "" if verdict.outcome == "pass" else reason,
        "why_words": reason.lower(),
    }


NO_VERDICT: dict[str, Any] = {
    "outcome": "open",
    "rank": RANKS["open"],
    "reward": None,
    "checks": "",
    "blame": "",
    "why": NOT_JUDGED,
    "why_words": "",
}
"""The columns of a run that nobody has judged."""
