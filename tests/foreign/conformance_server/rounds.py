"""Answers that take several rounds: the server says what it needs from the client, and is asked again with it.

Of the modern era (SEP-2322). What the server has to remember travels with the client as
`request_state`, which the SDK's boundary seals.
"""

from typing import Any

import mcp_types as types
from mcp import MCPError
from tests.foreign.conformance_server.canned import prompt_of

Responses = dict[str, Any]


def ask_user(message: str, field: str, kind: str = "string") -> types.ElicitRequest:
    """Ask the user for one field."""
    wanted = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    params = types.ElicitRequestFormParams(message=message, requested_schema=wanted)
    return types.ElicitRequest(params=params)


def ask_model(text: str, most: int) -> types.CreateMessageRequest:
    """Ask the client's model."""
    said = types.SamplingMessage(role="user", content=types.TextContent(text=text))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[said], max_tokens=most))


ASK_ROOTS = types.ListRootsRequest()


def answer_in_rounds(
    name: str, responses: Responses, state: str | None, capabilities: types.ClientCapabilities | None
) -> types.CallToolResult | types.InputRequiredResult | None:
    """Answer a tool that takes several rounds; None for a tool that does not."""
    match name:
        case "test_input_required_result_elicitation" | "test_streaming_elicitation":
            given = accepted(responses, "user_name")
            if given is None:
                return need(user_name=ask_user("What is your name?", "name"))
            return _said(f"Hello, {given.get('name')}!")
        case "test_input_required_result_sampling":
            if "capital_question" in responses:
                return _said(_text_of(responses["capital_question"]))
            return need(capital_question=ask_model("What is the capital of France?", 100))
        case "test_input_required_result_list_roots":
            if "client_roots" in responses:
                return _said(f"roots: {_roots_of(responses['client_roots'])}")
            return need(client_roots=ASK_ROOTS)
        case "test_input_required_result_request_state" | "test_input_required_result_tampered_state":
            if state is None or not accepted(responses, "confirm"):
                return need("asked", confirm=ask_user("Please confirm", "ok", "boolean"))
            return _said("state-ok")
        case "test_input_required_result_multiple_inputs":
            return _several(responses, state)
        case "test_input_required_result_multi_round":
            return _two_steps(responses, state)
        case "test_input_required_result_capabilities":
            return _what_the_client_can(responses, capabilities)
        case _:
            return None


def prompt_in_rounds(responses: Responses) -> types.GetPromptResult | types.InputRequiredResult:
    """Answer the prompt that asks the user first."""
    given = accepted(responses, "user_context")
    if given is None:
        return need(user_context=ask_user("What context should the prompt use?", "context"))
    return prompt_of(f"Use this context: {given.get('context')}")


def need(state: str | None = None, /, **requests: types.InputRequest) -> types.InputRequiredResult:
    """Say what the client has to bring."""
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def accepted(responses: Responses, key: str) -> dict[str, Any] | None:
    """What the user filled in, or None if they did not."""
    response = responses.get(key)
    return response.content if isinstance(response, types.ElicitResult) and response.action == "accept" else None


def _several(responses: Responses, state: str | None) -> types.CallToolResult | types.InputRequiredResult:
    wanted: dict[str, types.InputRequest] = {
        "user_name": ask_user("What is your name?", "name"),
        "greeting": ask_model("Generate a greeting", 50),
        "client_roots": ASK_ROOTS,
    }
    if state is None or wanted.keys() - responses.keys():
        return need("asked", **wanted)
    return _said(f"{_text_of(responses['greeting'])} ({_roots_of(responses['client_roots'])})")


def _two_steps(responses: Responses, state: str | None) -> types.CallToolResult | types.InputRequiredResult:
    name, colour = accepted(responses, "step1"), accepted(responses, "step2")
    if state is not None and state.startswith("second:") and colour is not None:
        return _said(f"{state.removeprefix('second:')} likes {colour.get('color')}.")
    if state == "first" and name is not None:
        return need(f"second:{name.get('name')}", step2=ask_user("Step 2: What is your favorite color?", "color"))
    return need("first", step1=ask_user("Step 1: What is your name?", "name"))


def _what_the_client_can(
    responses: Responses, capabilities: types.ClientCapabilities | None
) -> types.CallToolResult | types.InputRequiredResult:
    requests: dict[str, types.InputRequest] = {}
    if capabilities is not None and capabilities.sampling is not None:
        requests["greeting"] = ask_model("Generate a greeting", 50)
    if capabilities is not None and capabilities.elicitation is not None:
        requests["user_name"] = ask_user("What is your name?", "name")
    if not requests:
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "this tool needs sampling", _needs_sampling())
    return _said("thank you") if requests.keys() <= responses.keys() else need(**requests)


def require_sampling(capabilities: types.ClientCapabilities | None) -> None:
    """Refuse a client that has not declared sampling.

    Raises:
        MCPError: it has not.
    """
    if capabilities is None or capabilities.sampling is None:
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "this tool needs sampling", _needs_sampling())


def _needs_sampling() -> dict[str, Any]:
    return {"requiredCapabilities": {"sampling": {}}}


def _said(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)])


def _text_of(response: Any) -> str:
    content = response.content if isinstance(response, types.CreateMessageResult) else None
    return content.text if isinstance(content, types.TextContent) else "the model said nothing"


def _roots_of(response: Any) -> str:
    roots = response.roots if isinstance(response, types.ListRootsResult) else []
    return ", ".join(str(root.uri) for root in roots) or "none"
