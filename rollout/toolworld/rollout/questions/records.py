"""What is kept of a seed between stages, and the lines of the files that come out."""

from collections.abc import Mapping

from pydantic import Field

from toolworld.ground import JsonValue, Record
from toolworld.llm import Usage
from toolworld.rollout.questions.question import ReasoningStep, RejectedDraft
from toolworld.rollout.questions.writing import Written
from toolworld.rollout.trees.node import Action, Node, Tree
from toolworld.rollout.trees.select import SelectedPath


class NotReplayed(Record):
    """A path that was not exported, because it does not come out the same."""

    leaf: str
    why: str


class SeedQuestions(Record):
    """What came of a seed's tree."""

    seed: int
    seed_digest: str
    candidates: int
    """How many leaves were deep enough."""
    selected: tuple[SelectedPath, ...] = ()
    not_replayed: tuple[NotReplayed, ...] = ()
    asked: int = 0
    """How many questions were asked for."""
    written: tuple[Written, ...] = ()
    rejected: tuple[RejectedDraft, ...] = ()
    usage: Usage = Usage()
    """Of the model that wrote and tried to answer."""


class TrajectoryNode(Record):
    """A node as `trajectories.jsonl` has it."""

    node_id: str
    observation: str
    intent: str = ""
    action: Action | None
    parent_id: str | None
    children_ids: tuple[str, ...] = ()
    depth: int
    is_error: bool = False
    """Whether the call failed."""


class TrajectoryRow(Record):
    """A line of `trajectories.jsonl`: a path from its root."""

    trajectory_id: str
    source_id: str
    seed_data: str
    total_depth: int
    """How many calls it has: the root is no call."""
    nodes: tuple[TrajectoryNode, ...]
    selection: SelectedPath | None = None
    """By what it was selected."""


class QuestionRow(Record):
    """A line of `synthesized_qa.jsonl`."""

    question: str
    answer: str
    trajectory_id: str
    source_id: str
    qa_id: str
    reasoning_steps: tuple[ReasoningStep, ...]
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


def source_id(tree: Tree) -> str:
    """The id of a seed in the files."""
    return f"src_{tree.seed:04d}_{tree.seed_digest}"


def trajectory_row(tree: Tree, selected: SelectedPath) -> TrajectoryRow:
    """A selected path as a line."""
    path = tree.path(tree.by_id[selected.leaf])
    children: dict[str, list[str]] = {}
    for node in tree.nodes:
        children.setdefault(node.parent or tree.root_id, []).append(node.id)
    root = TrajectoryNode(
        node_id=tree.root_id,
        observation=f"Starting point: {tree.content}",
        action=None,
        parent_id=None,
        children_ids=tuple(children.get(tree.root_id, ())),
        depth=0,
    )
    nodes = (root, *(_row_of(node, tree.root_id, children) for node in path))
    return TrajectoryRow(
        trajectory_id=selected.leaf,
        source_id=source_id(tree),
        seed_data=tree.content,
        total_depth=len(path),
        nodes=nodes,
        selection=selected,
    )


def _row_of(node: Node, root: str, children: dict[str, list[str]]) -> TrajectoryNode:
    return TrajectoryNode(
        node_id=node.id,
        observation=node.observation,
        intent=node.action.intent,
        action=node.action.model_copy(update={"intent": ""}),
        parent_id=node.parent or root,
        children_ids=tuple(children.get(node.id, ())),
        depth=node.depth,
        is_error=node.failure is not None,
    )


def question_row(tree: Tree, written: Written, details: Mapping[str, JsonValue]) -> QuestionRow:
    """A question as a line.

    Args:
        tree: Its seed's tree.
        written: The question.
        details: What stands in its metadata besides.
    """
    draft = written.question.draft
    difficulty = written.question.difficulty
    return QuestionRow(
        question=draft.question,
        answer=draft.answer,
        trajectory_id=written.question.path,
        source_id=source_id(tree),
        qa_id=f"{written.question.path}_qa_{written.question.number}",
        reasoning_steps=draft.reasoning_steps,
        metadata={
            "seed_data": tree.content,
            "trajectory_depth": tree.by_id[written.question.path].depth,
            **details,
            "task": written.task.id,
            "calls": [*written.question.calls],
            "attempts": written.question.attempts,
            "pass_rate": None if difficulty is None else difficulty.rate,
        },
    )
