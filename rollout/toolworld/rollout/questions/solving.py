"""Solving questions: by following their hops in a fresh episode, and by a model with the tools."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from toolworld.datasets import (
    AnswerFact,
    Fact,
    ReferenceRun,
    Scenario,
    Task,
    TaskDifficulty,
    TextFact,
    TrialCounts,
    derive_truth,
    difficulty_of,
    fact_of,
)
from toolworld.environments import Runtime
from toolworld.ground import SpecError
from toolworld.judges import judge
from toolworld.llm import Model
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.planned_run import PlannedRun
from toolworld.rollout.play.play import play
from toolworld.rollout.players.model_agent import ModelAgent
from toolworld.rollout.players.scripted_user import ScriptedUser
from toolworld.rollout.questions.checks import result_lines
from toolworld.rollout.questions.leakage import plain, stands_in
from toolworld.rollout.questions.needed import NeededCalls
from toolworld.rollout.questions.question import Draft
from toolworld.rollout.synthesis.gates import failed_gate
from toolworld.rollout.synthesis.trial import failed_run
from toolworld.rollout.synthesis.ways import Ways
from toolworld.rollout.trees.branch import TreeHost
from toolworld.rollout.trees.node import Tree
from toolworld.rollout.trees.seeds import Seed


class SynthesisHost(TreeHost, Protocol):
    """Opens episodes for trees, and for players."""

    @property
    def runtime(self) -> Runtime:
        """The environment, ready to answer calls."""
        ...

    async def settle(self, trees: Sequence[Tree]) -> None:
        """Told of all that was explored, before questions are written and solved."""
        ...

    def playing(self) -> AbstractAsyncContextManager[Host]:
        """A host for players; it is closed at the end of the block."""
        ...


class UnsolvableError(Exception):
    """A question to whose answer its calls do not lead."""


async def task_of_question(
    name: str, draft: Draft, needed: NeededCalls, *, seed: Seed, run_seed: int, runtime: Runtime
) -> Task:
    """The task that a question is: its calls, made in a fresh episode, and the fact that has to be told.

    Args:
        name: The task's id.
        draft: The question.
        needed: The calls that lead to its answer.
        seed: Where exploration started; its arguments are what the user can tell.
        run_seed: Of the episode.
        runtime: The environment.

    Raises:
        UnsolvableError: a call fails, or no result has the answer.
    """
    try:
        reference, truth = await derive_truth(runtime, needed.calls, (_fact(draft),), seed=run_seed)
    except SpecError as problem:
        raise UnsolvableError(str(problem)) from None
    failed = next((event for event in reference.events if event.failure is not None), None)
    if failed is not None and failed.failure is not None:
        raise UnsolvableError(f"call {failed.step} of those that lead to the answer fails: {failed.failure.message}")
    if not _is_shown(draft.answer, reference):
        raise UnsolvableError(f"no result of the calls that lead to the answer has {draft.answer!r}")
    return Task(
        id=name,
        environment=runtime.environment.id,
        environment_version=runtime.environment.version,
        request=draft.question,
        scenario=Scenario(goal=f"You want to know this: {draft.question}", facts=dict(seed.kwargs)),
        calls=reference.calls,
        truth=truth,
        seed=run_seed,
    )


def _fact(draft: Draft) -> Fact:
    """What has to be told."""
    answer = draft.answer.strip().rstrip(".")
    if answer.casefold() in ("yes", "no"):
        return AnswerFact(answer=answer.casefold() == "yes", to=draft.question)
    return TextFact(text=answer) if "|" in answer else fact_of(answer)


def _is_shown(answer: str, reference: ReferenceRun) -> bool:
    if plain(answer) in ("yes", "no"):
        return True  # what it rests on was checked as evidence
    return any(
        stands_in(plain(answer), plain(line)) for event in reference.events for line in result_lines(event.result)
    )


async def solving_problem(task: Task, host: SynthesisHost) -> str | None:
    """Why a scripted solver who makes a question's calls is not judged right, or why one who guesses is; else None."""
    failure = await failed_gate(task, Ways.in_environment(host.runtime), ("oracle", "floor", "kill"))
    if failure is not None:
        return failure.why
    async with host.playing() as playing:
        return await failed_run(task, host.runtime, playing)


async def measured_difficulty(task: Task, host: SynthesisHost, model: Model, tries: int) -> TaskDifficulty:
    """How often a model answers a question with the tools.

    Args:
        task: The question's task.
        host: Has its environment.
        model: Plays the agent.
        tries: How often.
    """
    counts = TrialCounts()
    async with host.playing() as playing:
        for trial in range(tries):
            run = PlannedRun(task, task.seed, trial)
            async with playing.session(run) as session:
                agent = ModelAgent(model, seed=run.players_seed, temperature=0.7)
                played = await play(run, agent, ScriptedUser(task), session)
            verdict = await judge(task, played.model_copy(update={"id": run.name}), host.runtime)
            counts = counts.with_outcome(verdict.outcome)
    return difficulty_of({model.name: counts})
