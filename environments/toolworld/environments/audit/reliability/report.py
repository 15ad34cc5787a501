"""What the audit by calls found: for each tool the properties that held or did not, and a bound on its reliability."""

import math
from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import Field

from toolworld.environments.spec.environment import Environment
from toolworld.ground import JsonObject, JsonValue, Record

ProbeClass = Literal["correct", "malformed", "rule_breaking", "state_dependent"]
"""Classes of calls: right ones; ones that the input schema forbids; keys that nothing has, the greatest figures and far
days, and a change once more; and the same call in the same state, a read after a write, or a list with a filter."""
PROBE_CLASSES: tuple[ProbeClass, ...] = get_args(ProbeClass)
Property = Literal[
    "valid_result",
    "refusal_documented",
    "refusal_changes_nothing",
    "read_changes_nothing",
    "write_changes",
    "named_changed",
    "given_written",
    "same_answer",
    "malformed_refused",
    "unknown_key_refused",
    "refused_for_its_reason",
    "created_found",
    "update_seen",
    "deleted_gone",
    "search_sound",
    "search_complete",
    "judged_right",
]
"""What has to hold of a call, or of two calls together."""
PROPERTIES: tuple[Property, ...] = get_args(Property)
Checks = dict[Property, str | None]
"""Properties of a call, each with what happened instead; None where it held."""


class Evidence(Record):
    """A call of which a property did not hold."""

    property: Property
    tool: str
    arguments: JsonObject
    said: str
    """What happened instead."""


class Tally(Record):
    """How often something held of so many."""

    held: int = 0
    of: int = 0

    @property
    def lower(self) -> float:
        """The lower bound of the share; 0 where nothing was tried."""
        return wilson_lower(self.held, self.of)


class ToolReport(Record):
    """The audit of one tool."""

    environment: str
    tool: str
    effect: str
    is_answered: bool
    """Whether a program answers it; without one nothing was called."""
    classes: dict[ProbeClass, Tally] = Field(default_factory=dict[ProbeClass, Tally])
    """The calls of each class of which every property held."""
    properties: dict[Property, Tally] = Field(default_factory=dict[Property, Tally])
    succeeded: int = 0
    """How many of the correct calls succeeded; others were refused with a documented error."""
    reached: tuple[str, ...] = ()
    """The documented errors that a call ended in."""
    not_reached: tuple[str, ...] = ()
    """The documented errors that no call ended in."""
    evidence: tuple[Evidence, ...] = ()
    """The first call that broke each property."""

    @property
    def reliability(self) -> float:
        """The lowest lower bound of its classes; 0 for a tool that nothing answers."""
        return min((one.lower for one in self.classes.values() if one.of), default=0.0)


def with_opinions(report: ToolReport, judged: Sequence[tuple[JsonObject, bool, str]]) -> ToolReport:
    """A report with what a judge said of some of its correct calls: one that is wrong does not count as one that held.

    Args:
        report: The report.
        judged: The arguments of each call that the judge could tell of, whether it was right, and why not.
    """
    wrong = [one for one in judged if not one[1]]
    if not judged:
        return report
    correct = report.classes.get("correct", Tally())
    held = max(correct.held - len(wrong), 0)
    first = [
        Evidence(property="judged_right", tool=report.tool, arguments=arguments, said=shown(why))
        for arguments, _, why in wrong[:1]
    ]
    tally = Tally(held=len(judged) - len(wrong), of=len(judged))
    return report.model_copy(
        update={
            "classes": {**report.classes, "correct": Tally(held=held, of=correct.of)},
            "properties": {**report.properties, "judged_right": tally},
            "evidence": (*report.evidence, *first),
        }
    )


def broken_reports(environment: Environment, why: str, tool: str | None = None) -> tuple[ToolReport, ...]:
    """The reports of an environment whose program stopped the audit: none of its tools is reliable.

    Args:
        environment: The environment.
        why: What happened.
        tool: The tool that was called; by default the first one stands for all.
    """
    blamed = tool or environment.tools[0].name
    evidence = Evidence(property="valid_result", tool=blamed, arguments={}, said=shown(why))
    return tuple(
        ToolReport(
            environment=environment.id,
            tool=one.name,
            effect=one.effect,
            is_answered=True,
            properties={"valid_result": Tally(held=0, of=1)} if one.name == blamed else {},
            not_reached=tuple(error.code for error in one.errors),
            evidence=(evidence,) if one.name == blamed else (),
        )
        for one in environment.tools
    )


def wilson_lower(held: int, of: int, z: float = 1.96) -> float:
    """The lower bound of a share, with 95 % confidence by default.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if of == 0:
        return 0.0
    share = held / of
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (share + z * z / (2 * of) - spread) / (1 + z * z / of))


def shown(value: JsonValue, most: int = 160) -> str:
    """A value as evidence shows it: not all of it."""
    text = str(value)
    return text if len(text) <= most else f"{text[:most]} ..."
