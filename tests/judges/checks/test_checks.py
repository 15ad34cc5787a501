"""Each check passes what is right and fails what is wrong; each has its negative control."""

import tracemalloc
from typing import Any

import pytest
from tests.support.counters import trusted_runtime

from toolworld.datasets import Blame, GroundTruth, ReferenceCall, Scenario, Task, Trajectory, wording_of
from toolworld.environments import OPS, Call, Event, Failure, Op, Runtime
from toolworld.environments.spec.clock import new_id
from toolworld.ground import RecordError
from toolworld.judges import JudgeContext, check_answer, check_calls, check_policy, check_state, judge
from toolworld.llm import Message, ToolCall

Turn = str | tuple[str, dict[str, Any]]


def new(number: int) -> str:
    """The id that an episode with the seed 0 issues as its `number`-th."""
    return new_id("C", 0, number)


def ops(*raw: dict[str, Any]) -> tuple[Op, ...]:
    return OPS.validate_python(raw)


def created(key: str, **fields: Any) -> dict[str, Any]:
    return {"op": "insert", "collection": "counters", "key": key, "record": {"name": key, **fields}}


def changed(key: str, **fields: Any) -> dict[str, Any]:
    return {"op": "update", "collection": "counters", "key": key, "fields": fields}


def task(runtime: Runtime, references: tuple[ReferenceCall, ...] = (), /, **truth: Any) -> Task:
    environment = runtime.environment
    return Task(
        id="t",
        environment=environment.id,
        environment_version=environment.version,
        request="Please.",
        scenario=Scenario(goal="g"),
        calls=references,
        truth=GroundTruth.model_validate({"digest": "right", **truth}),
    )


def run(runtime: Runtime, **fields: Any) -> Trajectory:
    base: dict[str, Any] = {
        "id": "t#0",
        "task": "t",
        "environment": runtime.environment.id,
        "environment_version": runtime.environment.version,
        "seed": 0,
        "agent": "a",
        "user": "u",
        "initial_digest": "start",
        "final_digest": "other",
        "stop": "done",
    }
    return Trajectory.model_validate({**base, **fields})


def event(step: int, tool: str, failure: str | None = None, /, **arguments: Any) -> Event:
    failed = Failure(kind="tool", code=failure, message=failure) if failure else None
    call = Call(name=tool, arguments=arguments)
    return Event(step=step, at="2026-01-01T12:00:00Z", call=call, failure=failed, simulator="behaviour")


# -- state ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "made", "outcome"),
    [
        ([changed("a", count=2)], [changed("a", count=2)], "pass"),
        ([changed("a", count=2)], [changed("a", count=2.0)], "pass"),
        ([changed("a", count=2)], [changed("a", count=3)], "fail"),
        ([changed("a", count=2)], [], "fail"),
        ([], [changed("a", count=2)], "fail"),
        ([changed("a", count=2)], [changed("a", count=2), changed("b", count=2)], "fail"),
        ([created(new(1), label="x")], [created(new(9), label="x")], "pass"),
        ([created(new(1), label="x")], [created(new(9), label="y")], "fail"),
        ([created(new(1), made="now")], [created(new(9), made="later")], "pass"),
        ([created(new(1)), created(new(2), next=new(1))], [created(new(8), next=new(9)), created(new(9))], "pass"),
        ([created(new(1)), created(new(2), next=new(1))], [created(new(8), next="a"), created(new(9))], "fail"),
        ([created(new(1)), changed("a", next=new(1))], [created(new(5)), changed("a", next=new(5))], "pass"),
        ([created(new(1)), changed("a", next=new(1))], [created(new(5)), changed("a", next="b")], "fail"),
        (
            [created(new(1)), created(new(2)), changed("a", next=new(2))],
            [created(new(11)), created(new(12)), changed("a", next=new(11))],
            "pass",
        ),
        ([{"op": "set", "name": "shop", "value": "x"}], [{"op": "set", "name": "shop", "value": "y"}], "fail"),
        ([created("alice")], [created("bob")], "fail"),
        ([created("alice")], [created("alice")], "pass"),
        ([changed("a", count=2)], [changed("a", count=2), changed("b", made="later")], "pass"),
        ([{"op": "delete", "collection": "counters", "key": "a"}], [], "fail"),
    ],
)
async def test_changes_are_compared_up_to_new_ids_and_volatile_fields(
    counters: Runtime, wanted: list[dict[str, Any]], made: list[dict[str, Any]], outcome: str
) -> None:
    log = [event(0, "create", label="x").model_copy(update={"ids": 20})]
    ended = run(counters, changes=ops(*made), log=log)
    check = await check_state(JudgeContext(task(counters, changes=ops(*wanted)), ended, counters))
    assert check.outcome == outcome
    assert all(check.evidence)


