"""Models behind an endpoint that really listens: forms, retries, limits, faults."""

from dataclasses import replace

import anyio
import pytest
from tests.support.model_endpoint import Payload, Reply, endpoint, refusal

from toolworld.ground import BudgetError, ModelError, task_group
from toolworld.llm import Message, Request, ResponseFormat, RetryPolicy, ToolCall, ToolDefinition, parse_budget
from toolworld.llm.providers import connection
from toolworld.llm.providers.adaptive_limit import AdaptiveLimit
from toolworld.llm.providers.connection import connect
from toolworld.llm.providers.endpoint import EndpointModel
from toolworld.llm.providers.log_probabilities import TextScorer
from toolworld.llm.spending.ledger import Ledger

HELLO = Request((Message(role="user", content="Hello"),))
FORM = ResponseFormat({"type": "object", "properties": {"size": {"enum": ["s", "m"]}}, "required": ["size"]})
SIZED = replace(HELLO, response_format=FORM)
QUICK = RetryPolicy(seconds=5, retries=2)


async def test_words_and_what_they_cost_come_back() -> None:
    async with endpoint([Reply("Good day", usage={"prompt_tokens": 7, "completion_tokens": 3})]) as fake:
        async with connect(fake.url, None, QUICK) as at:
            said = await EndpointModel("m", at, "big").complete(replace(HELLO, seed=4, temperature=0.5))
    assert said.text == "Good day"
    assert (said.usage.completions, said.usage.prompt_tokens, said.usage.completion_tokens) == (1, 7, 3)
    [asked] = fake.asked
    assert (asked["model"], asked["seed"], asked["temperature"]) == ("big", 4, 0.5)


async def test_a_form_is_told_to_the_decoder_and_checked_after() -> None:
    async with endpoint([Reply('{"size": "m"}'), Reply('{"size": "xl"}')]) as fake:
        async with connect(fake.url, None, QUICK) as at:
            model = EndpointModel("m", at, "big")
            right, wrong = await model.complete(SIZED), await model.complete(SIZED)
    assert fake.asked[0]["response_format"]["type"] == "json_schema"
    assert (right.value, right.problem, right.structure) == ({"size": "m"}, None, "schema")
    assert wrong.value is None and wrong.problem is not None and '"xl" is not one of' in wrong.problem


async def test_an_endpoint_without_schemas_is_asked_in_weaker_ways_and_that_is_remembered() -> None:
    def old(payload: Payload) -> Reply:
        kind = payload.get("response_format", {}).get("type")
        return refusal(400, "unknown response_format") if kind == "json_schema" else Reply('{"size": "s"}')

    async with endpoint(old) as fake, connect(fake.url, None, QUICK) as at:
        model = EndpointModel("m", at, "big")
        first, second = await model.complete(SIZED), await model.complete(SIZED)
    assert (first.structure, second.structure) == ("object", "object")
    assert [one.get("response_format", {}).get("type") for one in fake.asked] == [
        "json_schema",
        "json_object",
        "json_object",
    ]
    assert '"enum":["s","m"]' in fake.asked[1]["messages"][0]["content"]


async def test_a_request_that_is_refused_in_every_way_is_an_error_with_the_first_reason() -> None:
    async with endpoint(lambda _: refusal(400, "context too long")) as fake, connect(fake.url, None, QUICK) as at:
        with pytest.raises(ModelError, match="refused the request: status 400: context too long"):
            await EndpointModel("m", at, "big").complete(SIZED)


async def test_words_around_the_json_do_not_matter() -> None:
    async with endpoint([Reply('Sure:\n```json\n{"size": "m"}\n```')]) as fake:
        async with connect(fake.url, None, QUICK) as at:
            assert (await EndpointModel("m", at, "big").complete(SIZED)).value == {"size": "m"}


@pytest.mark.parametrize(
    "trouble",
    [
        refusal(429, "slow down", retry_after="0.05"),
        refusal(500),
        refusal(503, retry_after_ms="20"),
        Reply(hangs_up=True),
        Reply(delay=3),
    ],
    ids=["429", "500", "503", "hangs up", "time-out"],
)
async def test_trouble_that_passes_is_survived(trouble: Reply) -> None:
    async with endpoint([trouble, Reply("fine")]) as fake:
        async with connect(fake.url, None, RetryPolicy(seconds=0.5, retries=2)) as at:
            assert (await EndpointModel("m", at, "big").complete(HELLO)).text == "fine"
    assert len(fake.asked) == 2


