"""Calibration: judges asked about runs of which it is known whether they are right."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from toolworld.ground import Record, UsageError, for_each
from toolworld.judges.calibration.agreement import Agreement, agreement
from toolworld.judges.calibration.card import (
    CHECKS,
    CHECKS_AND_JUDGE,
    PANEL,
    CalibrationCard,
    rubric_digest,
)
from toolworld.judges.calibration.label import Label
from toolworld.judges.calibration.rates import Opinion, judge_rates
from toolworld.judges.rubric.judgement import Judgement
from toolworld.judges.rubric.rubric import Rubric
from toolworld.judges.rubric.rubric_judge import RubricJudge
from toolworld.judges.rubric.shown_run import ShownRun
from toolworld.llm import Model

_AT_ONCE = 16
_OUTCOMES = {"pass": True, "fail": False}


class KnownRun(NamedTuple):
    """A run with its label, and as judges see it, with the verdict of the checks."""

    label: Label
    shown: ShownRun


class Miss(Record):
    """A run of which a judge says the opposite of what is known, or of which it cannot say."""

    judge: str
    label: Label
    passes: bool | None
    """What it says; None where it cannot say."""
    why: str


class Calibration(NamedTuple):
    """What came of asking judges about known runs."""

    card: CalibrationCard
    misses: tuple[Miss, ...]


class Calibrator:
    """Asks judges about known runs.

    A model is asked about each run without what the checks found, so that its rates are its own; and all together with
    it, where the checks leave a question open, as `RubricJudge` asks them.

    Args:
        models: The judges; several are a panel as well. Where there are none, the checks alone are counted.
        rubric: By which they judge.
        samples: How often each is asked about a run, at a time.
        repeats: How often each run is judged in all, to see whether a judge agrees with itself.

    Raises:
        UsageError: two models have one name.
    """

    def __init__(self, models: Sequence[Model], rubric: Rubric, *, samples: int = 1, repeats: int = 1) -> None:
        names = [model.name for model in models]
        if len({*names}) < len(names):
            raise UsageError(f"two judges have one name, and could not be told apart: {', '.join(names)}")
        if {*names} & {CHECKS, PANEL, CHECKS_AND_JUDGE}:
            raise UsageError(f"a judge is called as the rows of a card are: {', '.join(names)}")
        self._models = models
        self._rubric = rubric
        self._samples = samples
        self._repeats = repeats

    async def calibrate(self, runs: Sequence[KnownRun], on_run: Callable[[], None] = lambda: None) -> Calibration:
        """Ask about all runs.

        Args:
            runs: The runs.
            on_run: Told of each answer of a judge.
        """
        answers: dict[str, list[bool | None]] = {CHECKS: [_by_checks(one) for one in runs]}
        reasons: dict[str, list[str]] = {CHECKS: [_why_checks(one) for one in runs]}
        agreements: list[Agreement] = []
        failures: dict[str, int] = {}
        for name, models in self._panels():
            judged = [await self._judged(models, runs, repeat, on_run) for repeat in range(self._repeats)]
            answers[name], reasons[name] = [one.passed for one in judged[0]], [_why_judgement(one) for one in judged[0]]
            failures[name] = sum(one.failure is not None for one in judged[0])
            for repeat, again in enumerate(judged[1:], start=1):
                said = [one.passed for one in again]
                agreements.append(agreement(name, f"{name}, again {repeat}", answers[name], said))
        judges = [name for name in answers if name != PANEL]
        agreements += [agreement(one, other, answers[one], answers[other]) for one, other in combinations(judges, 2)]
        if self._models:
            both = await self._judged(self._models, runs, 0, on_run, with_checks=True)
            answers[CHECKS_AND_JUDGE] = [one.passed for one in both]
            reasons[CHECKS_AND_JUDGE] = [_why_judgement(one) for one in both]
        card = self._card(runs, answers, agreements).model_copy(
            update={"failures": {name: lost for name, lost in failures.items() if lost}}
        )
        return Calibration(card, tuple(_misses(runs, answers, reasons)))

    def _panels(self) -> list[tuple[str, Sequence[Model]]]:
        """Each model by its name, and all together where there are several."""
        found: list[tuple[str, Sequence[Model]]] = [(model.name, (model,)) for model in self._models]
        return [*found, (PANEL, self._models)] if len(self._models) > 1 else found

    async def _judged(
        self,
        models: Sequence[Model],
        runs: Sequence[KnownRun],
        repeat: int,
        on_run: Callable[[], None],
        *,
        with_checks: bool = False,
    ) -> list[Judgement]:
        judge = RubricJudge(models, self._rubric, samples=self._samples, seed=repeat * 1_000)
        found: dict[int, Judgement] = {}

        async def judge_one(numbered: tuple[int, KnownRun]) -> None:
            number, run = numbered
            found[number] = await judge.judge(run.shown if with_checks else replace(run.shown, verdict=None))
            on_run()

        await for_each(enumerate(runs), judge_one, at_once=_AT_ONCE)
        return [found[number] for number in range(len(runs))]

    def _card(
        self, runs: Sequence[KnownRun], answers: dict[str, list[bool | None]], agreements: Sequence[Agreement]
    ) -> CalibrationCard:
        labels = [one.label for one in runs]
        rates = [
            judge_rates(name, [Opinion(label, passes) for label, passes in zip(labels, said, strict=True)])
            for name, said in answers.items()
        ]
        return CalibrationCard(
            judges=tuple(model.name for model in self._models),
            rubric=self._rubric.name if self._models else None,
            rubric_digest=rubric_digest(self._rubric) if self._models else None,
            samples=self._samples,
            environments=tuple(sorted({one.shown.environment or "" for one in runs})),
            runs=len(runs),
            labelled_by=dict(sorted(Counter(label.by for label in labels).items())),
            rates=tuple(rates),
            agreements=tuple(agreements),
        )


def _by_checks(run: KnownRun) -> bool | None:
    return _OUTCOMES.get(run.shown.verdict.outcome) if run.shown.verdict is not None else None


def _why_checks(run: KnownRun) -> str:
    verdict = run.shown.verdict
    if verdict is None:
        return "it has no verdict"
    if verdict.blame is not None and verdict.outcome == "void":
        return f"void: {verdict.blame.party}: {verdict.blame.message}"
    wanted = ("fail",) if verdict.outcome == "fail" else ("unclear",)
    reasons = [
        f"{one.name}: {reason.text}" for one in verdict.checks if one.outcome in wanted for reason in one.reasons[:2]
    ]
    return "; ".join(reasons) or "every check passed"


def _why_judgement(judgement: Judgement) -> str:
    if judgement.failure is not None:
        return judgement.failure
    low = [one for one in judgement.items if one.item in judgement.failed_gates] or judgement.items
    return "; ".join(f"{one.item}: {one.why}" for one in low)


def _misses(
    runs: Sequence[KnownRun], answers: dict[str, list[bool | None]], reasons: dict[str, list[str]]
) -> list[Miss]:
    return [
        Miss(judge=judge, label=run.label, passes=passes, why=why)
        for judge, said in answers.items()
        for run, passes, why in zip(runs, said, reasons[judge], strict=True)
        if passes != run.label.good
    ]