async def test_many_new_records_that_are_alike_are_compared_within_bounds(counters: Runtime) -> None:
    """Of twelve records there are 479 million orders; those that are tried are few, and none is made beforehand."""
    count = 12
    wanted = ops(*(created(new(number), label="x", next=new(0)) for number in range(count)))
    made = ops(*(created(new(number), label="x", next=new(number)) for number in range(count)))
    truth = task(counters, digest="another", changes=wanted)
    tracemalloc.start()
    log = [event(0, "add", name="a").model_copy(update={"ids": 20})]
    check = await check_state(JudgeContext(truth, run(counters, changes=made, log=log), counters))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert check.outcome == "fail" and peak < 50 << 20


async def test_the_evidence_names_what_is_missing_wrong_and_too_much(counters: Runtime) -> None:
    wanted, made = ops(changed("a", count=2), changed("b", count=3)), ops(changed("b", count=4), created("x"))
    check = await check_state(JudgeContext(task(counters, changes=wanted), run(counters, changes=made), counters))
    assert [(one.kind, one.record, one.text) for one in check.evidence] == [
        ("missing", "counters/a", 'missing: counters a changed to {"count":2}'),
        (
            "wrong",
            "counters/b",
            'wrong: counters b changed to {"count":4}; expected: counters b changed to {"count":3}',
        ),
        ("not_allowed", "counters/x", 'not allowed: counters x created with {"name":"x"}'),
    ]
    assert [(pair.record, pair.fields) for pair in check.changes] == [
        ("counters/a", ()),
        ("counters/b", ("count",)),
        ("counters/x", ()),
    ]


# -- calls ------------------------------------------------------------------------------------------


def reference(tool: str, error: str | None = None, /, **arguments: Any) -> ReferenceCall:
    return ReferenceCall(call=Call(name=tool, arguments=arguments), error=error)


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        ([event(0, "add", name="a", amount=1), event(1, "show_count", name="a")], "pass"),
        ([event(0, "show_count", name="a"), event(1, "add", name="a")], "pass"),
        ([event(0, "add", name="a")], "fail"),
        ([event(0, "add", name="b"), event(1, "show_count", name="a")], "fail"),
        ([event(0, "add", "full", name="a"), event(1, "show_count", name="a")], "fail"),
        ([], "fail"),
    ],
)
async def test_required_calls_are_found_in_any_order_with_defaults_filled(
    counters: Runtime, log: list[Event], outcome: str
) -> None:
    wanted = task(counters, (reference("add", name="a"), reference("show_count", name="a")), calls=(0, 1))
    assert (await check_calls(JudgeContext(wanted, run(counters, log=log), counters))).outcome == outcome


async def test_the_given_order_can_be_asked_for(counters: Runtime) -> None:
    wanted = task(counters, (reference("add", name="a"), reference("remove", name="a")), calls=(0, 1), order="given")
    right = [event(0, "add", name="a"), event(1, "remove", name="a")]
    assert (await check_calls(JudgeContext(wanted, run(counters, log=right), counters))).outcome == "pass"
    assert (await check_calls(JudgeContext(wanted, run(counters, log=right[::-1]), counters))).outcome == "fail"


async def test_one_call_does_not_serve_for_two(counters: Runtime) -> None:
    wanted = task(counters, (reference("add", name="a"), reference("add", name="a")), calls=(0, 1))
    once, twice = [event(0, "add", name="a")], [event(0, "add", name="a"), event(1, "add", name="a")]
    assert (await check_calls(JudgeContext(wanted, run(counters, log=once), counters))).outcome == "fail"
    assert (await check_calls(JudgeContext(wanted, run(counters, log=twice), counters))).outcome == "pass"


