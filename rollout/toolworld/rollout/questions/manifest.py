"""The manifest of a synthesis: what it was made with, and how many there were at each stage."""

from collections import Counter
from collections.abc import Sequence

from toolworld.ground import Record
from toolworld.llm import Usage
from toolworld.rollout.questions.records import SeedQuestions
from toolworld.rollout.trees.config import SynthesisConfig
from toolworld.rollout.trees.node import Tree


class SynthesisManifest(Record):
    """What a synthesis was made with, and what came of it."""

    config: str
    """The SHA-256 of the configuration, without keys and places."""
    model: str | None
    explorer: str
    writer: str
    environment: str
    environment_version: str
    synthesis_date: str
    seeds: int
    failed_seeds: dict[str, str]
    """Seeds of which nothing was explored, by number, each with the cause."""
    nodes: int
    lost_branches: dict[str, int]
    """By reason."""
    leaves: int
    deep_enough: int
    """Leaves that are at least `min_depth` deep."""
    selected: int
    not_replayed: int
    questions_asked: int
    questions: int
    """Questions that passed everything."""
    questions_missing: int
    """Questions that no draft of which passed; every draft stands in `rejected.jsonl`."""
    rejected_drafts: dict[str, int]
    """By reason."""
    seeds_without_question: tuple[int, ...]
    usage: Usage
    """Of models, for what stands in the files."""


def manifest_of(
    config: SynthesisConfig,
    trees: Sequence[Tree],
    found: Sequence[SeedQuestions],
    *,
    explorer: str,
    writer: str,
    environment: tuple[str, str],
    date: str,
) -> SynthesisManifest:
    """Count what came out.

    Args:
        config: The configuration.
        trees: What was explored.
        found: What came of each tree.
        explorer: Who explored.
        writer: Who wrote.
        environment: Its id and version.
        date: The date in the files.
    """
    lost = Counter[str]()
    for tree in trees:
        for one in tree.lost:
            lost[one.reason] += one.count
    rejected = Counter(draft.reason for one in found for draft in one.rejected)
    kept = sum(len(one.written) for one in found)
    asked = sum(one.asked for one in found)
    return SynthesisManifest(
        config=config.digest(),
        model=config.model_name,
        explorer=explorer,
        writer=writer,
        environment=environment[0],
        environment_version=environment[1],
        synthesis_date=date,
        seeds=len(trees),
        failed_seeds={str(tree.seed): tree.error for tree in trees if tree.error is not None},
        nodes=sum(len(tree.nodes) for tree in trees),
        lost_branches=dict(sorted(lost.items())),
        leaves=sum(len([*tree.leaves]) for tree in trees),
        deep_enough=sum(one.candidates for one in found),
        selected=sum(len(one.selected) for one in found),
        not_replayed=sum(len(one.not_replayed) for one in found),
        questions_asked=asked,
        questions=kept,
        questions_missing=asked - kept,
        rejected_drafts=dict(sorted(rejected.items())),
        seeds_without_question=tuple(one.seed for one in found if not one.written),
        usage=sum((one.usage for one in (*trees, *found)), Usage()),
    )
