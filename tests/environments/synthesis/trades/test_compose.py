"""Environments composed of trades: every trade makes a sound one, and the same seed makes the same bytes."""

import subprocess
import sys

import pytest

from toolworld.environments import (
    Call,
    Environment,
    Insert,
    Runtime,
    SimulationPlan,
    audit,
    audit_by_calls,
    compose_environment,
    compose_environments,
    default_fields,
    fitting_trades,
    near_duplicates,
    text_of_environment,
    trades,
)
from toolworld.environments.synthesis.trades.trade import departments, entity_of
from toolworld.ground import JsonValue, SpecError

TRADES = {one.name: one for one in trades()}
DEPARTMENTS = {one.name: one for one in departments()}


def test_there_are_forty_trades_and_a_hundred_fields() -> None:
    assert len(TRADES) >= 40
    assert len(set(default_fields())) == 100
    assert sum(fitting_trades(one).is_known for one in default_fields()) >= 85


@pytest.mark.parametrize("name", TRADES)
def test_each_trade_makes_an_environment_in_which_every_tool_has_a_program_and_every_error_a_check(name: str) -> None:
    made = compose_environment(TRADES[name], name, 0)
    assert [one for one in audit(made, types=False) if one.severity == "error"] == []
    inferred = [one.inferred for one in made.tools if one.inferred is not None]
    assert len(inferred) == len(made.tools) >= 10
    assert [one for one in inferred if one.reach == "none" or one.unread] == []
    assert all(len(rows) >= 3 for rows in made.initial_state.collections.values())


@pytest.mark.parametrize("name", DEPARTMENTS)
def test_each_department_has_a_program_for_every_tool_and_a_check_for_every_error(name: str) -> None:
    department = DEPARTMENTS[name]
    trade = next(one for one in TRADES.values() if not department.domains or one.domain in department.domains)
    entities = department.serving(trade.entities[0])
    made = compose_environment(trade.model_copy(update={"entities": (*trade.entities, *entities)}), name, 0)
    assert {one.many for one in entities} <= made.initial_state.collections.keys()
    assert not [one for one in made.initial_state.collections if one[-1].isdigit()]  # no second collection of a kind
    assert not [one for one in made.tools if one.inferred is None or one.inferred.reach == "none"]
    assert not [one.name for one in made.tools if one.inferred is not None and one.inferred.unread]


def test_departments_are_of_domains_that_there_are() -> None:
    domains = {one.domain for one in TRADES.values()}
    assert len(DEPARTMENTS) >= 30
    assert [one for department in DEPARTMENTS.values() for one in department.domains if one not in domains] == []


@pytest.mark.parametrize("name", ["dental practice", "online shop", "farm cooperative", "kindergarten"])
async def test_the_tools_of_a_trade_hold_when_they_are_called(name: str) -> None:
    made = compose_environment(TRADES[name], name, 0)
    reports = await audit_by_calls(Runtime(made, simulation=SimulationPlan(trusted=True)))
    assert [one for report in reports for one in report.evidence] == []


async def test_an_appointment_is_booked_refused_and_cancelled_as_its_errors_say() -> None:
    made = compose_environment(TRADES["dental practice"], "dental practice", 0)
    runtime = Runtime(made, simulation=SimulationPlan(trusted=True))
    patients = [str(one["patient_id"]) for one in made.initial_state.collections["patients"]]
    rows = made.initial_state.collections["appointments"]
    free = next(one for one in patients if all(row["patient_id"] != one for row in rows))
    given: dict[str, JsonValue] = {
        "patient_id": free,
        "dentist_id": made.initial_state.collections["dentists"][0]["dentist_id"],
        "treatment_id": made.initial_state.collections["treatments"][0]["treatment_id"],
        "date": "2026-05-04",
    }
    snapshot = runtime.start

    async def answer(tool: str, **arguments: JsonValue) -> tuple[str, object]:
        nonlocal snapshot
        event, snapshot = await runtime.step(snapshot, Call(name=tool, arguments=arguments))
        return event.failure.code if event.failure else "", event.result

    assert (await answer("book_appointment", **{**given, "patient_id": "nobody"}))[0] == "patient_not_found"
    assert (await answer("book_appointment", **{**given, "date": "2025-05-04"}))[0] == "date_in_the_past"
    assert (await answer("book_appointment", **given))[0] == ""
    key, booked = list(snapshot.state.rows("appointments"))[-1]
    assert (booked["status"], booked["patient_id"]) == ("booked", free)
    assert (await answer("cancel_appointment", appointment_id=key))[0] == ""
    assert (await answer("cancel_appointment", appointment_id=key))[0] == "appointment_not_booked"
    for _ in range(4):
        assert (await answer("book_appointment", **given))[0] == ""
    assert (await answer("book_appointment", **given))[0] == "too_many_appointments"


@pytest.mark.parametrize("name", TRADES)
async def test_what_is_made_begins_as_its_trade_says_and_every_step_leads_to_its_status(name: str) -> None:
    trade = TRADES[name]
    runtime = Runtime(compose_environment(trade, name, 0), simulation=SimulationPlan(trusted=True))
    seen = 0
    for entity in (one for one in trade.entities if one.maker is not None):
        rows = dict(runtime.start.state.rows(entity.many))
        maker = runtime.tool(f"{entity.maker}_{entity.name}")
        for record in rows.values():
            days = {"start_date": "2026-05-04", "end_date": "2026-05-09"}
            given = {one: value for one, value in record.items() if one in maker.parameters}
            given |= {one: days.get(one, "2026-05-06") for one in given if one.endswith("date") and one != "birth_date"}
            event, _ = await runtime.step(runtime.start, Call(name=maker.name, arguments=given))
            if event.failure is None:
                [made] = [one for one in event.ops if isinstance(one, Insert)]
                assert (made.collection, made.record["status"]) == (entity.many, entity.first), maker.name
                seen += 1
                break
        for step in entity.steps:
            key = next((key for key, one in rows.items() if one["status"] == step.start), None)
            call = Call(name=f"{step.verb}_{entity.name}", arguments={entity.key: key})
            event, after = await runtime.step(runtime.start, call)
            if key is not None:
                changed = after.state.get(entity.many, key) or {}
                assert ([op.op for op in event.ops], changed["status"]) == (["update"], step.status), call.name
                seen += 1
    assert seen >= 3