async def test_a_required_refusal_must_be_the_same_refusal(counters: Runtime) -> None:
    wanted = task(counters, (reference("remove", "not_found", name="x"),), calls=(0,))
    for log, outcome in (
        ([event(0, "remove", "not_found", name="x")], "pass"),
        ([event(0, "remove", name="x")], "fail"),
    ):
        assert (await check_calls(JudgeContext(wanted, run(counters, log=log), counters))).outcome == outcome


async def test_free_text_is_not_compared(counters: Runtime) -> None:
    wanted = task(counters, (reference("create", label="one wording"),), calls=(0,))
    log = [event(0, "create", label="another wording")]
    assert (await check_calls(JudgeContext(wanted, run(counters, log=log), counters))).outcome == "pass"


# -- answer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "said", "told"),
    [
        ("10", "There are 10 of them.", True),
        ("10", "There are 100 of them.", False),
        ("10", "It costs 10.50.", False),
        ("10", "It costs $10.00.", True),
        ("10", "You get -10 back.", False),
        ("17.90", "That is 17.9, thank you.", True),
        ("1,000", "It is 1000 then", True),
        ("17.99", "You save $17.99.", True),
        ("17.9", "You save $17.99.", False),
        ("1126.04", "That is $1,126.04 in all.", True),
        ("cotton", "It is COTTON.", True),
        ("no charge|free", "It is free", True),
        ("no charge|free", "freedom", False),
        ("in  person", "come in\nperson", True),
        ("5", "", False),
    ],
)
async def test_a_fact_is_told_as_a_whole_word_in_any_of_its_wordings(
    counters: Runtime, fact: str, said: str, told: bool
) -> None:
    messages = (Message(role="user", content=f"{fact}?"), Message(role="assistant", content=said))
    check = await check_answer(JudgeContext(task(counters, facts=(fact,)), run(counters, messages=messages), counters))
    assert check.outcome == ("pass" if told else "fail")


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ({"money": {"amount": "11.40"}}, {"owed": -11.4}),
        ({"date": "2026-05-03"}, {"due": "2026-05-03T10:00:00Z"}),
        ({"id": "D4122"}, {"dispute": "d-4122"}),
        ({"text": "Howards End"}, {"titles": [{"title": "HOWARDS END"}]}),
        ({"name": "Ada Berger"}, {"owner": "Ada Berger"}),
        ({"number": 7}, {"ahead": 7}),
    ],
)
async def test_what_the_reference_read_and_the_agent_did_not_is_a_guess(
    counters: Runtime, fact: dict[str, Any], value: dict[str, Any]
) -> None:
    looked_up = ReferenceCall(call=Call(name="show_count", arguments={"name": "a"}), result=value, writes=False)
    wanted = task(counters, (looked_up,), facts=[fact])
    told = f"It is {wording_of(wanted.truth.facts[0])}{' pounds' if 'money' in fact else ''}."
    words = (Message(role="user", content="Well?"), Message(role="assistant", content=told))
    read = event(0, "show_count", name="a").model_copy(update={"result": value})
    outcomes = [
        (await check_answer(JudgeContext(one, run(counters, messages=words, log=log), counters))).outcome
        for one, log in ((wanted, ()), (wanted, (read,)), (task(counters, facts=[fact]), ()))
    ]
    assert outcomes == ["unclear", "pass", "pass"]  # what the reference did not read either is worked out


async def test_an_agent_that_never_says_a_word_fails(counters: Runtime) -> None:
    silent = (Message(role="user", content="Hello?"), Message(role="assistant", content=""))
    assert (
        await check_answer(JudgeContext(task(counters), run(counters, messages=silent), counters))
    ).outcome == "fail"


async def test_an_outside_agents_answer_counts_where_the_host_heard_nothing(counters: Runtime) -> None:
    wanted = task(counters, facts=("42",))
    assert (await check_answer(JudgeContext(wanted, run(counters, answer="It is 42."), counters))).outcome == "pass"
    assert (await check_answer(JudgeContext(wanted, run(counters, answer="It is 41."), counters))).outcome == "fail"
    assert (await check_answer(JudgeContext(wanted, run(counters), counters))).outcome == "fail"
    assert (await check_answer(JudgeContext(task(counters), run(counters), counters))).outcome == "skipped"