@pytest.mark.parametrize("trouble", [refusal(503, "down"), Reply(hangs_up=True), Reply(delay=3)])
async def test_trouble_that_stays_is_an_error(trouble: Reply) -> None:
    async with endpoint(lambda _: trouble) as fake, connect(fake.url, None, RetryPolicy(seconds=0.2, retries=1)) as at:
        with pytest.raises(ModelError, match=r"m at http://127.0.0.1:\d+/v1 (refused|does not answer)"):
            await EndpointModel("m", at, "big").complete(HELLO)
    assert len(fake.asked) == 2


async def test_nobody_there_is_an_error() -> None:
    async with connect("http://127.0.0.1:9/v1", None, RetryPolicy(seconds=1, retries=0)) as at:
        with pytest.raises(ModelError, match="does not answer"):
            await EndpointModel("m", at, "big").complete(HELLO)


@pytest.mark.parametrize(
    "body", ["<html>", {"choices": []}, {"choices": "none"}, {}, [1], "null", {"choices": [{"message": 5}]}]
)
async def test_what_is_no_chat_completion_is_an_error(body: object) -> None:
    async with endpoint([Reply(body=body)]) as fake, connect(fake.url, None, RetryPolicy(seconds=2, retries=0)) as at:
        with pytest.raises(ModelError, match=r"something else than a chat completion|does not answer|with no choices"):
            await EndpointModel("m", at, "big").complete(HELLO)


async def test_tools_are_offered_and_several_calls_come_back() -> None:
    calls = [
        {"id": "a", "function": {"name": "look", "arguments": '{"at": 1}'}},
        {"id": "b", "function": {"name": "look", "arguments": '{"at": 2}'}},
    ]
    tool = ToolDefinition(name="look", description="Looks.", parameters={"type": "object"})
    async with endpoint([Reply(None, calls, finish="tool_calls")]) as fake, connect(fake.url, None, QUICK) as at:
        said = await EndpointModel("m", at, "big").complete(replace(HELLO, tools=(tool,)))
    assert said.tool_calls == (
        ToolCall(id="a", name="look", arguments={"at": 1}),
        ToolCall(id="b", name="look", arguments={"at": 2}),
    )
    assert fake.asked[0]["parallel_tool_calls"] is True


@pytest.mark.parametrize("arguments", ["{", "[1]", "5"])
async def test_arguments_that_are_no_object_are_a_fault(arguments: str) -> None:
    calls = [{"id": "a", "function": {"name": "look", "arguments": arguments}}]
    async with endpoint([Reply(None, calls)]) as fake, connect(fake.url, None, QUICK) as at:
        said = await EndpointModel("m", at, "big").complete(HELLO)
    assert said.tool_calls == () and "the arguments of the call of look are" in (said.problem or "")


async def test_no_more_requests_are_made_at_once_than_allowed() -> None:
    async with endpoint(lambda _: Reply("x", delay=0.02)) as fake:
        async with connect(fake.url, None, RetryPolicy(concurrency=3)) as at, task_group() as tasks:
            model = EndpointModel("m", at, "big")
            for _ in range(12):
                tasks.start_soon(model.complete, HELLO)
    assert fake.most_at_once == 3 and len(fake.asked) == 12


async def test_a_call_that_is_cancelled_gives_its_slot_back() -> None:
    async with endpoint(lambda _: Reply("x", delay=0.2)) as fake:
        async with connect(fake.url, None, RetryPolicy(concurrency=1)) as at:
            model = EndpointModel("m", at, "big")
            with anyio.move_on_after(0.05):
                await model.complete(HELLO)
            assert (await model.complete(HELLO)).text == "x"


async def test_an_answer_that_was_cut_off_says_so() -> None:
    async with endpoint([Reply('{"size": ', finish="length")]) as fake, connect(fake.url, None, QUICK) as at:
        said = await EndpointModel("m", at, "big").complete(replace(SIZED, max_tokens=9))
    assert said.problem == "it was cut off at 9 tokens; be shorter"