def test_what_ends_ends_after_it_starts_and_the_tools_see_to_it() -> None:
    made = compose_environment(TRADES["car rental"], "car rental", 0)
    rows = made.initial_state.collections["rentals"]
    assert all(str(one["start_date"]) < str(one["end_date"]) for one in rows)
    maker = next(one for one in made.tools if one.name == "reserve_rental")
    assert "end_before_start" in {one.code for one in maker.errors}


def test_environments_of_one_field_are_variants_with_records_of_their_own() -> None:
    made = list(compose_environments("dental practice", 6))
    assert len({one.id for one in made}) == 6
    assert len({one.initial_state.json_bytes() for one in made}) == 6
    assert len({tuple(tool.name for tool in one.tools) for one in made}) > 1


def test_the_default_fields_make_environments_of_which_hardly_any_are_near_copies() -> None:
    texts = [text_of_environment(made) for field in default_fields()[::2] for made in compose_environments(field, 2)]
    assert len(near_duplicates(texts, 0.92)) <= 2
    assert len(near_duplicates([*texts[:5], texts[3]], 0.92)) == 1


def test_ids_of_different_kinds_of_records_begin_differently() -> None:
    made = compose_environment(TRADES["language school"], "language learning", 0)
    keys = [str(next(iter(row.values()))) for rows in made.initial_state.collections.values() for row in rows]
    assert len(set(keys)) == len(keys)


def test_what_is_owed_is_so_many_times_the_price_and_prices_lie_where_the_trade_says() -> None:
    made = compose_environment(TRADES["bookshop"], "bookselling", 0).initial_state.collections
    prices = {str(one["book_id"]): one["price"] for one in made["books"]}
    assert all(isinstance(one, int | float) and 8 <= one <= 38 for one in prices.values())
    assert made["orders"]
    for one in made["orders"]:
        price, quantity = prices[str(one["book_id"])], one["quantity"]
        assert isinstance(price, int | float) and isinstance(quantity, int)
        assert one["amount"] == round(price * quantity, 2)


def test_fields_of_different_trades_make_environments_that_are_no_duplicates() -> None:
    texts = [text_of_environment(next(compose_environments(one, 1))) for one in ("pharmacies", "ferries", "plumbing")]
    assert near_duplicates(texts, 0.5) == []


def test_another_seed_makes_other_records() -> None:
    first, second = (next(compose_environments("bookselling", 1, seed=one)) for one in (1, 2))
    assert first.initial_state != second.initial_state


def test_two_processes_compose_the_same_bytes() -> None:
    program = (
        "from toolworld.environments import compose_environments\n"
        "for one in compose_environments('hairdressing', 3, seed=4):\n    print(one.model_dump_json())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert b"salon" in next(iter(said))


@pytest.mark.parametrize(
    ("field", "trade"),
    [
        ("dental practice", "dental practice"),
        ("Hairdressing", "hair salon"),
        ("flight booking", "airline desk"),
        ("a bank's loans", "credit union"),
        ("bank", "credit union"),
        ("food banks", "food aid"),
        ("tenants and landlords", "property management"),
        ("pet care", "veterinary practice"),
        ("care for the elderly", "care home"),
        ("banking", "credit union"),
    ],
)
def test_a_field_finds_its_trade(field: str, trade: str) -> None:
    assert fitting_trades(field).trades[0].name == trade


@pytest.mark.parametrize("field", ["driving schools", "film production", "office supplies", "banana plantation"])
def test_a_field_is_not_taken_for_what_only_sounds_like_it(field: str) -> None:
    assert not fitting_trades(field).is_known


def test_a_field_of_which_no_trade_has_a_word_says_so() -> None:
    found = fitting_trades("xylophones")
    assert (found.is_known, len(found.trades)) == (False, len(TRADES))
    made: list[Environment] = list(compose_environments("xylophones", 2))
    assert [one.domain for one in made] == ["xylophones", "xylophones"]


@pytest.mark.parametrize(
    "line", ["patient", "patient name", "visit = date : book", "visit = date : book : booked > cancel"]
)
def test_a_malformed_entity_is_refused(line: str) -> None:
    with pytest.raises(SpecError):
        entity_of(line)


async def test_records_go_from_status_to_status_in_their_order() -> None:
    runtime = Runtime(compose_environment(TRADES["bookshop"], "bookshop", 0), simulation=SimulationPlan(trusted=True))
    snapshot = runtime.start
    key = next(key for key, one in snapshot.state.rows("orders") if one["status"] == "placed")
    outcomes: list[str] = []
    for tool in ("deliver_order", "ship_order", "deliver_order", "cancel_order"):
        event, snapshot = await runtime.step(snapshot, Call(name=tool, arguments={"order_id": key}))
        outcomes.append(event.failure.code if event.failure else "")
    assert outcomes == ["order_not_shipped", "", "", "order_not_placed"]
