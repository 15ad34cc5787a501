"""Taking over the output of AgentFlow Synthesis: its two files, with roots added and every question checked."""

from collections.abc import Sequence
from pathlib import Path

from toolworld.ground import Record, RecordError, digest, each_line, write_lines
from toolworld.rollout.questions.checks import Problem, check_draft
from toolworld.rollout.questions.question import Draft, RejectedDraft
from toolworld.rollout.questions.records import QuestionRow, TrajectoryNode, TrajectoryRow
from toolworld.rollout.trees.node import Action, Node

_QUESTIONS, _TRAJECTORIES, _REJECTED = "synthesized_qa.jsonl", "trajectories.jsonl", "rejected.jsonl"
_MIN_HOPS = 3


class TakenOver(Record):
    """What came of an output of AgentFlow."""

    trajectories: int
    roots_added: int
    questions: int
    """Those that pass the checks that can be made without the tools."""
    rejected: dict[str, int]
    """The others, by reason."""


def take_over(folder: Path, out: Path) -> TakenOver:
    """Read `synthesized_qa.jsonl` and `trajectories.jsonl`, check the questions, and write the files anew.

    What is checked: leakage, length, number of steps, that the evidence stands in an observation, and that the hops
    lead on. Nothing is solved: the tools are not there.

    Args:
        folder: Has the two files, of AgentFlow or of toolworld.
        out: Where they are written, with `rejected.jsonl`.

    Raises:
        RecordError: a file is missing, or a line is of another form.
    """
    if folder.resolve() == out.resolve():
        raise RecordError(f"{out} holds what is read; write to another folder")
    rows = [*each_line(folder / _TRAJECTORIES, TrajectoryRow)]
    rooted = [with_root(row) for row in rows]
    by_id = {row.trajectory_id: row for row in rooted}
    kept: list[QuestionRow] = []
    rejected: list[RejectedDraft] = []
    for question in each_line(folder / _QUESTIONS, QuestionRow):
        draft = Draft(question=question.question, answer=question.answer, reasoning_steps=question.reasoning_steps)
        row = by_id.get(question.trajectory_id)
        if row is None:
            checked = Problem("invalid", f"its trajectory {question.trajectory_id} is not there")
        else:
            checked = check_draft(draft, _path(row), _MIN_HOPS)
        if isinstance(checked, Problem):
            rejected.append(
                RejectedDraft(
                    path=question.trajectory_id, attempt=1, reason=checked.reason, why=checked.why, draft=draft
                )
            )
        else:
            kept.append(question.model_copy(update={"reasoning_steps": checked.reasoning_steps}))
    write_lines(out / _TRAJECTORIES, rooted)
    write_lines(out / _QUESTIONS, kept)
    write_lines(out / _REJECTED, rejected)
    reasons = sorted({one.reason for one in rejected})
    return TakenOver(
        trajectories=len(rows),
        roots_added=sum(len(one.nodes) != len(row.nodes) for one, row in zip(rooted, rows, strict=True)),
        questions=len(kept),
        rejected={reason: sum(one.reason == reason for one in rejected) for reason in reasons},
    )


def with_root(row: TrajectoryRow) -> TrajectoryRow:
    """A trajectory with its root, which AgentFlow leaves out."""
    if not row.nodes or row.nodes[0].depth == 0:
        return row
    first = row.nodes[0]
    root = TrajectoryNode(
        node_id=first.parent_id or f"{row.trajectory_id}_root",
        observation=f"Starting point: {row.seed_data}",
        action=None,
        parent_id=None,
        children_ids=(first.node_id,),
        depth=0,
    )
    rest = (first.model_copy(update={"parent_id": root.node_id}), *row.nodes[1:])
    return row.model_copy(update={"nodes": (root, *rest)})


def _path(row: TrajectoryRow) -> Sequence[Node]:
    """A trajectory's calls as nodes: what they returned is only known as text."""
    return [
        Node(
            id=node.node_id,
            episode=row.trajectory_id,
            step=step,
            action=node.action or Action(tool_name="", parameters={}),
            observation=node.observation,
            digest=digest(node.observation),
        )
        for step, node in enumerate(node for node in row.nodes if node.action is not None)
    ]