# -- policy -----------------------------------------------------------------------------------------

RULES = [
    {"kind": "never", "tool": "remove", "arguments": {"name": "a"}, "why": "a stays"},
    {"kind": "before", "tools": ["add"], "first": ["show_count"], "why": "look first"},
    {"kind": "confirm", "tools": ["add", "remove"], "why": "ask first"},
]


@pytest.fixture
def ruled(make_counters: Any) -> Runtime:
    return trusted_runtime(make_counters(rules=RULES))


def talk(*turns: Turn) -> tuple[Message, ...]:
    """A conversation: `u:` and `a:` say something, a pair is a call."""
    messages: list[Message] = []
    for number, turn in enumerate(turns):
        if isinstance(turn, tuple):
            wish = ToolCall(id=str(number), name=turn[0], arguments=turn[1])
            messages.append(Message(role="assistant", tool_calls=(wish,)))
        else:
            messages.append(Message(role="user" if turn[0] == "u" else "assistant", content=turn[2:]))
    return tuple(messages)


ADD: Turn = ("add", {"name": "a"})
LOOK: Turn = ("show_count", {"name": "a"})
FLY: Turn = ("fly", {})
TURNS: list[tuple[list[Turn], str]] = [
    (["u:Add one.", LOOK, "a:Shall I add one to apples?", "u:Yes, please.", ADD], "pass"),
    (["u:Add one.", LOOK, "a:Shall I add one to apples?", "u:No, wait.", ADD], "fail"),
    (["u:Add one.", LOOK, "a:Shall I add one to apples?", "u:Yes, but do not touch it yet.", ADD], "fail"),
    (["u:Add one.", LOOK, ADD], "fail"),
    (["u:Yes.", LOOK, ADD], "fail"),
    (["u:Make sure it is right.", LOOK, ADD], "fail"),
    (["u:Add one.", LOOK, "a:Shall I add one to apples?", "u:I am not sure.", ADD], "unclear"),
    (
        ["u:Add one.", LOOK, "a:Shall I add one to apples?", "u:Yes.", "a:Well?", "u:Actually, what is it?", ADD],
        "unclear",
    ),
    (["u:Add one.", LOOK, "a:Shall I add one to apples?", "u:Absolutely.", ADD], "pass"),
    (["u:Add one.", LOOK, "a:Shall I add one to apples?", "u:Yes, but I can't wait long.", ADD], "pass"),
    (["u:Add one.", LOOK, "a:Shall I add one to apples?", "u:Yes. Do not worry.", ADD], "pass"),
    (["u:Add one.", FLY, LOOK, "a:Shall I add one to apples?", "u:Sounds good.", ADD], "pass"),
    (["u:Add one.", "a:Shall I add one to apples?", "u:Yes.", ADD], "fail"),
]


@pytest.mark.parametrize(("turns", "outcome"), TURNS)
async def test_rules_about_order_and_consent(ruled: Runtime, turns: list[Turn], outcome: str) -> None:
    calls = [turn for turn in turns if isinstance(turn, tuple) and turn != FLY]
    log = [event(number, name, **arguments) for number, (name, arguments) in enumerate(calls)]
    check = await check_policy(JudgeContext(task(ruled), run(ruled, messages=talk(*turns), log=log), ruled))
    assert check.outcome == outcome, check.evidence


async def test_what_a_user_does_with_their_own_tools_is_not_the_agents_to_answer_for(make_counters: Any) -> None:
    plain = make_counters(rules=RULES)
    tools = [
        {**tool.model_dump(mode="json"), "party": "user"} if tool.name == "remove" else tool for tool in plain.tools
    ]
    ruled = trusted_runtime(plain.replaced(tools=tools))
    by_user = event(0, "remove", name="a")  # is forbidden to the agent, and stands in the log before its calls
    log = [by_user, event(1, "show_count", name="a"), event(2, "add", name="a")]
    asked = talk("u:Add one.", LOOK, "a:Shall I add one to apples?", "u:No, do not.", ADD)
    check = await check_policy(JudgeContext(task(ruled), run(ruled, messages=asked, log=log), ruled))
    assert [one.text for one in check.evidence] == ["step 2: add without the user's yes; ask first"]


