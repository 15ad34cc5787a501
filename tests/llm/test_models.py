"""Models by name, what they may spend, and what is kept of what they said."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from tests.support.model_endpoint import Reply, endpoint

from toolworld.ground import BudgetError, EncodingError, ModelError, task_group
from toolworld.llm import (
    Budget,
    Completion,
    Message,
    Price,
    PriceList,
    Request,
    RetryPolicy,
    ScriptedAnswer,
    ScriptedModel,
    ToolDefinition,
    Usage,
    load_prices,
    open_cache,
    open_models,
    parse_budget,
)
from toolworld.llm.spending.completion_file import open_completion_file


def saying(words: str, max_tokens: int = 100) -> Request:
    return Request((Message(role="user", content=words),), max_tokens=max_tokens)


@pytest.mark.parametrize("name", ["gpt-4", "openai:", "http://host/v1", "scripted:", "ftp://x#y", "", "http://#m"])
async def test_what_names_no_model_is_refused(name: str) -> None:
    async with open_models({"OPENAI_API_KEY": "x"}) as models:
        with pytest.raises(
            ModelError, match="names no model for the agent; write it as openai:NAME, http://HOST/v1#NAME"
        ):
            await models.get(name, "agent")


async def test_a_hosted_model_needs_its_key() -> None:
    async with open_models({}) as models:
        with pytest.raises(ModelError, match="OPENAI_API_KEY"):
            await models.get("openai:gpt-4o-mini", "agent")


@pytest.mark.parametrize("name", ["http://u:secret-word@h/v1#m", "http://h/v1?key=secret-word#m"])
async def test_an_address_with_a_key_in_it_is_refused_and_not_repeated(name: str) -> None:
    async with open_models({}) as models:
        with pytest.raises(ModelError, match="TOOLWORLD_MODEL_KEY") as caught:
            await models.get(name, "agent")
    assert "secret-word" not in str(caught.value)


async def test_the_key_for_openai_goes_to_no_other_endpoint() -> None:
    async with endpoint([Reply("x")]) as fake:
        async with open_models({"OPENAI_API_KEY": "sk-openai-key", "TOOLWORLD_MODEL_KEY": "other-key"}) as models:
            await (await models.get(f"{fake.url}#m", "agent")).complete(saying("Hello"))
    assert fake.keys == ["Bearer other-key"]


async def test_nothing_is_paid_for_twice_not_even_at_once(tmp_path: Path) -> None:
    async with endpoint(lambda _: Reply("x", delay=0.02)) as fake:
        for _ in range(2):
            async with open_models({}, cache=tmp_path / "c.sqlite") as models, task_group() as tasks:
                model = await models.get(f"{fake.url}#m", "agent")
                for _ in range(5):
                    tasks.start_soon(model.complete, saying("Hello"))
        async with open_models({}, cache=tmp_path / "c.sqlite") as models:
            model = await models.get(f"{fake.url}#m", "user")
            said = await model.complete(saying("Hello"))
            await model.complete(saying("Something else"))
            [entry] = models.ledger.entries
    assert len(fake.asked) == 2
    assert (said.text, entry.role, entry.paid.completions, entry.saved.completions) == ("x", "user", 1, 1)


@pytest.mark.parametrize("change", ["temperature", "seed", "max_tokens"])
def test_the_key_is_of_the_whole_request(change: str) -> None:
    import dataclasses

    assert dataclasses.replace(saying("a"), **{change: 7}).key("m") != saying("a").key("m")
    assert saying("a").key("m") != saying("a").key("n")
    assert saying("a").key("m") == saying("a").key("m")


async def test_a_probe_finds_who_listens_and_names_who_does_not() -> None:
    async with endpoint([Reply("x")]) as fake, open_models({}) as models:
        await models.get(f"{fake.url}#m", "agent")
        await models.probe()
        assert fake.asked == []
        await models.get("http://127.0.0.1:9/v1#m", "user")
        with pytest.raises(ModelError, match=r"^nobody listens at http://127\.0\.0\.1:9/v1: connection refused$"):
            await models.probe()


async def test_a_file_that_is_no_cache_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite").write_text("not a database, but some text that is long enough " * 30)
    with pytest.raises(ModelError, match="cannot be opened"):
        async with open_models({}, cache=tmp_path / "c.sqlite"):
            pass


async def test_a_budget_is_never_overdrawn_by_requests_at_once() -> None:
    budget = Budget(7, "completions")
    failed: list[BudgetError] = []

    async def slow(request: Request) -> Completion:
        await anyio.sleep(0.005)
        return Completion(text="x", model="m", usage=Usage(completions=1))

    class Slow(ScriptedModel):
        async def complete(self, request: Request) -> Completion:
            return await slow(request)

    async with open_models({}, budget=budget) as models, task_group() as tasks:
        model = models.metered(Slow([], name="scripted"), "agent")

        async def one(number: int) -> None:
            try:
                await model.complete(saying(str(number)))
            except BudgetError as problem:
                failed.append(problem)

        for number in range(20):
            tasks.start_soon(one, number)
    assert (budget.spent, len(failed), budget.exhausted) == (7, 13, True)


async def test_a_budget_in_tokens_keeps_the_worst_case_aside() -> None:
    model = ScriptedModel(lambda _: "hi")
    async with open_models({}, budget=Budget(150, "tokens")) as models:
        metered = models.metered(model, "agent")
        await metered.complete(saying("Hello", max_tokens=80))
        with pytest.raises(BudgetError, match="the budget of 150 tokens is spent"):
            await metered.complete(saying("Hello again", max_tokens=120))
    assert len(model.asked) == 1


async def test_money_is_counted_by_the_price(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"models": {"scripted": {"prompt": 1000000, "completion": 2000000}}}')
    prices = load_prices(tmp_path / "p.json")
    async with open_models({}, prices=prices) as models:
        await models.metered(ScriptedModel(["12345678"]), "judge").complete(saying("1234"))
        [entry] = models.ledger.entries
        assert entry.paid.cost_usd == 1 + 2 * 2


def test_a_price_that_is_listed_is_known() -> None:
    price = PriceList().price("openai:gpt-4o-mini")
    assert price is not None and 0 < price.prompt < price.completion
    assert price.of(Usage(prompt_tokens=1_000_000, cached_tokens=1_000_000)) < price.prompt
    assert PriceList().price("http://host/v1#x") is None
    assert PriceList().price("openai:no-such-model") is None
    assert Price(prompt=2, completion=8).of(Usage(prompt_tokens=500_000, completion_tokens=500_000)) == 5


async def test_a_budget_in_dollars_needs_prices() -> None:
    async with open_models({}, budget=Budget(1, "usd")) as models:
        with pytest.raises(ModelError, match=r"the price of http://127.0.0.1:9/v1#m is not known"):
            await models.get("http://127.0.0.1:9/v1#m", "agent")


@pytest.mark.parametrize(
    ("text", "limit", "unit"), [("2.50usd", 2.5, "usd"), ("$3", 3, "usd"), ("1000 tokens", 1000, "tokens")]
)
def test_a_budget_is_read(text: str, limit: float, unit: str) -> None:
    budget = parse_budget(text)
    assert (budget.limit, budget.unit) == (limit, unit)


@pytest.mark.parametrize("text", ["", "5", "-1usd", "5eur", "usd"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="is no budget; write it as"):
        parse_budget(text)


async def test_a_script_from_a_file_answers_where_it_fits(tmp_path: Path) -> None:
    lines = [
        ScriptedAnswer(when="weather", text="Sunny", again=True),
        ScriptedAnswer(when="name", text="Ada"),
        ScriptedAnswer(text="What?"),
    ]
    (tmp_path / "s.jsonl").write_bytes(b"".join(line.json_bytes() + b"\n" for line in lines))
    async with open_models({}) as models:
        model = await models.get(f"scripted:{tmp_path / 's.jsonl'}", "agent")
        asked = ["Your name?", "The weather?", "Eh", "The weather?"]
        said = [(await model.complete(saying(words))).text for words in asked]
        with pytest.raises(ModelError, match="the script of 3 answers has none left"):
            await model.complete(saying("Eh"))
    assert said == ["Ada", "Sunny", "What?", "Sunny"]


async def test_a_key_for_any_host_goes_to_one_host_only() -> None:
    async with endpoint([Reply("x")]) as fake:
        second = fake.url.replace("127.0.0.1", "localhost")
        async with open_models({"TOOLWORLD_MODEL_KEY": "one-key"}) as models:
            await (await models.get(f"{fake.url}#m", "agent")).complete(saying("Hello"))
            with pytest.raises(ModelError, match="TOOLWORLD_MODEL_KEY_LOCALHOST"):
                await models.get(f"{second}#m", "user")
        both = {"TOOLWORLD_MODEL_KEY": "one-key", "TOOLWORLD_MODEL_KEY_LOCALHOST": "own-key"}
        async with open_models(both) as models:
            await (await models.get(f"{fake.url}#m", "agent")).complete(saying("Hello"))
            await (await models.get(f"{second}#m", "user")).complete(saying("Hello"))
    assert fake.keys == ["Bearer one-key", "Bearer one-key", "Bearer own-key"]


@pytest.mark.parametrize(("trouble", "booked"), [(Reply(hangs_up=True), 1), (Reply(status=401, body={}), 0)])
async def test_an_answer_that_was_lost_is_booked_and_one_that_was_refused_is_not(trouble: Reply, booked: int) -> None:
    budget = Budget(5, "completions")
    async with endpoint([trouble]) as fake:
        async with open_models({}, budget=budget, retry_policy=RetryPolicy(seconds=2, retries=0)) as models:
            with pytest.raises(ModelError):
                await (await models.get(f"{fake.url}#m", "agent")).complete(saying("Hello"))
    assert budget.spent == booked


async def test_a_request_that_is_cancelled_on_its_way_is_booked() -> None:
    budget = Budget(5, "completions")
    async with endpoint([Reply("x", delay=1)]) as fake, open_models({}, budget=budget) as models:
        with anyio.move_on_after(0.1):
            await (await models.get(f"{fake.url}#m", "agent")).complete(saying("Hello"))
    assert budget.spent == 1


async def test_a_cache_that_is_locked_for_a_while_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    async with open_completion_file(path) as file, open_cache(file) as cache:
        cache.put("before", Completion(text="x", model="m"))
        await cache.flush()
        blocking = sqlite3.connect(path)
        blocking.execute("BEGIN IMMEDIATE")
        await file._connection.execute("PRAGMA busy_timeout = 50")  # pyright: ignore[reportPrivateUsage]
        cache.put("meanwhile", Completion(text="y", model="m"))
        await anyio.sleep(0.4)
        said = await cache.get("meanwhile")
        blocking.rollback()
        blocking.close()
    assert said is not None and said.text == "y"
    async with open_cache(path) as again:
        kept = await again.get("meanwhile")
    assert kept is not None and kept.text == "y"


def test_a_changed_copy_of_a_message_is_sent_as_it_is_now() -> None:
    message = Message(role="user", content="old")
    assert b"old" in message.encoded and b"old" in message.encoded_wire
    changed = message.model_copy(update={"content": "new"})
    assert b"new" in changed.encoded and b"new" in changed.encoded_wire


def test_requests_that_differ_in_anything_have_different_keys() -> None:
    request = Request((Message(role="user", content="hello"),), temperature=0.5)
    others = [
        replace(request, messages=(Message(role="user", content="Hello"),)),
        replace(request, tools=(ToolDefinition(name="t", description="", parameters={}),)),
        replace(request, temperature=0.25),
        replace(request, max_tokens=5),
        replace(request, seed=1),
    ]
    assert len({one.key("m") for one in [request, *others]} | {request.key("n")}) == 7
    with pytest.raises(EncodingError):
        replace(request, temperature=float("nan")).key("m")
