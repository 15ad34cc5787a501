"""Endpoints as they are: one that thinks, strict ones, sloppy ones and hostile ones."""

import gzip
import json
import resource
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import pytest
from tests.support.model_endpoint import FakeEndpoint, Payload, Reply, endpoint, refusal

from toolworld.ground import ModelError
from toolworld.llm import (
    Completion,
    Message,
    Request,
    ResponseFormat,
    RetryPolicy,
    ToolCall,
    ToolDefinition,
    ask,
)
from toolworld.llm.providers import received
from toolworld.llm.providers.connection import connect
from toolworld.llm.providers.endpoint import EndpointModel

HELLO = Request((Message(role="user", content="Hello"),), seed=1)
TOOL = ToolDefinition(name="look", description="Looks.", parameters={"type": "object", "properties": {}})
CALLING = replace(HELLO, tools=(TOOL,))
FORM = ResponseFormat({"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"]})
QUICK = RetryPolicy(seconds=2, retries=1)


@asynccontextmanager
async def model_at(
    answer: Callable[[Payload], Reply] | list[Reply],
    policy: RetryPolicy = QUICK,
    key: str | None = None,
    **options: Any,
) -> AsyncGenerator[tuple[EndpointModel, FakeEndpoint]]:
    async with endpoint(answer) as fake, connect(fake.url, key, policy) as at:
        yield EndpointModel("m", at, "big", **options), fake


def refusing(*names: str) -> Callable[[Payload], Reply]:
    """An endpoint that refuses parameters, one at a time, in the words of hosted ones."""

    def answer(payload: Payload) -> Reply:
        for name in names:
            if name in payload:
                return refusal(400, f"Unsupported parameter: '{name}' is not supported with this model.")
        return Reply("Good day")

    return answer


@pytest.mark.parametrize("names", [["parallel_tool_calls"], ["temperature"], ["seed"], ["seed", "temperature"]])
async def test_a_parameter_that_is_refused_is_left_out_and_that_remembered(names: list[str]) -> None:
    async with model_at(refusing(*names)) as (model, fake):
        for _ in range(2):
            assert (await model.complete(CALLING)).text == "Good day"
    assert len(fake.asked) == len(names) + 2
    assert not set(names) & set(fake.asked[-1])


