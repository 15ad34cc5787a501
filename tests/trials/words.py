"""Messages that tell a value, and messages that do not: how often the reading of facts is right, by type.

The corpus is a file of lines, each with `type`, `value`, `now`, `message`, `want`, and what the agent may have heard.
Precision is the share of what was read as told that was told; recall the share of what was told that was read as such.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from tests.conftest import SHARED

from toolworld.datasets import Fact
from toolworld.environments import Reads
from toolworld.judges import Heard, read_message, tell_in

CORPUS = SHARED / "data" / "words" / "corpus.jsonl"
GOAL, GOAL_OF_A_TYPE = 0.99, 0.95
_FACT: TypeAdapter[Fact] = TypeAdapter(Fact)


@dataclass
class Findings:
    """What was read, by type; a fault is a type, or all of them, under the goals."""

    cases: int = 0
    by_type: dict[str, str] = field(default_factory=dict[str, str])
    misread: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])


def fact_of_case(case: dict[str, Any]) -> Fact:
    """The fact that a case asks for."""
    if case["type"] == "yes_no":
        return _FACT.validate_python({"answer": case["value"], "to": case.get("question") or "?"})
    return _FACT.validate_python({case["type"]: case["value"]})


def outcome_of(case: dict[str, Any]) -> tuple[str, str]:
    """What a case's message tells, and why."""
    today = datetime.fromisoformat(case["now"]).date()
    reads = Reads(dates=case.get("order") or None, country="44", currency="GBP")
    results: list[Any] = [value["amount"] if case["type"] == "money" else value for value in case.get("may_hear") or ()]
    heard = Heard([case.get("user") or ""], results, today, reads)
    told = tell_in(fact_of_case(case), [read_message(case["message"], today, reads)], heard.was_said)
    return told.outcome, told.why


def read_cases(cases: Iterable[dict[str, Any]]) -> Findings:
    """Read each case and count."""
    found, counts = Findings(), defaultdict[str, Counter[str]](Counter)
    for case in cases:
        outcome, why = outcome_of(case)
        found.cases += 1
        for name in (case["type"], "all"):
            counts[name][f"{case['want'] == 'told'}/{outcome == 'told'}"] += 1
        if (case["want"] == "told") != (outcome == "told"):
            found.misread.append(
                f"{case['id']} {case['group']}: {case['want']} read as {outcome} ({why}): {case['message']!r}"
            )
    for name, count in sorted(counts.items()):
        right = count["True/True"]
        precision, recall = _share(right, count["False/True"]), _share(right, count["True/False"])
        found.by_type[name] = f"precision {precision:.3f} recall {recall:.3f} of {count.total()}"
        goal = GOAL if name == "all" else GOAL_OF_A_TYPE
        if min(precision, recall) < goal:
            found.faults.append(f"{name}: {found.by_type[name]}, and {goal} is the goal")
    return found


def _share(right: int, wrong: int) -> float:
    """The share of right ones; of none, all are right."""
    return right / (right + wrong) if right + wrong else 1.0


async def read_words(folder: Path, size: int, seed: int) -> Findings:
    """Read the corpus, or as many cases of it; WORDS_CORPUS names another file."""
    del folder, seed
    return read_cases(corpus(size))


def corpus(size: int) -> list[dict[str, Any]]:
    """The first cases of the corpus."""
    path = Path(os.environ.get("WORDS_CORPUS", CORPUS))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[:size]]
