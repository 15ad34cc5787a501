"""What came of asking about a run."""

from typing import Literal

from pydantic import Field

from toolworld.datasets import BlamedParty
from toolworld.ground import Record
from toolworld.judges.rubric.rubric import BEST, WORST

UNCALIBRATED = "uncalibrated"
"""The calibration of a judge of whom nobody knows how often it is right."""


class ItemJudgement(Record):
    """The answer to one item."""

    item: str
    """Its name; `kept/3` is the third of those that `kept` stands for."""
    score: float | None = Field(ge=WORST, le=BEST, allow_inf_nan=False)
    """From 1 to 5; 5 for `pass` and `true`, 1 for `fail` and `false`; None where it is unclear."""
    why: str
    turns: tuple[int, ...] = ()
    """The positions of the messages that show it."""
    by: Literal["checks", "model"]
    """Whether the checks had decided it, or a model was asked."""
    votes: tuple[float | None, ...] = ()
    """The scores of all who were asked, where there are several."""


class Judgement(Record):
    """The judgement of a run by a rubric."""

    schema_version: Literal[1] = 1
    run: str
    """The id of the trajectory or the conversation."""
    environment: str | None = None
    pattern: str | None = None
    rubric: str
    judges: tuple[str, ...]
    """The models that were asked."""
    calibration: str = UNCALIBRATED
    """The card that says how often they are right."""
    items: tuple[ItemJudgement, ...] = ()
    """Empty where nothing could be judged."""
    mean: float | None = None
    """The mean of the scores; None where one is unclear or there is none."""
    failed_gates: tuple[str, ...] = ()
    """The items whose scores are too low, and `mean`."""
    passed: bool | None = None
    """None where nobody knows: it could not be judged, or something is unclear."""
    failure: str | None = None
    """Why there is no judgement: a judge that gave no answer that can be used. It never becomes a score."""
    blame: BlamedParty | None = None
    """Who broke the run, where somebody but the agent did: then nothing is asked."""
    lost_votes: tuple[str, ...] = ()
    """Why models of a panel have no vote."""
    left_out: str | None = None
    """What of the run the judges were not shown, as it was too long."""
