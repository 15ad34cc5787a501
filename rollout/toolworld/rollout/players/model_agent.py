"""An agent that is a language model: chat completions with the tools of the episode."""

from collections.abc import Sequence
from importlib.resources import files
from itertools import count
from string import Template

from mcp_types import Tool

from toolworld.datasets import ModelUse
from toolworld.ground import RolloutError
from toolworld.llm import Completion, Message, Model, Request, ToolCall, ToolDefinition, Usage, ask

PROMPT = Template((files("toolworld.rollout.players") / "prompts" / "agent.md").read_text(encoding="utf-8"))
HINT = Template((files("toolworld.rollout.players") / "prompts" / "hint.md").read_text(encoding="utf-8"))
MAX_TOKENS = 2048
"""Tokens of one turn."""
MAX_CALLS = 32
"""Calls of tools in one turn."""


class ModelAgent:
    """Plays the agent's side with a model.

    Args:
        seed: Of its first completion; each later one has the next.
        temperature: Of all completions.
        max_tokens: Of one turn; by default `MAX_TOKENS`.
        hint: What was wrong with an earlier run, which it is told beside the policy.
    """

    def __init__(
        self,
        model: Model,
        seed: int = 0,
        temperature: float = 0.0,
        max_tokens: int | None = None,
        *,
        hint: str | None = None,
    ) -> None:
        self.name = model.name
        self._model = model
        self._seed = seed
        self._temperature = temperature
        self._max_tokens = max_tokens or MAX_TOKENS
        self._hint = hint
        self._turn = 0
        self._system = Message(role="system", content="")
        self._tools: tuple[ToolDefinition, ...] = ()
        self._usage = Usage()

    @property
    def model_use(self) -> ModelUse:
        """The model, and what it cost so far."""
        return ModelUse(
            role="agent", model=self.name, seed=self._seed, temperature=self._temperature, usage=self._usage
        )

    @property
    def system_prompt(self) -> str:
        """The system message: what an agent has to know of its task, the policy, and a hint where there is one."""
        return self._system.content or ""

    async def begin(self, policy: str, tools: Sequence[Tool]) -> None:
        """Begin the conversation: the policy is the system prompt, and the tools are listed in every request."""
        hint = "" if self._hint is None else HINT.substitute(problems=self._hint)
        self._system = Message(role="system", content=PROMPT.substitute(policy=policy) + hint)
        self._tools = tuple(
            ToolDefinition.made(
                {"name": tool.name, "description": tool.description or "", "parameters": tool.input_schema}
            )
            for tool in tools
        )

    async def act(self, conversation: Sequence[Message]) -> Message:
        """The model's next turn.

        Raises:
            RolloutError: its answers cannot be used, even after it was told what is wrong with them.
            ModelError: it does not answer.
        """
        request = Request(
            (self._system, *conversation),
            tools=self._tools,
            temperature=self._temperature,
            max_tokens=self._max_tokens,
            seed=self._seed + self._turn,
        )
        self._turn += 1
        asked = await ask(self._model, request, _find_problem)
        self._usage += asked.usage
        if not asked.accepted:
            raise RolloutError(f"{self.name} gave no turn that can be used: {asked.rejected[-1].why}")
        said = asked.completion
        calls = _distinct(said.tool_calls, conversation)
        return Message(role="assistant", content=said.text or None, tool_calls=calls, reasoning=said.reasoning)


def _find_problem(completion: Completion) -> str | None:
    if len(completion.tool_calls) > MAX_CALLS:
        return f"it calls {len(completion.tool_calls)} tools in one turn; {MAX_CALLS} is the most"
    if not completion.tool_calls and not completion.text.strip():
        return "it is empty: say something to the customer, or call a tool"
    return None


def _distinct(calls: tuple[ToolCall, ...], conversation: Sequence[Message]) -> tuple[ToolCall, ...]:
    """The calls with new ids, where an endpoint uses the same ones again."""
    taken = {call.id for message in conversation for call in message.tool_calls}
    if len({call.id for call in calls}) == len(calls) and not taken & {call.id for call in calls}:
        return calls
    free = (f"call_{number}" for number in count(1) if f"call_{number}" not in taken)
    return tuple(call.model_copy(update={"id": next(free)}) for call in calls)
