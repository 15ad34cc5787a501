"""The card of a dataset: what it holds, how it was made, what each gate kept, and what its tasks are."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from toolworld.datasets import TaskMetrics, TaskStatistics, plain_tool_names
from toolworld.environments import RuntimePool
from toolworld.ground import Record, each_line, write_atomically
from toolworld.rollout.dataset.exports import rows_of
from toolworld.rollout.dataset.files import REJECTED
from toolworld.rollout.dataset.maker import DatasetPlan
from toolworld.rollout.synthesis.gates import GATES
from toolworld.rollout.synthesis.generator import RejectedTask

SUMMARY, CARD = "summary.json", "README.md"


class GateShare(Record):
    """What a gate kept of what came to it."""

    gate: str
    kept: int
    of: int

    @property
    def share(self) -> str:
        """In percent."""
        return f"{self.kept / self.of:.1%}" if self.of else "-"


class DatasetSummary(Record):
    """A dataset in numbers."""

    asked: int
    delivered: int
    rejected: int
    """Chains that became no task; each stands in `rejected.jsonl` with its reason."""
    seed: int
    mode: str
    corpus_memory: bool
    writer: str | None = None
    """The model that put requests into words."""
    faults: str | None = None
    """The fault profile that is in the way of some tasks, with their share."""
    gates: tuple[GateShare, ...]
    coverage: float
    """The share of the environments' tools that the tasks call."""
    metrics: TaskMetrics
    messages: float
    """How many messages a conversation has on average."""


def gate_shares(kept: int, lost: Mapping[str, int]) -> tuple[GateShare, ...]:
    """How many of the chains that came to each gate passed it.

    Args:
        kept: How many tasks passed all.
        lost: How many each gate rejected; those without a gate by an empty name.
    """
    left = kept + sum(lost.get(gate, 0) for gate in GATES)
    shares = [GateShare(gate="sampled", kept=left, of=left + lost.get("", 0))]
    for gate in GATES:
        shares.append(GateShare(gate=gate, kept=left - lost.get(gate, 0), of=left))
        left -= lost.get(gate, 0)
    return tuple(shares)


def summarize(folder: Path, runtimes: RuntimePool, plan: DatasetPlan) -> DatasetSummary:
    """Count a dataset, and write its card and its summary beside it."""
    statistics, messages, called = TaskStatistics(), 0, set[str]()
    for row in rows_of(folder):
        statistics.add(row.task, runtimes.under(row.task.environment, row.task.faults).environment)
        messages += len(row.trajectory.messages)
        names = plain_tool_names(row.task, runtimes.environment(row.task.environment))
        called |= {f"{row.task.environment}/{name}" for name in names}
    lost = Counter(one.gate or "" for one in each_line(folder / REJECTED, RejectedTask))
    metrics = statistics.metrics
    tools = sum(len(runtimes.environment(name).tools_of("agent")) for name in runtimes)
    summary = DatasetSummary(
        asked=plan.count,
        delivered=metrics.tasks,
        rejected=lost.total(),
        seed=plan.seed,
        mode=plan.mode,
        corpus_memory=plan.is_steered,
        writer=plan.writer,
        faults=f"{plan.faults.profile.name} in {plan.faults.share:.0%}" if plan.faults else None,
        gates=gate_shares(metrics.tasks, lost),
        coverage=len(called) / tools if tools else 0.0,
        metrics=metrics,
        messages=messages / metrics.tasks if metrics.tasks else 0.0,
    )
    write_atomically(folder / SUMMARY, summary.model_dump_json(indent=2).encode() + b"\n")
    write_atomically(folder / CARD, _page(summary).encode())
    return summary


