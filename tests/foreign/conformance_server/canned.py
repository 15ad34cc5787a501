"""Answers that are always the same: one of every kind of content that a tool, a resource or a prompt can have."""

import json

import mcp_types as types
from mcp import MCPError

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""
SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
"""A WAV of no length."""

TEXT = types.TextContent(text="This is a simple text response for testing.")
IMAGE = types.ImageContent(data=PIXEL, mime_type="image/png")
AUDIO = types.AudioContent(data=SILENCE, mime_type="audio/wav")
DOCUMENT = types.EmbeddedResource(
    resource=types.TextResourceContents(
        uri="test://embedded-resource", mime_type="text/plain", text="This is an embedded resource content."
    )
)
MIXED = types.EmbeddedResource(
    resource=types.TextResourceContents(
        uri="test://mixed-content-resource", mime_type="application/json", text='{"test": "data", "value": 123}'
    )
)

CONTENTS: dict[str, list[types.ContentBlock]] = {
    "test_simple_text": [TEXT],
    "test_image_content": [IMAGE],
    "test_audio_content": [AUDIO],
    "test_embedded_resource": [DOCUMENT],
    "test_multiple_content_types": [types.TextContent(text="Multiple content types test:"), IMAGE, MIXED],
}
"""What the tools answer that always answer the same."""

RESOURCES: dict[str, types.TextResourceContents | types.BlobResourceContents] = {
    "test://static-text": types.TextResourceContents(
        uri="test://static-text", mime_type="text/plain", text="This is the content of the static text resource."
    ),
    "test://static-binary": types.BlobResourceContents(uri="test://static-binary", mime_type="image/png", blob=PIXEL),
    "test://watched-resource": types.TextResourceContents(
        uri="test://watched-resource", mime_type="text/plain", text="This resource can be subscribed to."
    ),
}
TEMPLATE = types.ResourceTemplate(
    name="template", uri_template="test://template/{id}/data", mime_type="application/json"
)


def list_resources() -> types.ListResourcesResult:
    """List the resources."""
    listed = [
        types.Resource(name=uri.removeprefix("test://"), uri=uri, mime_type=content.mime_type)
        for uri, content in RESOURCES.items()
    ]
    return types.ListResourcesResult(resources=listed, ttl_ms=0, cache_scope="public")


def read_resource(uri: str) -> types.ReadResourceResult:
    """Read a resource, or what the template gives for an id.

    Raises:
        MCPError: there is none.
    """
    content = RESOURCES.get(uri) or _templated(uri)
    if content is None:
        raise MCPError(types.INVALID_PARAMS, "there is no such resource", {"uri": uri[:200]})
    return types.ReadResourceResult(contents=[content], ttl_ms=0, cache_scope="public")


def _templated(uri: str) -> types.TextResourceContents | None:
    before, after = "test://template/", "/data"
    name = uri.removeprefix(before).removesuffix(after)
    if f"{before}{name}{after}" != uri or "/" in name or not name:
        return None
    text = json.dumps({"id": name, "templateTest": True, "data": f"Data for ID: {name}"})
    return types.TextResourceContents(uri=uri, mime_type="application/json", text=text)


def _argument(name: str) -> types.PromptArgument:
    return types.PromptArgument(name=name, required=True)


PROMPTS = {
    prompt.name: prompt
    for prompt in (
        types.Prompt(name="test_simple_prompt", description="A prompt without arguments."),
        types.Prompt(
            name="test_prompt_with_arguments",
            description="A prompt with two arguments.",
            arguments=[_argument("arg1"), _argument("arg2")],
        ),
        types.Prompt(
            name="test_prompt_with_embedded_resource",
            description="A prompt that holds a resource.",
            arguments=[_argument("resourceUri")],
        ),
        types.Prompt(name="test_prompt_with_image", description="A prompt that holds an image."),
        types.Prompt(name="test_input_required_result_prompt", description="A prompt that asks the user first."),
    )
}


def get_prompt(name: str, arguments: dict[str, str]) -> types.GetPromptResult:
    """Fill in a prompt.

    Raises:
        MCPError: there is none of that name, or an argument is missing.
    """
    prompt = PROMPTS.get(name)
    missing = [one.name for one in (prompt.arguments or [] if prompt else []) if one.name not in arguments]
    if prompt is None or missing:
        wanted = f"prompt {name[:80]!r} needs {', '.join(missing)}" if missing else f"there is no prompt {name[:80]!r}"
        raise MCPError(types.INVALID_PARAMS, wanted)
    return prompt_of(*_parts(name, arguments))


def prompt_of(*parts: types.ContentBlock | str) -> types.GetPromptResult:
    """A prompt of one message a part."""
    blocks = [types.TextContent(text=part) if isinstance(part, str) else part for part in parts]
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=block) for block in blocks])


def _parts(name: str, arguments: dict[str, str]) -> tuple[types.ContentBlock | str, ...]:
    match name:
        case "test_prompt_with_arguments":
            return (f"Prompt with arguments: arg1='{arguments['arg1']}', arg2='{arguments['arg2']}'",)
        case "test_prompt_with_embedded_resource":
            text = "Embedded resource content for testing."
            content = types.TextResourceContents(uri=arguments["resourceUri"], mime_type="text/plain", text=text)
            return types.EmbeddedResource(resource=content), "Please process the embedded resource above."
        case "test_prompt_with_image":
            return IMAGE, "Please analyze the image above."
        case _:
            return ("This is a simple prompt for testing.",)