async def test_a_key_that_the_endpoint_repeats_never_comes_back() -> None:
    key = "sk-planted-0123456789"
    async with endpoint([Reply(f"Your key is {key}"), refusal(401, f"wrong key {key}")]) as fake:
        async with connect(fake.url, key, RetryPolicy(seconds=2, retries=0)) as at:
            model = EndpointModel("m", at, "big")
            assert (await model.complete(HELLO)).text == "Your key is [key]"
            with pytest.raises(ModelError) as caught:
                await model.complete(HELLO)
    assert fake.keys == [f"Bearer {key}"] * 2
    assert key not in str(caught.value) and "[key]" in str(caught.value)
    assert caught.value.__suppress_context__


async def test_what_an_endpoint_refuses_is_remembered_by_form_and_requests_at_once_do_not_fail() -> None:
    other = replace(
        HELLO, response_format=ResponseFormat({"type": "object", "properties": {"n": {"type": "integer"}}}, "other")
    )

    def picky(payload: Payload) -> Reply:
        form = payload.get("response_format", {})
        if form.get("type") == "json_schema" and form["json_schema"]["name"] == "answer":
            return refusal(400, "too hard")
        return Reply('{"size": "s"}' if form.get("type") == "json_object" else '{"n": 1}', delay=0.02)

    async with endpoint(picky) as fake, connect(fake.url, None, QUICK) as at:
        model = EndpointModel("m", at, "big")
        found: list[str | None] = []

        async def one(request: Request) -> None:
            found.append((await model.complete(request)).structure)

        async with task_group() as tasks:
            for request in (SIZED, other, SIZED, other, SIZED):
                tasks.start_soon(one, request)
    assert sorted(map(str, found)) == ["object", "object", "object", "schema", "schema"]


async def test_a_key_is_taken_out_of_a_complaint_before_it_is_cut() -> None:
    key = "sk-planted-0123456789"
    async with endpoint([refusal(400, "x" * 270 + key)]) as fake:
        async with connect(fake.url, key, RetryPolicy(seconds=2, retries=0)) as at:
            with pytest.raises(ModelError) as caught:
                await EndpointModel("m", at, "big").complete(HELLO)
    assert "sk-pl" not in str(caught.value)


async def test_a_connection_that_is_refused_says_so() -> None:
    async with connect("http://127.0.0.1:9/v1", None, RetryPolicy(seconds=1, retries=0)) as at:
        with pytest.raises(ModelError, match=r"does not answer: .*(refused|Connect call failed)"):
            await EndpointModel("m", at, "big").complete(HELLO)


async def test_thoughts_before_the_answer_do_not_matter() -> None:
    thinking = '<think>{"size": "xl"}? No.</think>{"size": "m"} I mean {this}.'
    async with endpoint([Reply(thinking)]) as fake, connect(fake.url, None, QUICK) as at:
        assert (await EndpointModel("m", at, "big").complete(SIZED)).value == {"size": "m"}


async def test_further_sampling_parameters_are_sent_as_they_are_and_belong_to_the_key() -> None:
    sampled = replace(HELLO, sampling=(("stop", "[END]"), ("top_p", 0.9)))
    async with endpoint([Reply("Hi")]) as fake, connect(fake.url, None, QUICK) as at:
        await EndpointModel("m", at, "big").complete(sampled)
        await EndpointModel("m", at, "big").complete(HELLO)
    assert (fake.asked[0]["stop"], fake.asked[0]["top_p"]) == ("[END]", 0.9)
    assert "stop" not in fake.asked[1]
    keys = {one.key("m") for one in (HELLO, sampled, replace(sampled, sampling=(("stop", "[END]"), ("top_p", 0.8))))}
    assert len(keys) == 3
    assert replace(HELLO, sampling=()).key("m") == HELLO.key("m")


async def test_stop_and_top_p_are_left_out_where_an_endpoint_refuses_them() -> None:
    def picky(payload: Payload) -> Reply:
        return refusal(400, "Unsupported parameter: 'stop'") if "stop" in payload else Reply("Hi")

    async with endpoint(picky) as fake, connect(fake.url, None, QUICK) as at:
        said = await EndpointModel("m", at, "big").complete(replace(HELLO, sampling=(("stop", "x"), ("top_p", 0.9))))
    assert said.text == "Hi"
    assert fake.asked[-1]["top_p"] == 0.9


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body={"choices": [{"text": "x", "logprobs": None}]}),
        Reply(body={"choices": []}),
        Reply(body={"choices": [{"logprobs": {"tokens": ["a"], "token_logprobs": [None, -1.0]}}]}),
        refusal(404, "no such route"),
        refusal(400, "echo is not supported"),
    ],
)
async def test_an_endpoint_that_tells_no_log_probabilities_is_an_error(reply: Reply) -> None:
    async with endpoint([reply]) as fake, connect(fake.url, None, QUICK) as at:
        with pytest.raises(ModelError, match="tells no log-probabilities"):
            await TextScorer("m", at, "big", "judge", Ledger()).log_probabilities("before", " text")