def _page(summary: DatasetSummary) -> str:
    """The card, as Markdown with the head that the hub of Hugging Face reads."""
    metrics = summary.metrics
    gates = "\n".join(f"| {one.gate} | {one.kept} | {one.of} | {one.share} |" for one in summary.gates)
    figures = "\n".join(f"| {name} | {value} |" for name, value in figures_of(summary))
    return f"""---
task_categories: [text-generation]
tags: [tool-use, agents, synthetic]
configs:
- config_name: chat
  data_files: export/chat.jsonl
- config_name: sharegpt
  data_files: export/sharegpt.jsonl
---

# {metrics.tasks} verifiable tasks in {metrics.environments} environments

Made by `toolworld make`, {_writer(summary)}: mode {summary.mode}, seed {summary.seed}, corpus
memory {"on" if summary.corpus_memory else "off"}. Each task was made by doing: its calls were run, its request was
written from what happened, and its truth is the state that came of it. Each was then played right by a scripted agent
and a scripted user, and its run passed the verdict. The gate *lawful* is that verdict: the rules of the policy and the
programs hold it; what a policy says in prose only, such as who is old enough to act alone, no gate sees. Arguments
without a source are rejected before, so that none is left to count.

| file | what it holds |
|---|---|
| `environments.jsonl` | the environments: tools, policy, state and behaviour |
| `tasks.jsonl` | the tasks, with their ground truth |
| `trajectories.jsonl`, `verdicts.jsonl` | the right run of each task, and its verdict |
| `rejected.jsonl` | what became no task, with the reason |
| `export/chat.jsonl` | the conversations as OpenAI messages with tools |
| `export/sharegpt.jsonl` | the same as ShareGPT turns |
| `export/conversations.jsonl` | the same as conversation records of data-generator |
| `export/task_content.jsonl` | the tasks as rows of SynthTools |

## What each gate kept

| gate | kept | of | share |
|---|---|---|---|
{gates}

## What the tasks are

| figure | value |
|---|---|
{figures}

Check it again: `toolworld tasks check environments.jsonl --tasks tasks.jsonl`.
"""


def _writer(summary: DatasetSummary) -> str:
    words = f"requests in the words of {summary.writer} where it found any" if summary.writer else "without a model"
    return f"{words}, faults {summary.faults} of the tasks" if summary.faults else words


def figures_of(summary: DatasetSummary) -> list[tuple[str, str]]:
    """The figures of a dataset with their names, as people read them."""
    return [
        ("tools that the tasks call", f"{summary.coverage:.0%}"),
        ("messages a conversation", f"{summary.messages:.1f}"),
        *task_figures(summary.metrics),
    ]


def task_figures(metrics: TaskMetrics) -> list[tuple[str, str]]:
    """The figures of tasks with their names."""
    sources = ", ".join(f"{name} {share:.1%}" for name, share in metrics.sources.items())
    return [
        ("calls a task", f"{metrics.calls.mean:.1f} on average, 90 % have at most {metrics.calls.p90}"),
        ("changes a task", f"{metrics.changes.mean:.1f} on average, 90 % have at most {metrics.changes.p90}"),
        ("tasks with five calls and more", f"{metrics.many:.0%}"),
        ("arguments come from", sources),
        ("ids that come from earlier results", f"{metrics.ids_from_results:.1%} of {metrics.ids}"),
        ("different calls, of all", f"{metrics.distinct_calls:.1%}"),
        ("tasks that change the same as another", f"{metrics.repeated_changes:.1%}"),
        ("requests that are repeated", f"{metrics.repeated_requests:.1%}"),
        ("tasks in which the agent has to ask", f"{metrics.clarifications:.0%}"),
        ("with a refusal", f"{metrics.refusals:.0%}"),
        ("with something done after a refusal", f"{metrics.recoveries:.0%}"),
        ("with a condition", f"{metrics.conditions:.0%}"),
        ("with a change of mind", f"{metrics.corrections:.0%}"),
        ("with a call that a fault spoiled", f"{metrics.faults:.0%}"),
        ("with a question", f"{metrics.questions:.0%}"),
        ("requests in a model's words", f"{metrics.by_model:.0%}"),
        ("modes", ", ".join(f"{name} {count}" for name, count in metrics.modes.items())),
        ("styles", ", ".join(f"{name} {count}" for name, count in metrics.styles.items())),
        ("entropy of modes and patterns", f"{metrics.patterns:.2f} nats"),
    ]
