"""Rubrics: what is asked about a run, as data."""

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from toolworld.ground import Record, UsageError, encode, parse_record, read_bytes

Scale = Literal["1-5", "pass-fail", "true-false"]
"""How an item is answered: with a score, or with one of two words; `true-false` may also be unclear."""
Each = Literal["statement", "policy", "change"]
"""What an item may stand for: each statement that the user is to be told, each sentence of the policy, or each change
that the task asks for."""
DecidingCheck = Literal["state", "calls", "answer", "statements", "policy"]
RESERVED = frozenset(
    [
        "mean",
        "mean_overall",
        "mean_score",
        "not_judged",
        "reasoning",
        "judge_model",
        "passed",
        "failed_gates",
        "error",
        "calibration",
        "left_out",
    ]
)
"""Names that reports and judged records have for other things."""
BEST, WORST = 5.0, 1.0
"""The scores of `pass` and `true`, and of `fail` and `false`."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class RubricItem(Record):
    """One thing that is asked about a run."""

    name: Name
    question: Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
    """What is asked, with what each answer means; `$each` in it is what the item stands for."""
    scale: Scale = "1-5"
    allowance: float = Field(default=0.0, ge=0, le=4)
    """How far its score may lie below the threshold."""
    decided_by: tuple[DecidingCheck, ...] = ()
    """Checks that answer it: where all of them were decided, no model is asked."""
    each: Each | None = None
    """Whether it stands for several items, one for each of these."""

    @model_validator(mode="after")
    def _says_each(self) -> "RubricItem":
        if self.name in RESERVED:
            raise ValueError(f"an item cannot be called {self.name}, as reports have that name for something else")
        if not self.question.strip():
            raise ValueError(f"item {self.name} asks nothing")
        if (self.each is not None) != ("each" in Template(self.question).get_identifiers()):
            raise ValueError(f"item {self.name}: `each` and $each in its question belong together")
        return self


class Rubric(Record):
    """What is asked about a run, and when it passes: no item below its gate, and the mean not below the threshold."""

    name: Name
    about: str
    """What it judges, in a sentence."""
    threshold: float = Field(default=3.5, ge=WORST, le=BEST)
    items: tuple[RubricItem, ...] = Field(min_length=1, max_length=40)

    @model_validator(mode="after")
    def _has_distinct_names(self) -> "Rubric":
        repeated = [name for name, count in Counter(one.name for one in self.items).items() if count > 1]
        if repeated:
            raise ValueError(f"two items are called {repeated[0]}")
        return self

    def gate(self, item: str) -> float:
        """The least score of an item with which a run passes."""
        allowance = next((one.allowance for one in self.items if one.name == item.partition("/")[0]), 0.0)
        return max(self.threshold - allowance, WORST)


def load_rubric(name: str, threshold: float | None = None) -> Rubric:
    """Load a rubric.

    Args:
        name: The name of a built-in one, or a file in TOML or JSON.
        threshold: Another threshold than its own.

    Raises:
        UsageError: there is no such rubric, or the file is none.
    """
    path = Path(name)
    if path.suffix in (".toml", ".json"):
        data = read_bytes(path, UsageError)
    elif name in built_in_rubrics():
        data = (files("toolworld.judges.rubric") / "rubrics" / f"{name}.toml").read_bytes()
        path = path.with_suffix(".toml")
    else:
        raise UsageError(f"there is no rubric {name!r}; give a .toml or .json file, or {', '.join(built_in_rubrics())}")
    if path.suffix == ".toml":
        try:
            data = encode(tomllib.loads(data.decode("utf-8")))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
            raise UsageError(f"{name} is no TOML file: {problem}") from None
    rubric = parse_record(Rubric, data, name, UsageError)
    return rubric if threshold is None else rubric.model_copy(update={"threshold": threshold})


def built_in_rubrics() -> list[str]:
    """The names of the built-in rubrics."""
    folder = files("toolworld.judges.rubric") / "rubrics"
    return sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))