@pytest.mark.parametrize(
    ("refused", "used"), [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")]
)
async def test_a_limit_by_the_other_name_is_found(refused: str, used: str) -> None:
    said = f"Unsupported parameter: '{refused}' is not supported with this model. Use '{used}' instead."

    def answer(payload: Payload) -> Reply:
        return refusal(400, said) if refused in payload else Reply("Good day")

    dialect: Any = "strict" if refused == "max_completion_tokens" else "schema"
    async with model_at(answer, dialect=dialect) as (model, fake):
        assert (await model.complete(HELLO)).text == "Good day"
    assert fake.asked[-1][used] == HELLO.max_tokens


async def test_a_parameter_that_the_error_names_in_a_field_of_its_own_is_left_out() -> None:
    def answer(payload: Payload) -> Reply:
        error = {"message": "unsupported value", "param": "temperature", "code": "unsupported_value"}
        return Reply(status=400, body={"error": error}) if "temperature" in payload else Reply("Good day")

    async with model_at(answer) as (model, _):
        assert (await model.complete(HELLO)).text == "Good day"


@pytest.mark.parametrize(
    "complaint",
    [
        "the context is too long",
        "'max_tokens' or 'max_completion_tokens' is too large: 4000",
        "Invalid schema for function 'set_thermostat': 'temperature' must have a type",
    ],
)
async def test_a_refusal_of_something_else_is_still_an_error(complaint: str) -> None:
    async with model_at(lambda _: refusal(400, complaint)) as (model, fake):
        with pytest.raises(ModelError, match=complaint[:20]):
            await model.complete(HELLO)
    assert len(fake.asked) == 1


async def test_a_request_is_never_sent_without_any_limit() -> None:
    async with model_at(refusing("max_tokens", "max_completion_tokens")) as (model, fake):
        with pytest.raises(ModelError, match="max_completion_tokens"):
            await model.complete(HELLO)
    assert all({"max_tokens", "max_completion_tokens"} & set(payload) for payload in fake.asked)


async def test_what_a_model_thought_goes_back_to_it_and_to_no_other() -> None:
    def answer(payload: Payload) -> Reply:
        spoken = [message for message in payload["messages"] if message["role"] == "assistant"]
        if any("reasoning_content" not in message for message in spoken):
            return refusal(400, "Missing `reasoning_content` field in the assistant message")
        return Reply("Good day", more={"reasoning_content": "They greet me."})

    async with model_at(answer) as (model, fake):
        said = await model.complete(HELLO)
        assert said.reasoning is not None and said.reasoning.text == "They greet me."
        history = (*HELLO.messages, Message(role="assistant", content=said.text, reasoning=said.reasoning))
        assert (await model.complete(replace(HELLO, messages=history))).text == "Good day"
        other = said.reasoning.model_copy(update={"model": "another"})
        with pytest.raises(ModelError, match="refused"):
            await model.complete(
                replace(HELLO, messages=(history[0], history[1].model_copy(update={"reasoning": other})))
            )
    assert fake.asked[1]["messages"][1]["reasoning_content"] == "They greet me."
    assert "They greet me." not in json.dumps(fake.asked[2])


async def test_an_endpoint_that_will_not_have_thoughts_back_gets_none() -> None:
    def answer(payload: Payload) -> Reply:
        if any("reasoning_content" in message for message in payload["messages"]):
            return refusal(400, "reasoning_content is not allowed in the input")
        return Reply("Good day", more={"reasoning_content": "Hm."})

    async with model_at(answer) as (model, fake):
        said = await model.complete(HELLO)
        history = (*HELLO.messages, Message(role="assistant", content=said.text, reasoning=said.reasoning))
        for _ in range(2):
            assert (await model.complete(replace(HELLO, messages=history))).text == "Good day"
    assert len(fake.asked) == 4


def thinking(needed: int) -> Callable[[Payload], Reply]:
    def answer(payload: Payload) -> Reply:
        enough = payload["max_tokens"] >= needed
        return Reply("Good day") if enough else Reply("", finish="length", more={"reasoning_content": "Well, ..."})

    return answer


async def test_a_model_that_thinks_to_its_limit_gets_a_larger_one_once() -> None:
    async with model_at(thinking(4 * HELLO.max_tokens)) as (model, fake):
        asked = await ask(model, HELLO, lambda _: None)
    assert (asked.completion.text, asked.usage.completions, asked.rejected) == ("Good day", 2, ())
    assert [payload["max_tokens"] for payload in fake.asked] == [1024, 4096]
    async with model_at(thinking(10**9)) as (model, fake):
        with pytest.raises(ModelError, match=r"m was cut off at 4096 tokens before it said anything.*--max-tokens"):
            await ask(model, HELLO, lambda _: None)
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "Good "}, {"type": "text", "text": "day"}], "Good day"),
        ([{"type": "thinking", "thinking": "?"}, {"type": "text", "text": "Good day"}, "x"], "Good day"),
        ([], ""),
        (None, ""),
    ],
)
async def test_content_in_parts_is_joined(content: Any, text: str) -> None:
    async with model_at([Reply(more={"content": content})]) as (model, _):
        assert (await model.complete(HELLO)).text == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('maybe {"done": true}\n</think>\n{"done": false}', {"done": False}),
        ('<think>{"done": true}</think>{"done": false}', {"done": False}),
        ('<think>a</think> {"done": true}</think> so: {"done": false} ok', {"done": False}),
        ('{"done": true}</think>', {"done": True}),
    ],
)
async def test_an_answer_stands_after_the_thoughts(text: str, value: Any) -> None:
    async with model_at([Reply(text)]) as (model, _):
        assert (await model.complete(replace(HELLO, response_format=FORM))).value == value


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        (" \n", {}),
        ("", {}),
        ("null", {}),
        (None, {}),
        ({"a": 1}, {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('{"a": 1}', {"a": 1}),
    ],
)
async def test_arguments_are_taken_as_endpoints_write_them(arguments: Any, read: Any) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": arguments}}
    async with model_at([Reply(None, tool_calls=[call])]) as (model, _):
        said = await model.complete(CALLING)
    assert said.tool_calls == (ToolCall(id="c", name="look", arguments=read),)


@pytest.mark.parametrize("arguments", ["[1]", "5", '"x"', "{", [1], "[" * 5_000, '{"a":' * 300 + "1" + "}" * 300])
async def test_arguments_that_cannot_be_used_are_named(arguments: Any) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": arguments}}
    async with model_at([Reply(None, tool_calls=[call])]) as (model, _):
        said = await model.complete(CALLING)
    assert said.tool_calls == () and said.problem is not None and "the arguments of the call of look" in said.problem


@pytest.mark.parametrize(
    ("body", "tries", "said"),
    [
        ({"error": {"message": "slow down", "code": 429}}, 2, "with an error: slow down"),
        ({"error": {"message": "broken", "code": "503"}}, 2, "with an error: broken"),
        ({"error": {"message": "no such model", "code": 404}}, 1, "with an error: no such model"),
        ({"error": "out of credit"}, 1, "with an error: out of credit"),
        ({"choices": None}, 2, "with no choices"),
        ({"choices": []}, 2, "with no choices"),
        ({}, 2, "with no choices"),
    ],
)
async def test_an_error_with_status_200_is_quoted_and_asked_again_where_that_may_help(
    body: Any, tries: int, said: str
) -> None:
    async with model_at([Reply(body=body)]) as (model, fake):
        with pytest.raises(ModelError, match=f"answered {said}"):
            await model.complete(HELLO)
    assert len(fake.asked) == tries
    async with model_at([Reply(body=body), Reply("Good day")]) as (model, _):
        if tries == 2:
            assert (await model.complete(HELLO)).text == "Good day"


