"""Opinions on statements about a run."""

from collections.abc import Sequence

from toolworld.datasets import Trajectory
from toolworld.judges.statements.statement_judge import Opinion, StatementJudge
from toolworld.llm import Message


async def opinions_on(
    statements: Sequence[str], trajectory: Trajectory, judge: StatementJudge | None
) -> Sequence[Opinion]:
    """What a judge holds of statements; `unclear` of each where there is no judge.

    Raises:
        ModelError: a model has to answer and does not.
    """
    if judge is None or not statements:
        return [Opinion("unclear")] * len(statements)
    conversation = [*trajectory.messages]
    if trajectory.answer:
        conversation.append(Message(role="assistant", content=trajectory.answer))
    return await judge.judge(statements, conversation)
