"""From captured calls to recorded answers: what each answer says, how it looks, and where it was given."""

from collections import Counter
from collections.abc import Mapping, Sequence

from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.spec.result_form import ResultForm, TextStyle
from toolworld.environments.twin.capture import CapturedCall
from toolworld.ground import EncodingError, JsonObject, JsonValue, decode, digest, encode, same

_STYLES: tuple[TextStyle, ...] = ("json", "indented_json", "python_json", "plain")
LOST = "the server answered this when it was recorded, and its answer could not be kept"
"""What a twin says in the place of such an answer."""
_NOT_SHOWN = ("isError", "resultType")
"""Parts of an answer that say nothing of what it holds."""


def read_answer(answer: JsonObject) -> tuple[JsonValue, str | None]:
    """The result of an answer, or the text of its refusal."""
    error = answer.get("error")
    if isinstance(error, dict) and "content" not in answer:
        return None, str(error.get("message") or "the server gave an error")
    text = _only_text(answer)
    if answer.get("isError") is True:
        return None, text if text is not None else "the tool gave an error"
    if answer.get("structuredContent") is not None:
        return answer["structuredContent"], None
    return (_parsed(text) if text is not None else answer.get("content")), None


def form_of(answers: Sequence[JsonObject]) -> ResultForm | None:
    """The form that most results of a tool have; None where none has a form."""
    counts: Counter[ResultForm] = Counter()
    forms: dict[ResultForm, ResultForm] = {}
    for answer in answers:
        for form in _forms(answer):
            forms.setdefault(form, form)
            counts[form] += 1
    return max(forms, key=lambda one: counts[one]) if forms else None


def has_form(answer: JsonObject, form: ResultForm | None) -> bool:
    """Whether an answer is what clients get of its result in a form, or of its refusal."""
    result, refusal = read_answer(answer)
    if "error" in answer or not set(answer) <= {"content", "structuredContent", *_NOT_SHOWN}:
        return False
    if refusal is not None:
        return _only_text(answer) == refusal and answer.get("structuredContent") is None
    if form is None or form.structured != isinstance(answer.get("structuredContent"), dict):
        return False
    return _only_text(answer) is not None and _only_text(answer) == form.text(result)


def _forms(answer: JsonObject) -> list[ResultForm]:
    """The forms that an answer has."""
    result, refusal = read_answer(answer)
    if refusal is not None:
        return []
    structured = isinstance(answer.get("structuredContent"), dict)
    members = [None, *(result if isinstance(result, dict) else ())]
    found = [ResultForm(style=style, member=member, structured=structured) for member in members for style in _STYLES]
    return [one for one in found if has_form(answer, one)]


def _only_text(answer: JsonObject) -> str | None:
    """The text of an answer that is one text and nothing else."""
    content = answer.get("content")
    if not isinstance(content, list) or len(content) != 1:
        return None
    [block] = content
    if not isinstance(block, dict) or block.get("type") != "text" or not set(block) <= {"type", "text"}:
        return None
    return str(block.get("text"))


def _parsed(text: str) -> JsonValue:
    """A text that is an object or a list as JSON, as that; any other as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        value = decode(text)
        encode(value)  # what is nested too deep can be read and not written
    except EncodingError:
        return text
    return value


def recorded_answers(
    calls: Sequence[CapturedCall], names: Mapping[str, str], writes: Mapping[str, bool], forms: Mapping[str, ResultForm]
) -> tuple[RecordedAnswer, ...]:
    """The answers of a recording, each where it was given.

    A call moves the recording on if its tool writes and did not refuse it, and also if the same question was answered
    otherwise while nothing had changed: it depends on something that nobody sees, such as time. So the calls of the
    recording, made again in their order, get their answers.

    Args:
        calls: The captured calls of these tools, with their answers.
        names: The recorded name of each tool.
        writes: Whether it writes.
        forms: How its results look.
    """
    moving: set[str] = set()
    while True:
        answers, conflict = _placed(calls, names, writes, forms, moving)
        if conflict is None:
            return tuple(answers)
        moving.add(conflict)


def _placed(
    calls: Sequence[CapturedCall],
    names: Mapping[str, str],
    writes: Mapping[str, bool],
    forms: Mapping[str, ResultForm],
    moving: set[str],
) -> tuple[list[RecordedAnswer], str | None]:
    """The answers, each question at a position once, and the first question with two answers at one position."""
    position = 0
    seen: dict[tuple[int, str], JsonObject] = {}
    placed: list[RecordedAnswer] = []
    for call in calls:
        if call.answer is None:
            if writes[call.tool]:
                placed.append(_lost(call, names[call.tool], position))
                position += 1
            continue
        question = digest([call.tool, call.arguments])
        before = seen.setdefault((position, question), call.answer)
        if before is not call.answer:
            if not same(before, call.answer):
                return placed, question
            continue
        answer = _answer(call, call.answer, names[call.tool], position, forms.get(call.tool))
        moves = question in moving or (writes[call.tool] and answer.refusal is None)
        placed.append(_moving(answer, call.answer, writes=writes[call.tool]) if moves else answer)
        position += moves
    return placed, None


def _answer(
    call: CapturedCall, answer: JsonObject, name: str, position: int, form: ResultForm | None
) -> RecordedAnswer:
    result, refusal = read_answer(answer)
    told = None if has_form(answer, form) else answer
    return RecordedAnswer(
        position=position, tool=name, arguments=call.arguments, result=result, refusal=refusal, answer=told
    )


def _lost(call: CapturedCall, name: str, position: int) -> RecordedAnswer:
    """A change whose answer could not be kept: it moves the recording on, and says so."""
    answer: JsonObject = {"content": [{"type": "text", "text": LOST}], "isError": True}
    return RecordedAnswer(
        position=position, tool=name, arguments=call.arguments, result=LOST, answer=answer, moves=True, writes=True
    )


def _moving(answer: RecordedAnswer, told: JsonObject, *, writes: bool) -> RecordedAnswer:
    """An answer after which the recording has moved on.

    A refused call changes nothing in toolworld, so a refusal of this kind is kept as a result that looks like one.
    """
    if answer.refusal is None:
        return answer.model_copy(update={"moves": True, "writes": writes})
    return answer.model_copy(update={"moves": True, "result": answer.refusal, "refusal": None, "answer": told})
