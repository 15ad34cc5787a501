"""What a run will cost, before anything is asked."""

from collections.abc import Sequence

from toolworld.environments.synthesis.generator.lines import STAGES, Stage
from toolworld.environments.synthesis.generator.questions import COSTS, template_tokens
from toolworld.environments.synthesis.generator.slots import FieldPlan
from toolworld.ground import Record
from toolworld.llm import Usage


class StageProjection(Record):
    """What a stage will cost if every first answer can be used; each repair asks as much again."""

    stage: Stage
    questions: int
    usage: Usage


def projected_costs(plans: Sequence[FieldPlan]) -> list[StageProjection]:
    """What each stage will cost, from what its questions typically have."""
    slots = sum(sum(plan.counts) for plan in plans)
    counts = {"subfields": len(plans), "scenarios": sum(len(plan.counts) for plan in plans)}
    return [_projection(stage, counts.get(stage, slots)) for stage in STAGES]


def _projection(stage: Stage, questions: int) -> StageProjection:
    cost = COSTS[stage]
    usage = Usage(
        completions=questions,
        prompt_tokens=questions * (template_tokens(stage) + cost.shown),
        completion_tokens=questions * cost.told,
    )
    return StageProjection(stage=stage, questions=questions, usage=usage)
