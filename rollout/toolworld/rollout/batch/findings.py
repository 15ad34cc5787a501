"""What playing tells an author: tasks whose own truth does not pass, and mistakes that nothing catches."""

from toolworld.datasets import Task, Verdict
from toolworld.environments import Finding
from toolworld.rollout.mutation import MISTAKES, Mutation


def play_finding(task: Task, verdict: Verdict, mutation: Mutation | None = None) -> Finding | None:
    """What a run by the script says about its task; None if it came out as it should.

    Args:
        task: The task.
        verdict: Of the run.
        mutation: What the script did wrong, if anything.
    """
    where = f"tasks: {task.id}"
    if verdict.outcome == "void":
        broken = verdict.blame.message if verdict.blame else "nobody knows why"
        doing = f"where an agent {MISTAKES[mutation]}, " if mutation else ""
        return Finding(severity="error", where=where, message=f"{doing}its run is broken: {broken}")
    if mutation is None:
        if verdict.passed:
            return None
        failed = (check for check in verdict.checks if check.outcome != "pass" and check.to_check)
        reasons = [f"{check.name}: {'; '.join(one.text for one in check.reasons)}" for check in failed]
        reasons += [verdict.blame.message] if verdict.blame else []
        message = f"played as its calls say, it does not pass ({'; '.join(reasons) or verdict.outcome})"
        return Finding(severity="error", where=where, message=message)
    if verdict.outcome != "pass":  # `unclear` is for a judge of statements
        return None
    message = f"an agent that {MISTAKES[mutation]} is not caught"
    return Finding(severity="warning", where=where, message=message)
