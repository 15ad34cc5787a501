"""Runs of tasks as rows: an agent plays each task, and a run is accepted if it passes its verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from toolworld.datasets import (
    Instance,
    Ok,
    Outcome,
    PromptResult,
    Reject,
    Task,
    TaskSuite,
    Trajectory,
    Verdict,
    to_chat,
)
from toolworld.ground import BudgetError, JsonObject, JsonValue, ModelError, decode, describe_error, digest
from toolworld.judges import judge
from toolworld.llm import Completion, Model, Request
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.planned_run import PlannedRun
from toolworld.rollout.play.play import play
from toolworld.rollout.players.model_agent import ModelAgent
from toolworld.rollout.players.scripted_user import ScriptedUser

_PROBLEMS = "An earlier run of it failed:"


class RunPromptLoader:
    """Gives tasks to be played, one after the other.

    Args:
        tasks: The tasks.
        problems: What was wrong with an earlier run, by the place of the task; the agent is told.
    """

    def __init__(self, tasks: Sequence[Task], problems: Mapping[int, str] | None = None) -> None:
        self._tasks = [*tasks]
        self.seed_data: list[JsonObject] = [{"instruction": task.request} for task in tasks]
        self._problems = dict(problems or {})
        self._of_prompt = {self.prepare(index).prompt: index for index in range(len(tasks))}

    @property
    def described_as(self) -> JsonValue:
        """What decides its prompts."""
        tasks: list[JsonValue] = [digest(one.json_bytes().decode()) for one in self._tasks]
        return ["RunPromptLoader", tasks, [[place, why] for place, why in sorted(self._problems.items())]]

    def prepare(self, index: int) -> PromptResult:
        """The task of a row: its id and its digest, what is asked for, and what was wrong before.

        Raises:
            StopIteration: there are no more rows.
        """
        if index >= len(self.seed_data):
            raise StopIteration("there are no more rows")
        task, problems = self._tasks[index], self._problems.get(index)
        lines = [task.id, digest(task.json_bytes().decode())[:16], task.request]
        if problems:
            lines += [_PROBLEMS, problems]
        metadata: dict[str, Any] = {"index": index, "task": task.id, **({"mended": problems} if problems else {})}
        return PromptResult("\n".join(lines), metadata)

    def task_of(self, prompt: str) -> tuple[Task, str | None] | None:
        """The task of a prompt, and what was wrong with an earlier run of it; None for another prompt."""
        index = self._of_prompt.get(prompt)
        return None if index is None else (self._tasks[index], self._problems.get(index))


class PlayingAgent:
    """An agent in the place of a model: it is given a task, and its reply is the trajectory of its run.

    Any other prompt goes to the model itself.

    Args:
        model: Plays the agent; the user is scripted. It is held to the budget, if there is one.
        loader: Knows which task a prompt gives.
        host: Where episodes are opened.
    """

    def __init__(self, model: Model, loader: RunPromptLoader, host: Host) -> None:
        self.name, self.is_small = model.name, model.is_small
        self._model, self._loader, self._host = model, loader, host

    async def complete(self, request: Request) -> Completion:
        """Play the task of a prompt.

        Raises:
            ModelError: the model does not answer, or it was the host that failed.
            BudgetError: the budget is spent.
        """
        found = self._loader.task_of(request.messages[-1].content or "")
        if found is None:  # somebody asks whether the model is there
            return await self._model.complete(request)
        task, problems = found
        run = PlannedRun(task, task.seed)
        async with self._host.session(run) as session:
            agent = ModelAgent(
                self._model,
                seed=request.seed or 0,  # another one for each try of a task
                temperature=request.temperature or 0.0,
                max_tokens=request.max_tokens,
                hint=problems,
            )
            played = await play(run, agent, ScriptedUser(task), session)
        if played.stop == "budget":
            raise BudgetError(f"the budget was spent in a run of {task.id}")
        if played.blame is not None and played.blame.party != "agent":
            raise ModelError(f"the run of {task.id} broke: {played.blame.message}")
        trajectory = played.model_copy(update={"id": run.name})
        return Completion(text=trajectory.json_bytes().decode(), model=self.name, usage=played.usage)


class RunParser:
    """Reads trajectories: the request is the instruction, the agent's last words are the response.

    Args:
        suite: The tasks and their environments.
    """

    def __init__(self, suite: TaskSuite) -> None:
        self._suite = suite
        self._tasks = {task.id: task for task in suite.tasks}

    most_characters = None
    """A trajectory is no reply of a model: it may be of any length, and is needed whole to be repaired."""

    @property
    def described_as(self) -> JsonValue:
        """What decides what it reads."""
        return "RunParser"

    def parse(self, prompt: str, teacher_model_output: str, placeholder_formats: Mapping[str, str]) -> Outcome:
        """The run in a reply."""
        try:
            trajectory = Trajectory.model_validate_json(teacher_model_output)
        except ValidationError as problem:
            return Reject("unreadable", describe_error(problem))
        task = self._tasks[str(trajectory.task)]
        said = [one.content for one in trajectory.messages if one.role == "assistant" and one.content]
        if not said:
            return Reject("silent", f"the agent said nothing; the run ended by {trajectory.stop}")
        environment = self._suite.runtime_of(task).environment
        chat = to_chat(trajectory, environment)
        fields: JsonObject = {
            "messages": chat["messages"],
            "tools": chat["tools"],
            "trajectory": decode(trajectory.json_bytes()),
        }
        return Ok(Instance(instruction=task.request, response=said[-1] or "", fields=fields))


class RunValidator:
    """Accepts runs that pass their verdict.

    Args:
        suite: The tasks and their environments.
    """

    def __init__(self, suite: TaskSuite) -> None:
        self._suite = suite
        self._tasks = {task.id: task for task in suite.tasks}

    @property
    def described_as(self) -> JsonValue:
        """What decides its answers: the tasks are the loader's."""
        return ["RunValidator", [one.version for one in self._suite.environments]]

    async def validate(self, instruction: str, response: str, metadata: dict[str, Any]) -> Outcome:
        """Whether a run passes; a rejection names the first check that it does not."""
        trajectory = Trajectory.model_validate(metadata["fields"]["trajectory"])
        task = self._tasks[str(trajectory.task)]
        return outcome_of(await judge(task, trajectory, self._suite.runtime_of(task)))


def outcome_of(verdict: Verdict) -> Outcome:
    """A verdict as what a validator says."""
    if verdict.passed:
        return Ok()
    if verdict.blame is not None:
        return Reject(f"{verdict.blame.party}_broke_it", verdict.blame.message)
    broken = [one for one in verdict.checks if one.outcome not in ("pass", "skipped")]
    first = next((one for one in broken if one.outcome == "fail"), broken[0] if broken else None)
    if first is None:
        return Reject(verdict.outcome, f"the run is {verdict.outcome}")
    return Reject(first.name, "; ".join(one.text for one in first.evidence[:3]))
