"""The card of exported rows, as Markdown with the head that Hugging Face's hub reads."""

from collections.abc import Mapping

ORDER = ("train", "validation", "test")


def training_card(counts: Mapping[str, int], suffix: str) -> str:
    """A card.

    Args:
        counts: How many rows each split has.
        suffix: Of the files.
    """
    splits = [name for name in ORDER if name in counts]
    files = "\n".join(f"  - split: {name}\n    path: {name}{suffix}" for name in splits)
    table = "\n".join(f"| {name} | {counts[name]} |" for name in splits)
    return f"""---
task_categories: [text-generation]
tags: [tool-use, agents, synthetic]
configs:
- config_name: default
  data_files:
{files}
---

# Rows for trainers, by toolworld

| split | rows |
|---|---|
{table}

Splits are by environment: no environment stands in two of them, and which one it is in follows from its id alone.
A conversation is what the agent was shown, up to its last message; every call in it has its result. `outcome` and
`reward` are those of the run's verdict: `reward` is null where the run was not judged, or could not be decided.
Runs that the simulation broke are left out. `task`, `environment`, `environment_version`, `seed` and `trial` say
which run it is; with them `toolworld serve` opens the same episode again.
"""
