"""How each sentence of a policy is held: by a rule, a tool, a task, a judge of statements, or by nothing."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from os.path import lexists
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from toolworld.environments.audit.finding import Finding
from toolworld.environments.spec.environment import Environment
from toolworld.ground import Record, RecordError, describe_error, read_json_text

POLICY_CHECKS = "policy_checks.json"
RuleKind = Literal["never", "before", "at_most", "only_about", "confirm"]
NOT_STATED = "not stated"
"""Of a sentence of which nobody says how it is held."""
SHARED = 0.7
"""The share of the words of a rule's `why` that stand in the sentence that it quotes."""


class HeldSentence(Record):
    """How a sentence of a policy is held, in one or several ways."""

    quote: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
    """Its own first words, or as many of its words as tell it from the others."""
    rules: tuple[RuleKind, ...] = ()
    """Rules that hold an agent to it in every run."""
    errors: tuple[str, ...] = ()
    """Codes of errors with which tools refuse what breaks it."""
    tasks: tuple[str, ...] = ()
    """Tasks whose truth fails a run that breaks it."""
    statement: bool = False
    """Whether only what is said shows it, so that only a judge by model can tell."""
    describes: str | None = None
    """What it describes, where it is no rule at all."""
    unchecked: str | None = None
    """Why nothing holds it."""
    note: str | None = None
    """What part of it is held, where not all of it is."""

    @model_validator(mode="after")
    def _check_ways(self) -> Self:
        if not self.ways:
            raise ValueError(
                "say how it is held: rules, errors, tasks, statement, describes, or unchecked with a reason"
            )
        return self

    @property
    def ways(self) -> dict[str, str]:
        """The ways in which it is held, the firmest first, each with what holds it."""
        found = {
            "rule": ", ".join(self.rules),
            "tool": ", ".join(self.errors),
            "task": ", ".join(self.tasks),
            "judge by model": "statement" if self.statement else "",
            "no rule": self.describes or "",
            "not checked": self.unchecked or "",
        }
        return {way: what for way, what in found.items() if what}


class PolicySentence(Record):
    """A sentence of a policy, and how it is held; None where nobody says."""

    sentence: str
    held: HeldSentence | None = None


def policy_sentences(policy: str) -> list[str]:
    """The sentences of a policy in Markdown, without its headings."""
    found: list[str] = []
    block: list[str] = []
    for line in [*policy.splitlines(), ""]:
        is_item = re.match(r"\s*[-*] ", line) is not None
        if block and (is_item or not line.strip() or line.startswith("#")):
            found += re.split(r"(?<=[.!?])\s+(?=[A-Z`\"])", " ".join(block))
            block = []
        if line.strip() and not line.startswith("#"):
            block.append(re.sub(r"^\s*[-*] ", "", line).strip())
    return found


def load_policy_checks(folder: Path) -> tuple[HeldSentence, ...] | None:
    """Read `policy_checks.json` of an environment folder; None where there is none.

    Raises:
        RecordError: it cannot be read, or is malformed.
    """
    path = folder / POLICY_CHECKS
    if not lexists(path):
        return None
    try:
        return _CHECKS.validate_json(read_json_text(path, most=MAX_CHECKS_BYTES, within=folder))
    except ValidationError as problem:
        raise RecordError(f"{path}: {describe_error(problem)}") from None


MAX_CHECKS, MAX_CHECKS_BYTES = 1_000, 4 << 20
_CHECKS: TypeAdapter[tuple[HeldSentence, ...]] = TypeAdapter(
    Annotated[tuple[HeldSentence, ...], Field(max_length=MAX_CHECKS)]
)


def policy_table(environment: Environment, checks: Sequence[HeldSentence] | None) -> list[PolicySentence]:
    """Each sentence of the policy with how it is held: as its author says, or by a rule that quotes it."""
    quoted = [(_flat(one.quote), one) for one in checks or ()]
    found: list[PolicySentence] = []
    for sentence in policy_sentences(environment.policy):
        stated = next((one for quote, one in quoted if quote in _flat(sentence)), None)
        found.append(PolicySentence(sentence=sentence, held=stated or _by_rule(environment, sentence)))
    return found


def _by_rule(environment: Environment, sentence: str) -> HeldSentence | None:
    """By the rules of which a sentence has most of the words of their `why`."""
    words = _words(sentence)
    kinds: dict[RuleKind, None] = {}
    for rule in environment.rules:
        for quoted in map(_words, policy_sentences(rule.why)):
            if quoted and len(quoted & words) >= SHARED * len(quoted):
                kinds[rule.kind] = None
    return HeldSentence(quote=sentence, rules=tuple(kinds)) if kinds else None


def policy_findings(
    environment: Environment, checks: Sequence[HeldSentence] | None, tasks: Sequence[str]
) -> Iterator[Finding]:
    """Find entries of `policy_checks.json` that speak of what is not there, and sentences that it leaves out.

    Args:
        environment: The environment.
        checks: The entries; None where there is no such file.
        tasks: The names of its tasks.
    """
    if checks is None:
        return
    codes = {error.code for tool in environment.tools for error in tool.errors}
    known = {
        "rule": {rule.kind for rule in environment.rules},
        "error": codes,
        "task": {name.removeprefix(f"{environment.id}/") for name in tasks},
    }
    sentences = [_flat(sentence) for sentence in policy_sentences(environment.policy)]
    for check in checks:
        places = sum(_flat(check.quote) in sentence for sentence in sentences)
        if places != 1:
            yield _finding(f"`{check.quote}` stands in {places} sentences of the policy, not in one")
        for kind, names in {"rule": check.rules, "error": check.errors, "task": check.tasks}.items():
            for name in sorted({*names} - known[kind]):
                yield _finding(f"`{check.quote}` is held by the {kind} {name}, which is not there")
    for one in policy_table(environment, checks):
        if one.held is None:
            yield _finding(f"nothing says how this is held: {one.sentence}", "warning")


def _finding(message: str, severity: Literal["error", "warning"] = "error") -> Finding:
    return Finding(severity=severity, where=POLICY_CHECKS, message=message)


def ways_held(table: Sequence[PolicySentence]) -> dict[str, int]:
    """How many sentences are held in each way, each counted for the firmest of its ways."""
    return dict(Counter(next(iter(one.held.ways)) if one.held else NOT_STATED for one in table).most_common())


def _flat(text: str) -> str:
    return " ".join(text.split())


def _words(text: str) -> set[str]:
    return {*re.findall(r"[^\W_]{3,}", text.casefold())}
