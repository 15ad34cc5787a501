"""A model without a model: answers from a list or a function, and remembers what it was asked."""

from collections.abc import Callable, Iterable
from pathlib import Path

from toolworld.ground import JsonValue, ModelError, Record, encode, read_lines
from toolworld.llm.message import ToolCall
from toolworld.llm.model import Completion, Request
from toolworld.llm.usage import Usage


class ScriptedAnswer(Record):
    """A line of a script: what to answer, and when."""

    when: str = ""
    """Said only to a request in whose messages this text stands."""
    text: str = ""
    value: JsonValue = None
    """Answers with JSON instead of words."""
    tool_calls: tuple[ToolCall, ...] = ()
    again: bool = False
    """Whether it can be said more than once."""


Answer = str | JsonValue | ScriptedAnswer | Completion | Exception
"""What a script may hold; a string is words, an exception is raised, any other JSON value is the answer's text."""

Script = Iterable[Answer] | Callable[[Request], Answer]


class ScriptedModel:
    """Answers from a script.

    Args:
        script: Answers in order, or a function of the request.
        name: What the model is called in records.
        tokens: Counts the tokens of a text; by default a quarter of its bytes.
    """

    is_small = False

    def __init__(self, script: Script, name: str = "scripted", tokens: Callable[[str], int] | None = None) -> None:
        self.name = name
        self.asked: list[Request] = []
        self._script = script if callable(script) else _Lines(script)
        self._tokens = tokens or _quarter

    async def complete(self, request: Request) -> Completion:
        """Give the next answer of the script.

        Raises:
            ModelError: the script is at its end, or has no answer to this request.
        """
        self.asked.append(request)
        answer = self._script(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Completion):
            return answer
        said = answer if isinstance(answer, ScriptedAnswer) else _as_answer(answer)
        text = said.text if said.value is None else encode(said.value).decode()
        value, problem = request.response_format.read(text) if request.response_format else (None, None)
        return Completion(
            text=text,
            tool_calls=said.tool_calls,
            value=value,
            problem=problem,
            finish="tool_calls" if said.tool_calls else "stop",
            structure="text" if request.response_format else None,
            model=self.name,
            usage=Usage(
                completions=1,
                prompt_tokens=sum(self._tokens(message.content or "") for message in request.messages),
                completion_tokens=self._tokens(text),
            ),
        )


def load_script(path: Path) -> ScriptedModel:
    """Load a script: JSONL, a `ScriptedAnswer` a line.

    Raises:
        ModelError: the file cannot be read, or a line of it is none.
    """
    return ScriptedModel(read_lines(path, ScriptedAnswer, ModelError).records, f"scripted:{path.name}")


class _Lines:
    """Gives the first answer that fits, each once."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._left = list(answers)
        self._count = len(self._left)

    def __call__(self, request: Request) -> Answer:
        for place, answer in enumerate(self._left):
            if not isinstance(answer, ScriptedAnswer):
                return self._left.pop(place)
            if any(answer.when in (message.content or "") for message in request.messages):
                return answer if answer.again else self._left.pop(place)
        raise ModelError(f"the script of {self._count} answers has none left for this request")


def _as_answer(answer: str | JsonValue) -> ScriptedAnswer:
    return ScriptedAnswer(text=answer) if isinstance(answer, str) else ScriptedAnswer(text=encode(answer).decode())


def _quarter(text: str) -> int:
    return -(-len(text.encode()) // 4)
