"""Which runs of the index a person asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

MAX_WORDS = 8
"""How many words are searched for."""
MAX_VALUE = 4_000
"""Characters of a filter's value."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Conditions that a run meets, all of them; an empty one asks for nothing."""

    q: str = ""
    """Words that its task, its request, its agent or its reason has."""
    env: str = ""
    task: str = ""
    set: str = ""
    agent: str = ""
    outcome: str = ""
    check: str = ""
    """A check that failed."""
    blame: str = ""
    tag: str = ""

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> "RunFilter":
        """The filter that an address names; what it does not know is left out."""
        return cls(**{one.name: query.get(one.name, "")[:MAX_VALUE] for one in fields(cls)})

    @property
    def values(self) -> dict[str, str]:
        """The conditions that ask for something, by their names."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name)}

    def where(self) -> tuple[str, list[Any]]:
        """The condition as SQL, with its values."""
        clauses, values = list[str](), list[Any]()
        for name, column in _COLUMNS.items():
            if wanted := getattr(self, name):
                clauses.append(f"{column} = ?")
                values.append(wanted)
        if self.check:
            clauses.append("instr(checks, ?) > 0")
            values.append(f" {self.check}:fail ")
        if self.tag:
            clauses.append("instr(tags, ?) > 0")
            values.append(f" {self.tag} ")
        for word in self.q.lower().split()[:MAX_WORDS]:
            clauses.append("(instr(words, ?) > 0 OR instr(why_words, ?) > 0)")
            values += [word, word]
        return " AND ".join(clauses) or "1", values


_COLUMNS = {
    "env": "environment",
    "task": "task",
    "set": "set_name",
    "agent": "agent",
    "outcome": "outcome",
    "blame": "blame",
}
