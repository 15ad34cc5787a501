"""Checks of levels 3 and 4: whether the reward means what it should."""

import re

from toolworld.datasets import Task, Trajectory, wording_of
from toolworld.ground import JsonObject, ReplayError
from toolworld.judges import judge
from toolworld.server.episodes.replay import replay
from toolworld.server.validation.finding import Finding, failed, named, not_run, passed
from toolworld.server.validation.probe import PlayedRun, Probe, reading_calls, reference_calls, told

GREETING = "Hello, I am here to help."
"""Words that tell nothing: an agent that says no word at all is never paid."""
MAX_EPISODE_SECONDS = 60
"""What the manifest declares."""


def oracle_max(probe: Probe) -> Finding:
    """Every right run has the highest reward."""
    lower = [run.task.id for run in probe.right if run.verdict.reward != 1.0]
    measured = {"runs": len(probe.right), "lower": len(lower)}
    if lower:
        return failed(f"below 1: {named(lower)}", "see `toolworld tasks check`", **measured)
    return passed(f"{len(probe.right)} right runs have reward 1", **measured)


async def floor_gap(probe: Probe) -> Finding:
    """Doing nothing is not paid; what is paid for less than the whole is told.

    An answer without a call is paid where to refuse is right, and the policy says why: a blind refusal is then as good.
    """
    idle = [task.id for task in probe.tasks if await probe.paid_without(task, (), GREETING)]
    blind = [task.id for task in probe.tasks if await probe.paid_without(task, (), told(task))]
    reads = [task.id for task in probe.tasks if await probe.paid_without(task, reading_calls(task), told(task))]
    mute = [task.id for task in probe.tasks if await probe.paid_without(task, reference_calls(task), GREETING)]
    measured: JsonObject = {
        "idle": len(idle),
        "answers_without_a_call": [*blind],
        "reads_and_answers": len(reads),
        "acts_and_tells_nothing": len(mute),
    }
    if idle:
        return failed(f"a greeting is paid in {named(idle)}", "give the task something to do or to tell", **measured)
    text = f"of {len(probe.tasks)} tasks a greeting is paid in none, the right answer without a call in {len(blind)}"
    return passed(f"{text}, with reading only in {len(reads)}, acting and telling nothing in {len(mute)}", **measured)


async def canary_floor(probe: Probe) -> Finding:
    """A run that lacks one of its changes is not paid, unless a later change leaves no trace of it."""
    runs, traceless, paid = 0, 0, list[str]()
    for task in probe.tasks:
        undone = await probe.undone(task)
        for place, reference in enumerate(task.calls):
            if not reference.writes or reference.error is not None or reference.unless_told:
                continue
            rest = [one for number, one in enumerate(reference_calls(task)) if number != place]
            is_paid = await probe.paid_without(task, rest, told(task))
            if is_paid and place in undone:
                traceless += 1
                continue
            runs += 1
            if is_paid:
                paid.append(f"{task.id} without {reference.call.name}")
    measured: JsonObject = {"runs": runs, "paid": len(paid), "traceless": traceless}
    if paid:
        return failed(f"paid: {named(paid)}", "the change is missing in the task's truth", **measured)
    if not runs:
        return not_run("no task has a change that could be left out")
    more = f"; {traceless} changes are overwritten by later ones" if traceless else ""
    return passed(f"{runs} runs without one of their changes, none of them paid{more}", **measured)


async def no_solution_leakage(probe: Probe) -> Finding:
    """What has to be told does not stand in the request, so that nobody is paid for repeating it.

    The policy may say it: to apply it is the task. How often that alone is enough, `floor_gap` tells.
    """
    readable = [task for task in probe.tasks if _is_told_by(task, task.request)]
    paid = [task.id for task in readable if await probe.paid_without(task, (), task.request)]
    if paid:
        return failed(
            f"paid for repeating the request, without any call: {named(paid)}",
            "ask for something that has to be looked up, or name a call that must be made",
            tasks=len(paid),
        )
    return passed(f"to repeat the request earns nothing in {len(probe.tasks)} tasks")


