"""The report over judged runs: what passed, by dimension, environment, pattern and blame, and whether it is enough."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import mean

from toolworld.ground import Record
from toolworld.judges.rubric.judgement import Judgement
from toolworld.judges.rubric.rubric import Rubric


class GroupReport(Record):
    """The runs that have something in common."""

    runs: int
    judged: int
    """Those of which somebody could say whether they pass."""
    passed: int
    mean: float | None
    """The mean of their means; None where there is none."""


class EvaluationReport(Record):
    """What came of judging many runs by a rubric."""

    rubric: str
    threshold: float
    judges: tuple[str, ...]
    calibration: str
    runs: int
    passed: int
    failed: int
    unclear: int
    """Those of which an answer was unclear, so that nobody knows whether they pass."""
    repairs_tried: int = 0
    """Runs that were tried to repair."""
    repaired: int = 0
    """Those of them that pass now."""
    not_judged: int
    """Those without a judgement: a judge that gave none, or a run that somebody but the agent broke."""
    pass_rate: float | None
    """Of those that passed or failed; None where none did."""
    means: dict[str, float]
    """The mean score of each item, over the runs that have one."""
    mean_overall: float | None
    """The mean of those."""
    by_environment: dict[str, GroupReport]
    by_pattern: dict[str, GroupReport]
    by_blame: dict[str, int]
    failed_gates: dict[str, int]
    below: tuple[str, ...]
    """What is below its bar: items, `mean_overall`, or `not_judged` where some run has no judgement."""

    @property
    def is_enough(self) -> bool:
        """Whether the bar is met."""
        return not self.below


def evaluation_report(
    judgements: Sequence[Judgement], rubric: Rubric, *, repairs_tried: int = 0, repaired: int = 0
) -> EvaluationReport:
    """Count judgements.

    The bar is met where the mean of each item is not below its gate, the mean over items not below the threshold, and
    every run that its agent can be judged for has a judgement.

    Args:
        judgements: The judgements, all by the rubric.
        rubric: The rubric.
        repairs_tried: How many runs were tried to repair.
        repaired: How many of them pass now.
    """
    scores: dict[str, list[float]] = defaultdict(list)
    for judgement in judgements:
        for one in judgement.items:
            if one.score is not None:
                scores[one.item.partition("/")[0]].append(one.score)
    means = {item: round(mean(values), 4) for item, values in scores.items()}
    overall = round(mean(means.values()), 4) if means else None
    outcomes = Counter(one.passed for one in judgements if one.failure is None)
    failures = [one for one in judgements if one.failure is not None]
    decided = outcomes[True] + outcomes[False]
    return EvaluationReport(
        rubric=rubric.name,
        threshold=rubric.threshold,
        judges=judgements[0].judges if judgements else (),
        calibration=judgements[0].calibration if judgements else "",
        runs=len(judgements),
        passed=outcomes[True],
        failed=outcomes[False],
        unclear=outcomes[None],
        repairs_tried=repairs_tried,
        repaired=repaired,
        not_judged=len(failures),
        pass_rate=outcomes[True] / decided if decided else None,
        means=means,
        mean_overall=overall,
        by_environment=_grouped(judgements, lambda one: one.environment),
        by_pattern=_grouped(judgements, lambda one: one.pattern),
        by_blame=dict(sorted(Counter(one.blame for one in judgements if one.blame is not None).items())),
        failed_gates=dict(sorted(Counter(gate for one in judgements for gate in one.failed_gates).items())),
        below=tuple(_below(means, overall, rubric, any(one.blame is None for one in failures))),
    )


def _below(means: dict[str, float], overall: float | None, rubric: Rubric, has_failures: bool) -> Iterator[str]:
    yield from (item for item, value in means.items() if value < rubric.gate(item))
    if overall is not None and overall < rubric.threshold:
        yield "mean_overall"
    if has_failures or overall is None:
        yield "not_judged"


def _grouped(judgements: Sequence[Judgement], key: Callable[[Judgement], str | None]) -> dict[str, GroupReport]:
    groups: dict[str, list[Judgement]] = defaultdict(list)
    for one in judgements:
        name = key(one)
        if name:
            groups[name].append(one)
    return {name: _group(groups[name]) for name in sorted(groups)}


def _group(judgements: Sequence[Judgement]) -> GroupReport:
    means = [one.mean for one in judgements if one.mean is not None]
    return GroupReport(
        runs=len(judgements),
        judged=sum(one.passed is not None for one in judgements),
        passed=sum(one.passed is True for one in judgements),
        mean=round(mean(means), 4) if means else None,
    )


def report_page(report: EvaluationReport, judgements: Sequence[Judgement], most: int = 20) -> str:
    """The report as Markdown, with the reasons of the runs that did not pass.

    Args:
        report: The report.
        judgements: The judgements that it counts.
        most: How many runs are told of.
    """
    rate = "–" if report.pass_rate is None else f"{report.pass_rate:.1%}"
    bar = "The bar is met." if report.is_enough else f"**Below the bar:** {', '.join(report.below)}."
    means = "\n".join(f"| {item} | {value:.2f} |" for item, value in report.means.items())
    groups = "\n".join(_group_rows(report))
    broken = [one for one in judgements if one.passed is not True]
    told = "\n\n".join(_told(one) for one in broken[:most]) or "None."
    more = f"\n\n{len(broken) - most} more stand in the file of judgements." if len(broken) > most else ""
    return f"""# {report.runs} runs judged by the rubric {report.rubric}

{report.passed} passed, {report.failed} failed, {report.unclear} unclear, {report.not_judged} not judged; pass rate
{rate} at a threshold of {report.threshold:g}. {bar}
Judges: {_judges(report)}.{_repairs(report)}

| item | mean score |
|---|---|
{means}

| of | runs | judged | passed | mean |
|---|---|---|---|---|
{groups}

## Runs that did not pass

{told}{more}
"""


def _repairs(report: EvaluationReport) -> str:
    return f" Repaired: {report.repaired} of {report.repairs_tried} that failed." if report.repairs_tried else ""


def _judges(report: EvaluationReport) -> str:
    return f"{', '.join(report.judges)} ({report.calibration})" if report.judges else "none, the checks alone"


def _group_rows(report: EvaluationReport) -> Iterator[str]:
    for name, one in (*report.by_environment.items(), *report.by_pattern.items()):
        value = "–" if one.mean is None else f"{one.mean:.2f}"
        yield f"| {as_cell(name)} | {one.runs} | {one.judged} | {one.passed} | {value} |"


def _told(judgement: Judgement) -> str:
    if judgement.failure is not None:
        return f"### {as_cell(judgement.run)}\n\nNot judged: {as_cell(judgement.failure)}"
    low = [one for one in judgement.items if one.score is None or one.item in judgement.failed_gates]
    lines = [
        f"- {one.item}: {'unclear' if one.score is None else f'{one.score:g}'} ({one.by}) – {as_cell(one.why)}"
        + (f" [turn {', '.join(map(str, one.turns))}]" if one.turns else "")
        for one in low
    ]
    return "\n".join([f"### {as_cell(judgement.run)}", "", *lines])


def as_cell(text: str) -> str:
    """A text of a stranger's within a page: no markup of its own, on one line."""
    plain = " ".join(text.split())
    return "".join(f"\\{character}" if character in "\\`*_[]<>|#" else character for character in plain)
