"""A model that plays tasks by their scripts: right, or with a mistake that it mends when it is told what was wrong."""

from collections.abc import Sequence

from toolworld.datasets import Task, TaskSuite
from toolworld.environments import Runtime
from toolworld.llm import Completion, Request, Usage
from toolworld.rollout import ScriptedAgent, mutated_script, script_of
from toolworld.server.episodes.shown_tool import shown_tool


class ScriptModel:
    """Plays in the place of a model.

    Args:
        suite: The tasks that it knows.
        forgetful: The ids of tasks in which it forgets a change, unless it is told what was wrong.
    """

    name, is_small = "script-model", False

    def __init__(self, suite: TaskSuite, forgetful: Sequence[str] = ()) -> None:
        self._suite = suite
        self._tasks = {task.request: task for task in suite.tasks}
        self._forgetful = frozenset(forgetful)
        self._agents: dict[tuple[str, bool], ScriptedAgent] = {}
        self.episodes = 0
        self.hints: list[str] = []

    async def complete(self, request: Request) -> Completion:
        system, *conversation = request.messages
        task = self._tasks[conversation[0].content or ""]
        is_told = "An earlier conversation" in (system.content or "")
        key = task.id, is_told
        if len(conversation) == 1:
            self.episodes += 1
            if is_told:
                self.hints.append((system.content or "").splitlines()[-1])
            self._agents[key] = await self._agent(task, is_told)
        said = await self._agents[key].act(conversation)
        return Completion(
            text=said.content or "",
            tool_calls=said.tool_calls,
            finish="tool_calls" if said.tool_calls else "stop",
            model=self.name,
            usage=Usage(completions=1, prompt_tokens=10, completion_tokens=5),
        )

    async def _agent(self, task: Task, is_told: bool) -> ScriptedAgent:
        runtime: Runtime = self._suite.runtime_of(task)
        script = script_of(task)
        if task.id in self._forgetful and not is_told:
            mutated = await mutated_script(task, "dropped_write", runtime, self._suite.tasks)
            assert mutated is not None
            script = mutated
        agent = ScriptedAgent(script)
        await agent.begin("", [*map(shown_tool, runtime.environment.tools_of("agent"))])
        return agent