HOSTILE: dict[str, Reply] = {
    "invalid UTF-8": Reply(raw=b'{"choices": [{"message": {"content": "\xff\xfe"}}]}'),
    "nested too deep": Reply(raw=b'{"choices": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
    "no JSON": Reply(raw=b"<html>"),
    "nothing": Reply(raw=b""),
    "endless": Reply(raw=b" " * (1 << 20), repeats=10_000),
    "compressed": Reply(raw=gzip.compress(b" " * (50 << 20)), headers={"Content-Encoding": "gzip"}),
    "trickling": Reply(raw=b" " * 100, seconds_between=0.3),
    "a strange status": Reply(status=299, raw=b""),
    "no content": Reply(status=204, raw=b""),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_answer_is_the_models_error_bounded_in_bytes_and_time(name: str) -> None:
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    async with model_at([HOSTILE[name]], RetryPolicy(seconds=1, retries=1)) as (model, _):
        with pytest.raises(ModelError, match="m at http://127"):
            await model.complete(HELLO)
    assert time.monotonic() - began < 12
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown < 200_000  # KiB


@pytest.mark.parametrize("text", ['{"b" ' * 150_000, "[" * 50_000, '{"a":' * 50_000, "{" * 500_000])
async def test_a_hostile_form_is_read_in_bounded_time(text: str) -> None:
    async with model_at([Reply(text)]) as (model, _):
        began = time.process_time()
        said = await model.complete(replace(HELLO, response_format=FORM))
        assert time.process_time() - began < 2
    assert said.value is None and said.problem is not None


async def test_a_key_that_no_header_can_hold_is_refused() -> None:
    with pytest.raises(ModelError, match=r"the key for .* has characters that a header cannot hold"):
        async with connect("http://127.0.0.1:1/v1", "schlüssel", QUICK):
            pass


async def test_no_private_header_goes_to_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Private: secret\nAuthorization: Bearer secret")
    async with model_at([Reply("Good day")], key="mine-12345") as (model, fake):
        await model.complete(HELLO)
    assert "secret" not in str(fake.headers)
    sent = {"host", "authorization", "content-type", "content-length", "accept", "accept-encoding"}
    assert fake.headers[0].keys() == sent
    assert fake.headers[0]["authorization"] == "Bearer mine-12345"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_prompt_follows_no_redirect(status: int) -> None:
    async with endpoint([Reply("caught")]) as other:
        moved = Reply(status=status, raw=b"", headers={"Location": f"{other.url}/chat/completions"})
        async with model_at([moved]) as (model, _):
            with pytest.raises(ModelError, match=f"status {status}"):
                await model.complete(HELLO)
    assert other.asked == []


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -1000, "completion_tokens": -1000},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 10**12, "completion_tokens": 10**12},
        {"prompt_tokens": "many", "completion_tokens": None},
        {"prompt_tokens": True, "completion_tokens": 1.5},
        None,
        {},
    ],
)
async def test_usage_is_believed_only_within_reason(usage: Any) -> None:
    async with model_at([Reply("Good day " * 30, usage=usage)]) as (model, fake):
        said: Completion = await model.complete(HELLO)
    sent = len(json.dumps(fake.asked[0]))
    assert 0 < said.usage.prompt_tokens <= sent + received.TEMPLATE_TOKENS
    assert 0 < said.usage.completion_tokens <= HELLO.max_tokens


async def test_waiting_for_a_better_answer_can_be_cancelled() -> None:
    async with model_at([Reply(body={})], RetryPolicy(seconds=5, retries=6)) as (model, _):
        with anyio.move_on_after(0.2) as scope:
            await model.complete(HELLO)
        assert scope.cancelled_caught


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(status=503, headers={"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}),
        Reply(status=429, headers={"Retry-After": "1e999"}),
        Reply(status=503, raw=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["a date beyond all", "an infinite wait", "compressed"],
)
async def test_odd_refusals_are_tried_again_too(trouble: Reply) -> None:
    async with model_at([trouble, Reply("Good day")], RetryPolicy(seconds=5, retries=1)) as (model, _):
        assert (await model.complete(HELLO)).text == "Good day"


async def test_an_error_code_of_many_digits_is_quoted() -> None:
    async with model_at([Reply(body={"error": {"code": "9" * 5000}})], RetryPolicy(seconds=5, retries=0)) as (model, _):
        with pytest.raises(ModelError, match="with an error"):
            await model.complete(HELLO)
