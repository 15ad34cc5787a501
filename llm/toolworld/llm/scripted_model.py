"""A stand-in for a model, for tests: it answers from a list or a function, and records the requests."""

from collections.abc import Callable, Iterable
from pathlib import Path

from toolworld.ground import JsonValue, ModelError, Record, encode, read_lines
from toolworld.llm.message import ToolCall
from toolworld.llm.model import Completion, Request
from toolworld.llm.usage import Usage


class ScriptedAnswer(Record):
    """One line of a script: an answer, and the requests that it fits."""

    when: str = ""
    """The answer fits only requests with this text in one of their messages; every request, if it is empty."""
    text: str = ""
    value: JsonValue = None
    """A JSON value to answer with instead of `text`."""
    tool_calls: tuple[ToolCall, ...] = ()
    again: bool = False
    """Whether the answer can be used more than once."""


Answer = str | JsonValue | ScriptedAnswer | Completion | Exception
"""An entry of a script: a string is the text of the answer, an exception is raised, and any other JSON value is encoded
as the text."""

Script = Iterable[Answer] | Callable[[Request], Answer]


class ScriptedModel:
    """A model that answers from a script. `asked` holds the requests so far.

    Args:
        script: Answers in order, or a function of the request.
        name: The name of the model in records.
        tokens: A function that counts the tokens of a text; by default four bytes are one token.
    """

    is_small = False

    def __init__(self, script: Script, name: str = "scripted", tokens: Callable[[str], int] | None = None) -> None:
        self.name = name
        self.asked: list[Request] = []
        self._script = script if callable(script) else _AnswerList(script)
        self._tokens = tokens or _estimate_tokens

    async def complete(self, request: Request) -> Completion:
        """Return the next answer of the script.

        Raises:
            ModelError: no answer of the script is left for this request.
        """
        self.asked.append(request)
        answer = self._script(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Completion):
            return answer
        scripted = answer if isinstance(answer, ScriptedAnswer) else _as_answer(answer)
        text = scripted.text if scripted.value is None else encode(scripted.value).decode()
        value, problem = request.response_format.read(text) if request.response_format else (None, None)
        return Completion(
            text=text,
            tool_calls=scripted.tool_calls,
            value=value,
            problem=problem,
            finish="tool_calls" if scripted.tool_calls else "stop",
            structure="text" if request.response_format else None,
            model=self.name,
            usage=Usage(
                completions=1,
                prompt_tokens=sum(self._tokens(message.content or "") for message in request.messages),
                completion_tokens=self._tokens(text),
            ),
        )


def load_script(path: Path) -> ScriptedModel:
    """Load a script: a JSONL file with one `ScriptedAnswer` per line.

    Raises:
        ModelError: the file cannot be read, or a line is not a `ScriptedAnswer`.
    """
    return ScriptedModel(read_lines(path, ScriptedAnswer, ModelError).records, f"scripted:{path.name}")


class _AnswerList:
    """A list of answers: a request gets the first that fits, and each is used once unless marked `again`."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._remaining = list(answers)
        self._count = len(self._remaining)

    def __call__(self, request: Request) -> Answer:
        for place, answer in enumerate(self._remaining):
            if not isinstance(answer, ScriptedAnswer):
                return self._remaining.pop(place)
            if any(answer.when in (message.content or "") for message in request.messages):
                return answer if answer.again else self._remaining.pop(place)
        raise ModelError(f"the script of {self._count} answers has none left for this request")


def _as_answer(answer: str | JsonValue) -> ScriptedAnswer:
    return ScriptedAnswer(text=answer) if isinstance(answer, str) else ScriptedAnswer(text=encode(answer).decode())


def _estimate_tokens(text: str) -> int:
    return -(-len(text.encode()) // 4)
