"""A user proxy that is a language model: it knows the task's scenario, and is held to it.

That it is done, and that it agrees to a proposal, are fields of its answer, never phrases. Details
that nobody gave it are sent back to it to mend, and what it gets past that is found by the judge, who
voids the run.
"""

from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import cast

from mcp_types import Tool

from toolworld.datasets import ModelUse, Task
from toolworld.environments import Call
from toolworld.ground import JsonObject, JsonValue, RolloutError, closed_object, encode, humanize
from toolworld.judges import invented, left_early
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, ToolCall, Usage, ask
from toolworld.rollout.players.user import Agrees, Reply

PROMPT = Template((files("toolworld.rollout.players") / "prompts" / "user.md").read_text(encoding="utf-8"))
MAX_TOKENS = 512
_SIGNALS: JsonObject = {"agrees": {"enum": ["yes", "no", "none"]}, "done": {"type": "boolean"}}
_SAY: JsonObject = {"say": {"type": "string", "minLength": 1}, **_SIGNALS}
FORM = ResponseFormat(closed_object(_SAY), "reply")


class ModelUser:
    """Plays the user's side of a task with a model.

    Args:
        task: What the user wants and knows.
        seed: Of its first completion; each later one has the next.
        temperature: Of all completions.
        max_tokens: Of one reply; by default `MAX_TOKENS`.
    """

    def __init__(
        self, model: Model, task: Task, seed: int = 0, temperature: float = 0.0, max_tokens: int | None = None
    ) -> None:
        self.name = model.name
        self._model = model
        self._task = task
        self._seed = seed
        self._temperature = temperature
        self._max_tokens = max_tokens or MAX_TOKENS
        self._usage = Usage()
        self._form = FORM
        self._able = ""
        self._done: list[Message] = []

    @property
    def model_use(self) -> ModelUse:
        """The model, and what it cost so far."""
        return ModelUse(role="user", model=self.name, seed=self._seed, temperature=self._temperature, usage=self._usage)

    async def begin(self, tools: Sequence[Tool]) -> None:
        """Put the tools that the user has into the prompt and into the response format."""
        if not tools:
            return
        doing: list[JsonValue] = [
            closed_object({"tool": {"const": tool.name}, "arguments": tool.input_schema}) for tool in tools
        ]
        properties: JsonObject = {"say": {"type": "string"}, **_SIGNALS, "do": {"anyOf": doing}}
        schema: JsonObject = {"type": "object", "properties": properties, "required": ["say", "agrees", "done"]}
        self._form = ResponseFormat({**schema, "additionalProperties": False}, "reply")
        listed = "\n".join(f"- {tool.name}: {tool.description or ''}" for tool in tools)
        self._able = (
            "\nWhat you can do yourself, when the agent asks you to, by adding "
            f'"do": {{"tool": NAME, "arguments": {{...}}}} to your answer:\n{listed}'
        )

    async def see(self, call: ToolCall, text: str) -> None:
        """Remember what was done and what came of it; only the user sees it."""
        told = f"(You did {call.name} {encode(call.arguments).decode()}, and saw: {text})"
        self._done.append(Message(role="user", content=told))

    async def remember(self, call: Call) -> None:
        """Remember what was done; what came of it, the user has told."""
        told = f"(You did {call.name} {encode(call.arguments).decode()} earlier)"
        self._done.append(Message(role="user", content=told))

    async def open(self) -> str:
        """The task's request."""
        return self._task.request

    async def reply(self, conversation: Sequence[Message]) -> Reply:
        """Answer what the agent said last.

        Raises:
            RolloutError: its answers cannot be used, even after it was told what is wrong with them.
            ModelError: it does not answer.
        """
        heard = [message for message in conversation if message.role in ("user", "assistant") and message.content]
        turns = sum(message.role == "user" for message in heard)
        request = Request(
            (self._script(), *map(_from_the_other_side, heard), *self._done),
            response_format=self._form,
            temperature=self._temperature,
            max_tokens=self._max_tokens,
            seed=self._seed + turns + len(self._done),
        )

        def find_problem(completion: Completion) -> str | None:
            reply = _read(completion)
            if not reply.text and not reply.tool_calls:
                return "it is empty: say something"
            strange = invented(self._task, (*conversation, *self._done), reply.text)
            if strange:
                return f"{strange[0]!r} is not in your script; you do not know it"
            if reply.done and left_early(conversation):
                return "the agent is asking you something, so you are not done; answer it"
            return None

        asked = await ask(self._model, request, find_problem)
        self._usage += asked.usage
        if not asked.accepted:
            raise RolloutError(f"{self.name} gave no reply that can be used: {asked.rejected[-1].why}")
        return _read(asked.completion)

    def _script(self) -> Message:
        scenario = self._task.scenario
        facts = "\n".join(f"- your {humanize(name)}: {value}" for name, value in scenario.facts.items())
        text = PROMPT.substitute(
            persona=scenario.persona or "an ordinary customer",
            goal=scenario.goal,
            known=scenario.known or "only this:",
            facts=facts,
            unknown=scenario.unknown or "anything that does not stand here",
            instructions=scenario.instructions or "friendly and to the point",
        )
        return Message(role="system", content=text + self._able)


def _read(completion: Completion) -> Reply:
    value = completion.value
    assert isinstance(value, dict)
    doing = value.get("do")
    if not isinstance(doing, dict):
        return Reply(str(value["say"]), done=value["done"] is True, agrees=cast(Agrees, value["agrees"]))
    arguments = doing["arguments"]
    tool_call = ToolCall(id="user", name=str(doing["tool"]), arguments=arguments if isinstance(arguments, dict) else {})
    return Reply("", tool_calls=(tool_call,))


def _from_the_other_side(message: Message) -> Message:
    """Show the conversation as the user has it: the agent is the one who speaks to it."""
    return Message(role="user" if message.role == "assistant" else "assistant", content=message.content)
