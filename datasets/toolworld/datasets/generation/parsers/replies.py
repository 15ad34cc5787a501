"""The parsers of the three methods."""

from toolworld.datasets.generation.parsers.markers import ends_with, places, until_stop
from toolworld.datasets.generation.parts import Instance, Ok, Outcome, PlaceholderFormats, Reject
from toolworld.ground import EncodingError, JsonObject, JsonSchema, JsonValue, decode
from toolworld.llm import ResponseFormat

INSTANCE_SCHEMA: JsonSchema = {
    "type": "object",
    "properties": {
        "instruction": {"type": "string", "minLength": 1},
        "response": {"type": "string", "minLength": 1},
    },
    "required": ["instruction", "response"],
}
"""What a model answers with that is asked for JSON."""


class InstanceGenerationParser:
    """Reads an instruction and a response: from a JSON object if the reply is one, else between markers.

    The last marker wins; without markers there is no instance. Where the prompt ends in `INPUT:`, the reply may go on
    with the instruction.
    """

    def parse(self, prompt: str, teacher_model_output: str, placeholder_formats: PlaceholderFormats) -> Outcome:
        """The instance in a reply."""
        given = _object(teacher_model_output)
        if given is not None:
            return read_object(given)
        before, after = (placeholder_formats.get(name, "") for name in ("test_input_trigger", "test_output_trigger"))
        if not before or not after:
            return Reject("no_markers", "no markers are configured, and the reply is no JSON object")
        text = teacher_model_output
        outputs = places(text, after)
        begun = [place for place in places(text, before) if outputs and place[1] <= outputs[-1][0]]
        if begun:
            start = begun[-1][1]
        elif outputs and ends_with(prompt, before):
            start = 0
        else:
            return Reject(
                "no_markers", f"the reply must have {before} and after it {after}, each at the start of a line"
            )
        following = [place for place in outputs if place[0] >= start]
        instruction = text[start : following[0][0]]
        response = until_stop(text[following[-1][1] :], placeholder_formats.get("stop_phrase"))
        return _instance(instruction, response)


class QualityEnhancementParser(InstanceGenerationParser):
    """Reads a revised instruction and response; the markers are those of the placeholder formats."""


class ResponseGenerationParser:
    """Reads a response to the instruction of the prompt.

    It stands behind the last `OUTPUT:`, in a JSON object, or is the whole reply where the prompt ends in that marker.
    """

    def parse(
        self,
        prompt: str,
        teacher_model_output: str,
        placeholder_formats: PlaceholderFormats,
        metadata: JsonObject | None = None,
    ) -> Outcome:
        """The instance: the row's instruction with the response in a reply."""
        known = metadata or {}
        instruction = str(known.get("instruction") or _asked(prompt, placeholder_formats))
        given = _object(teacher_model_output)
        if given is not None and isinstance(given.get("response"), str) and given.keys() <= {"instruction", "response"}:
            return _instance(instruction, str(given["response"]))
        marker = placeholder_formats.get("test_output_trigger", "")
        found = places(teacher_model_output, marker) if marker else []
        if not found and not ends_with(prompt, marker):
            return Reject("no_markers", f"the reply must have {marker or 'a marker'} at the start of a line")
        response = teacher_model_output[found[-1][1] :] if found else teacher_model_output
        return _instance(instruction, until_stop(response, placeholder_formats.get("stop_phrase")))


class JSONParser:
    """Reads a JSON object with `instruction` and `response`; the model is held to its schema where it can be.

    Args:
        schema: What the object must be; other properties become fields of the instance.
    """

    def __init__(self, schema: JsonSchema | None = None) -> None:
        self.response_format = ResponseFormat(schema or INSTANCE_SCHEMA, "instance")

    def parse(self, prompt: str, teacher_model_output: str, placeholder_formats: PlaceholderFormats) -> Outcome:
        """The instance in a reply; by markers where it is no JSON."""
        value, problem = self.response_format.read(teacher_model_output)
        if isinstance(value, dict):
            return read_object(value)
        marked = InstanceGenerationParser().parse(prompt, teacher_model_output, placeholder_formats)
        return marked if isinstance(marked, Ok) else Reject("no_json", problem or "no JSON object")


def read_object(value: JsonObject) -> Outcome:
    """An instance from an object; what it has besides `instruction` and `response` becomes its fields."""
    instruction, response = value.get("instruction"), value.get("response")
    if not isinstance(instruction, str) or not isinstance(response, str):
        return Reject("no_fields", "the object must have `instruction` and `response`, both text")
    fields = {name: one for name, one in value.items() if name not in ("instruction", "response")}
    return _instance(instruction, response, fields)


def _instance(instruction: str, response: str, fields: JsonObject | None = None) -> Outcome:
    asked, answered = instruction.strip(), response.strip()
    if not asked or not answered:
        return Reject("empty", f"the {'instruction' if not asked else 'response'} is empty")
    return Ok(Instance(instruction=asked, response=answered, fields=fields or {}))


def _object(text: str) -> JsonObject | None:
    """The JSON object that a reply is, perhaps inside a fence; None where it is something else."""
    inner = text.strip()
    if inner.startswith("```"):
        inner = inner.partition("\n")[2].rpartition("```")[0].strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        return None
    try:
        value: JsonValue = decode(inner)
    except EncodingError:
        return None
    return value if isinstance(value, dict) and "response" in value else None


def _asked(prompt: str, formats: PlaceholderFormats) -> str:
    """The instruction in a prompt, between its last markers."""
    before, after = formats.get("test_input_trigger", ""), formats.get("test_output_trigger", "")
    found = places(prompt, before) if before else []
    text = prompt[found[-1][1] :] if found else prompt
    ends = places(text, after) if after else []
    return (text[: ends[-1][0]] if ends else text).strip()