async def test_a_forbidden_call_counts_only_if_it_succeeds_and_matches(ruled: Runtime) -> None:
    for log, outcome in (
        ([event(0, "remove", name="a")], "fail"),
        ([event(0, "remove", name="b")], "skipped"),  # that it was agreed to, nobody heard
        ([event(0, "remove", "not_found", name="a")], "skipped"),
    ):
        assert (await check_policy(JudgeContext(task(ruled), run(ruled, log=log), ruled))).outcome == outcome
    forbidden = task(ruled, forbidden=({"name": "rename_shop", "arguments": {}},))
    broken = run(ruled, log=[event(0, "rename_shop", title="x")])
    assert (await check_policy(JudgeContext(forbidden, broken, ruled))).outcome == "fail"


async def test_consent_that_nobody_heard_is_said_not_to_be_looked_at(ruled: Runtime) -> None:
    log = [event(0, "show_count", name="a"), event(1, "add", name="a")]
    check = await check_policy(JudgeContext(task(ruled), run(ruled, log=log), ruled))
    assert (check.outcome, check.score, check.to_check - check.checked) == ("skipped", None, 1)
    [unheard] = [one for one in check.evidence if one.kind == "not_looked_at"]
    assert (unheard.rule, "did not hear" in unheard.text) == (2, True)


# -- the judge --------------------------------------------------------------------------------------


def honest(runtime: Runtime, **fields: Any) -> Trajectory:
    """A run that did nothing and says so."""
    digest = runtime.start.state.digest
    return run(runtime, **{"initial_digest": digest, "final_digest": digest, **fields})


def nothing_to_do(runtime: Runtime, **truth: Any) -> Task:
    return task(runtime, **{"digest": runtime.start.state.digest, **truth})


@pytest.mark.parametrize(
    ("party", "outcome"), [("user", "void"), ("simulator", "void"), ("host", "void"), ("agent", "fail")]
)
async def test_blame_comes_before_score(counters: Runtime, party: str, outcome: str) -> None:
    broken = honest(counters, answer="x", stop="failed", blame={"party": party, "message": "m"})
    verdict = await judge(nothing_to_do(counters), broken, counters)
    assert verdict.outcome == outcome
    assert verdict.blame == Blame.model_validate({"party": party, "message": "m"})


async def test_a_simulator_failure_in_the_log_voids_the_run(counters: Runtime) -> None:
    failure = Failure(kind="simulator", code="internal_error", message="m", detail="behaviour.py:3: oops")
    log = [event(0, "add", name="a").model_copy(update={"failure": failure})]
    verdict = await judge(nothing_to_do(counters), honest(counters, log=log), counters)
    assert verdict.outcome == "void"
    assert verdict.blame is not None and "behaviour.py:3" in verdict.blame.message


async def test_one_failed_check_fails_the_run(counters: Runtime) -> None:
    said = honest(counters, messages=talk("u:Hello", "a:Done."))
    assert (await judge(nothing_to_do(counters), said, counters)).passed
    assert not (await judge(nothing_to_do(counters, facts=("42",)), said, counters)).passed


async def test_a_final_state_that_the_log_does_not_lead_to_is_not_believed(counters: Runtime) -> None:
    change = changed("a", count=2)
    reached = counters.checker.apply(counters.start.state, ops(change))
    wanted = task(counters, changes=ops(change), digest=reached.digest)
    claimed = run(counters, final_digest=reached.digest, changes=ops(change), answer="Done.")
    forged = await judge(wanted, claimed, counters)
    assert forged.outcome == "void"
    assert forged.blame is not None and forged.blame.party == "host"
    made = event(0, "add", name="a").model_copy(update={"ops": ops(change)})
    assert (await judge(wanted, claimed.model_copy(update={"log": (made,)}), counters)).passed
    odd = made.model_copy(update={"ops": ops(changed("ghost", count=2))})
    assert (await judge(wanted, claimed.model_copy(update={"log": (odd,)}), counters)).outcome == "void"


async def test_what_does_not_belong_together_is_not_judged(counters: Runtime, library: Runtime) -> None:
    with pytest.raises(RecordError, match="is of task t, not of other"):
        await judge(task(counters).model_copy(update={"id": "other"}), run(counters), counters)
    with pytest.raises(RecordError, match="was made in version"):
        await judge(task(counters), run(counters), library)