def _is_told_by(task: Task, text: str) -> bool:
    """Whether each thing that has to be told stands in a text, in the words of the task's facts."""
    words = [wording_of(fact).strip(" .").casefold() for fact in task.truth.facts]
    return bool(words) and all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text.casefold()) for word in words)


async def verifier_determinism(probe: Probe) -> Finding:
    """The same run has the same verdict again."""
    runs = (*probe.right, *probe.mistaken)
    other = [run.task.id for run in runs if not await _is_judged_alike(probe, run, run.trajectory)]
    if other:
        return failed(f"judged differently: {named(other)}", "a check must depend on the run alone")
    return passed(f"{len(runs)} runs judged twice, the same")


async def verifier_portability(probe: Probe) -> Finding:
    """A run is judged from its record alone, as it was in its episode."""
    records = [(run, Trajectory.model_validate_json(run.trajectory.json_bytes())) for run in probe.right]
    other = [run.task.id for run, record in records if not await _is_judged_alike(probe, run, record)]
    if other:
        return failed(f"judged differently: {named(other)}", "a check must depend on the run alone")
    return passed(f"{len(records)} records judged as their episodes were")


async def _is_judged_alike(probe: Probe, run: PlayedRun, trajectory: Trajectory) -> bool:
    return await judge(run.task, trajectory, probe.suite.runtime_of(run.task)) == run.verdict


def resource_envelope(probe: Probe) -> Finding:
    """A run takes less time than is declared; memory is bounded by the limits of programs, and not measured here."""
    measured: JsonObject = {"seconds": round(probe.seconds, 3)}
    text = f"the longest run took {probe.seconds:.2f} s, of {MAX_EPISODE_SECONDS} that are declared"
    is_within = probe.seconds <= MAX_EPISODE_SECONDS
    return passed(text, **measured) if is_within else failed(text, "declare more", **measured)


async def replayability(probe: Probe) -> Finding:
    """Every call of a right run, made again from the log, gives the same result and state."""
    calls, other = 0, list[str]()
    for run in probe.right:
        try:
            calls += await replay(await probe.episodes.get(run.trajectory.id))
        except ReplayError as problem:
            other.append(f"{run.task.id}: {problem}")
    return failed(named(other), "see `toolworld replay`") if other else passed(f"{calls} calls replayed, byte for byte")


def reward_reachability(probe: Probe) -> Finding:
    """Some agent reaches the highest reward: a scripted one does."""
    reached = sum(run.verdict.reward == 1.0 for run in probe.right)
    text = f"a scripted agent reaches it in {reached} of {len(probe.right)} tasks"
    return passed(text, tasks=reached) if reached == len(probe.right) else failed(text, "see `toolworld tasks check`")


def variance_bound(probe: Probe) -> Finding:
    """The same agent has the same reward again, on other seeds too."""
    rewards = zip(probe.right, probe.again, probe.other_seed, strict=True)
    other = [one.task.id for one, *rest in rewards if any(run.verdict.reward != one.verdict.reward for run in rest)]
    if other:
        return failed(f"other rewards: {named(other)}", "a task's truth holds under any seed: `toolworld tasks check`")
    return passed("three runs of each task have one reward")


def adversarial_floor(probe: Probe) -> Finding:
    """Runs with a planted mistake are not paid."""
    paid = [run.task.id for run in probe.mistaken if run.verdict.reward == 1.0]
    if paid:
        return failed(f"paid in spite of a planted mistake: {named(paid)}", "see `toolworld env check`", runs=len(paid))
    if not probe.mistaken:
        return not_run("no task leaves room for a mistake")
    return passed(f"{len(probe.mistaken)} runs with a planted mistake, none of them paid", runs=len(probe.mistaken))
