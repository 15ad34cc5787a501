"""The card of a judge: how often it is right, on what runs, how far judges agree, and what it cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from toolworld.ground import Record, RecordError, digest, parse_record, read_bytes
from toolworld.judges.calibration.agreement import Agreement
from toolworld.judges.calibration.rates import JudgeRates
from toolworld.judges.rubric.report import as_cell
from toolworld.judges.rubric.rubric import Rubric

CHECKS = "checks"
"""The name of the checks among judges."""
CHECKS_AND_JUDGE = "checks and judge"
"""The checks, and the models with what these found, where they do not decide."""
PANEL = "panel"
"""All models together."""


class JudgeCost(Record):
    """What the models cost."""

    completions: int
    tokens: int
    cost_usd: float | None
    """None where the price of a model is not known."""


class CalibrationCard(Record):
    """How often judges are right."""

    schema_version: Literal[1] = 1
    judges: tuple[str, ...]
    """The models."""
    rubric: str | None
    """By which they judge; None where there are the checks only."""
    rubric_digest: str | None
    samples: int
    """How often each was asked about a run."""
    environments: tuple[str, ...]
    runs: int
    labelled_by: dict[str, int]
    """How many runs were labelled by whom: `derived`, or a person."""
    rates: tuple[JudgeRates, ...]
    """Of the checks; and, where there are models, of each, of all together, and of these and the checks."""
    agreements: tuple[Agreement, ...] = ()
    """Between judges, and of each with itself where it was asked again."""
    failures: dict[str, int] = Field(default_factory=dict[str, int])
    """How many runs each judge gave no answer about that can be used."""
    cost: JudgeCost | None = None

    @property
    def id(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of its content."""
        return digest(self.model_dump(mode="json"))[:12]

    def rates_of(self, judge: str) -> JudgeRates | None:
        """The rates of a judge."""
        return next((one for one in self.rates if one.judge == judge), None)

    def citation(self, *, has_checks: bool) -> str:
        """What a judgement says of the judges that made it.

        Args:
            has_checks: Whether the checks decided where they could, as they do for trajectories.
        """
        models = PANEL if len(self.judges) > 1 else next(iter(self.judges), CHECKS)
        rates = self.rates_of(CHECKS_AND_JUDGE if has_checks and self.judges else models)
        return f"card {self.id}: {rates.summary if rates else 'no rates'}"

    def require(self, judges: Sequence[str], rubric: Rubric, samples: int) -> None:
        """Refuse to speak for other judges, another rubric, or judges that are asked otherwise.

        Raises:
            RecordError: it does.
        """
        if not self.judges and not judges:
            return  # the checks are the same by any rubric
        for what, own, given in (
            ("judges", ", ".join(self.judges) or "none", ", ".join(judges) or "none"),
            ("the rubric", self.rubric or "none", rubric.name),
            ("samples", str(self.samples), str(samples)),
        ):
            if own != given:
                raise RecordError(f"the calibration card {self.id} is for {what} {own}, and this is {given}")
        if self.rubric_digest != rubric_digest(rubric):
            raise RecordError(f"the calibration card {self.id} is for another version of the rubric {rubric.name}")


def rubric_digest(rubric: Rubric) -> str:
    """What changes with anything that a rubric asks."""
    return digest(rubric.model_dump(mode="json", exclude={"threshold"}))[:12]


class CardFile(Record):
    """A card as it is written."""

    id: str
    card: CalibrationCard


def load_card(path: Path) -> CalibrationCard:
    """A card that `judge calibrate` wrote.

    Raises:
        RecordError: it cannot be read, is none, or was changed since.
    """
    found = parse_record(CardFile, read_bytes(path), str(path))
    if found.id != found.card.id:
        raise RecordError(f"{path} was changed since it was written: its content is that of card {found.card.id}")
    return found.card


def card_page(card: CalibrationCard) -> str:
    """A card as Markdown."""
    rows = "\n".join(
        f"| {' | '.join([as_cell(one.judge), *(rate.text for rate in one.overall)])} |" for one in card.rates
    )
    kinds = "\n".join(_kind_rows(card))
    agreed = "\n".join(
        f"| {as_cell(one.one)} | {as_cell(one.other)} | {one.runs} | {_percent(one.share)} | {_number(one.kappa)} |"
        for one in card.agreements
    )
    heads = " | ".join(as_cell(one.judge) for one in card.rates)
    cost = card.cost
    price = "no price" if cost is None or cost.cost_usd is None else f"${cost.cost_usd:.4f}"
    paid = f"{cost.completions:,} completions, {cost.tokens:,} tokens, {price}" if cost else "nothing"
    warning = "".join(f"\n**{as_cell(one.judge)} {one.warning}.**\n" for one in card.rates if one.warning)
    failed = ", ".join(f"{as_cell(name)} {count}" for name, count in card.failures.items())
    warning += f"\nRuns without an answer that can be used: {failed}.\n" if failed else ""
    return f"""# Calibration {card.id}

{card.runs} runs of which it is known whether they are right, in {len(card.environments)} environments; labelled by
{", ".join(f"{as_cell(name)} {count}" for name, count in card.labelled_by.items())}. Rubric: {card.rubric or "none"}.
Cost: {paid}.
{warning}
| judge | precision | recall | false alarms | undecided |
|---|---|---|---|---|
{rows}

Precision: the bad runs among those that fail. Recall: the bad runs that fail. False alarms: the good runs that fail.
Runs of which a judge cannot say are neither. Intervals of 95 % (Wilson).

## By kind: the share that fails

| kind | runs | {heads} |
|---|---|{"---|" * len(card.rates)}
{kinds}

## Agreement

| judge | other | runs | same | kappa |
|---|---|---|---|---|
{agreed or "| – | – | – | – | – |"}
"""


def _kind_rows(card: CalibrationCard) -> list[str]:
    rows: list[str] = []
    for number, first in enumerate(card.rates[0].by_kind if card.rates else ()):
        cells = [f"{_percent(one.by_kind[number].share.value)}{_undecided(one, number)}" for one in card.rates]
        name = f"{as_cell(first.kind)} (right)" if first.good else as_cell(first.kind)
        rows.append(f"| {name} | {first.runs} | {' | '.join(cells)} |")
    return rows


def _undecided(rates: JudgeRates, number: int) -> str:
    undecided = rates.by_kind[number].undecided
    return f", {undecided} undecided" if undecided else ""


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
