"""Statistics of many environments: how much there is, and how far their programs reach."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from toolworld.environments.behaviour.language import function_names
from toolworld.environments.spec.environment import Environment


@dataclass(slots=True)
class Statistics:
    """Counts over environments."""

    environments: int = 0
    tools: int = 0
    records: int = 0
    collections: int = 0
    programmed: int = 0
    """Tools that a program answers."""
    reach: dict[str, int] = field(default_factory=dict[str, int])
    """Tools by how far what a compiler inferred of them goes."""
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    """Why tools are not answered, or why no other tool can tell."""
    domains: dict[str, int] = field(default_factory=dict[str, int])
    """Environments by domain."""
    most_tools: int = 0


def statistics_of(environments: Iterable[Environment]) -> Statistics:
    """Count over environments, one at a time."""
    found = Statistics()
    reach, reasons, domains = Counter[str](), Counter[str](), Counter[str]()
    for one in environments:
        functions = function_names(one.behaviour or "")
        found.environments += 1
        found.tools += len(one.tools)
        found.most_tools = max(found.most_tools, len(one.tools))
        found.collections += len(one.state_schema.collections)
        found.records += sum(map(len, one.initial_state.collections.values()))
        found.programmed += sum(tool.function_name in functions for tool in one.tools)
        domains[one.domain] += 1
        for tool in one.tools:
            if tool.inferred is not None:
                reach[tool.inferred.reach] += 1
                reasons[tool.inferred.why or ""] += tool.inferred.why is not None
    found.reach, found.domains = dict(reach), dict(domains.most_common())
    found.reasons = {why: count for why, count in reasons.most_common() if why}
    return found