async def test_log_probabilities_are_those_of_the_text_alone_and_are_paid_for() -> None:
    tokens = ["<s>", "be", "fore ", "te", "xt", " on"]
    told = {"tokens": tokens, "token_logprobs": [None, -9.0, -9.0, -1.0, -2.0, -9.0]}
    usage = {"prompt_tokens": 5, "completion_tokens": 1}
    async with endpoint([Reply(body={"choices": [{"text": "x", "logprobs": told}], "usage": usage})]) as fake:
        async with connect(fake.url, None, QUICK) as at:
            ledger, budget = Ledger(), parse_budget("100tokens")
            scorer = TextScorer("m", at, "big", "judge", ledger, None, budget)
            found = await scorer.log_probabilities("before ", "text")
            across = await scorer.log_probabilities("befor", "e text")
            with pytest.raises(BudgetError):
                await scorer.log_probabilities("before", "long " * 50)
    assert found == (-1.0, -2.0)
    assert across == found  # the token that holds the e begins before the text
    assert (fake.asked[0]["prompt"], fake.asked[0]["echo"], fake.asked[0]["max_tokens"]) == ("before text", True, 1)
    [entry] = ledger.entries
    assert (entry.role, entry.paid.completions, entry.paid.prompt_tokens) == ("judge", 2, 10)


async def test_an_endpoint_that_bears_few_requests_gets_few_and_nothing_is_lost() -> None:
    """64 are wanted at a time, and it bears eight: additive increase, multiplicative decrease."""
    refused = 0

    def answer(_: Payload) -> Reply:
        nonlocal refused
        if fake.at_once > 8:
            refused += 1
            return refusal(429, "slow down", retry_after_ms="20")
        return Reply("Hi", delay=0.005)

    async with endpoint(answer) as fake, connect(fake.url, None, RetryPolicy(5, 6, 64, 0)) as at:
        model, said = EndpointModel("m", at, "big"), list[str]()

        async def ask() -> None:
            said.append((await model.complete(HELLO)).text)

        async with task_group() as tasks:
            for _ in range(400):
                tasks.start_soon(ask)
        assert said == ["Hi"] * 400
        assert at.limit.now <= 16
        assert refused < 400


async def test_an_endpoint_that_always_refuses_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FIRST_WAIT_SECONDS", 0.005)
    monkeypatch.setattr(connection, "MAX_WAIT_SECONDS", 0.02)
    async with (
        endpoint(lambda _: refusal(429, "never")) as fake,
        connect(fake.url, None, RetryPolicy(5, 2, 32, 0)) as at,
    ):
        model, failed = EndpointModel("m", at, "big"), 0

        async def ask() -> None:
            nonlocal failed
            with pytest.raises(ModelError, match="429"):
                await model.complete(HELLO)
            failed += 1

        async with task_group() as tasks:
            for _ in range(32):
                tasks.start_soon(ask)
        assert failed == 32
        assert at.limit.now == 1
        assert len(fake.asked) <= 32 * 13


async def test_a_limit_grows_again_to_what_was_wanted() -> None:
    limit = AdaptiveLimit(4)
    assert limit.lower(0)
    assert limit.now == 2
    for _ in range(25):
        limit.count_answer()
    assert limit.now == 3
    for _ in range(100):
        limit.count_answer()
    assert limit.now == 4


async def test_requests_that_are_refused_together_lower_a_limit_once() -> None:
    limit = AdaptiveLimit(64)
    for _ in range(30):
        limit.lower(0.05)
    assert limit.now == 32
    began = anyio.current_time()
    await limit.wait_while_paused()
    assert anyio.current_time() - began > 0.04
    limit.lower(0.02)
    began = anyio.current_time()
    async with task_group() as tasks:
        tasks.start_soon(limit.wait_while_paused)
        await anyio.sleep(0.01)
        limit.lower(0.1)  # those who wait already wait as long as the others
    assert anyio.current_time() - began > 0.1
    for _ in range(60):
        limit.lower(0)
    assert limit.now == 1
    assert not limit.lower(0)
