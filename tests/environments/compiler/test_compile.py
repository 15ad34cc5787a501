"""Compiled environments: tools that act on one state, data that agree, programs that run anywhere, and what is left."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.order_documents import shop_document

from toolworld.environments import (
    Call,
    CheckResult,
    Compiled,
    Environment,
    Event,
    Operation,
    Parameter,
    Runtime,
    SimulationPlan,
    Snapshot,
    Toolset,
    compile_toolset,
    read_openapi,
    self_check,
    settled,
)
from toolworld.environments.compiler.data.people_and_places import pool
from toolworld.environments.importers.bfcl import import_bfcl
from toolworld.ground import JsonObject, JsonSchema, JsonValue, RecordError, encode

TRUSTED = SimulationPlan(trusted=True)


def compiled(document: dict[str, Any] | None = None, seed: int = 0) -> Compiled:
    toolset = read_openapi(document or shop_document(), "shop.json").toolset
    assert toolset is not None
    return compile_toolset(toolset, seed=seed)


@pytest.fixture
def shop() -> Environment:
    made = compiled()
    checked = self_check(made)
    return settled(made, checked.failed, checked.verified)


class Session:
    """Calls one after the other."""

    def __init__(self, environment: Environment, plan: SimulationPlan = TRUSTED) -> None:
        self.runtime = Runtime(environment, simulation=plan)
        self.snapshot: Snapshot = self.runtime.start

    async def event(self, name: str, **arguments: JsonValue) -> Event:
        event, self.snapshot = await self.runtime.step(self.snapshot, Call(name=name, arguments=arguments))
        return event

    async def result(self, name: str, **arguments: JsonValue) -> Any:
        event = await self.event(name, **arguments)
        assert event.failure is None, event.failure
        return event.result

    async def refusal(self, name: str, **arguments: JsonValue) -> str:
        event = await self.event(name, **arguments)
        assert event.failure is not None
        return event.failure.code


async def test_what_is_created_is_found_listed_changed_and_gone(shop: Environment) -> None:
    session = Session(shop)
    made = await session.result("createOrder", title="Lamp", total=12.5)
    assert (made["title"], made["total"], made["status"]) == ("Lamp", 12.5, "pending")
    assert made["created_at"] == "2026-03-02T09:00:00Z"
    assert await session.result("getOrder", orderId=made["id"]) == made
    changed = await session.result("updateOrder", orderId=made["id"], title="Desk lamp")
    assert changed == made | {"title": "Desk lamp"}
    listed = await session.result("listOrders", limit=100)
    assert listed["total"] == len(listed["data"]) == 13 and changed in listed["data"]
    assert await session.result("deleteOrder", orderId=made["id"]) == {}
    assert await session.refusal("getOrder", orderId=made["id"]) == "not_found"
    assert await session.refusal("deleteOrder", orderId=made["id"]) == "not_found"


async def test_what_a_change_is_not_given_stays_whatever_the_default() -> None:
    document = shop_document()
    body = document["paths"]["/orders/{orderId}"]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    body["properties"] |= {"status": {"type": "string", "default": "pending"}}
    session = Session(compiled(document).environment)
    await session.result("updateOrder", orderId=1001, status="paid")
    assert (await session.result("updateOrder", orderId=1001, title="x"))["status"] == "paid"
    tool = session.runtime.environment.tool("listOrders")
    assert tool is not None and tool.parameters["limit"]["default"] == 5
    assert "limit=5, offset=None" in (session.runtime.environment.behaviour or "")


async def test_an_action_leads_to_a_listed_status_once(shop: Environment) -> None:
    session = Session(shop)
    made = await session.result("createOrder", title="Lamp")
    cancelled = await session.result("cancelOrder", orderId=made["id"])
    assert cancelled["status"] == "cancelled"
    assert await session.refusal("cancelOrder", orderId=made["id"]) == "conflict"


async def test_a_field_with_a_path_of_its_own_is_that_of_the_record(shop: Environment) -> None:
    session = Session(shop)
    await session.result("setStatus", orderId=1002, status="paid")
    assert (await session.result("getOrder", orderId=1002))["status"] == "paid"
    assert await session.refusal("setStatus", orderId=1, status="paid") == "not_found"


async def test_lists_are_filtered_ranged_sorted_and_paged(shop: Environment) -> None:
    session = Session(shop)
    everything = (await session.result("listOrders", limit=100))["data"]
    status = everything[0]["status"]
    found = (await session.result("listOrders", limit=100, status=status))["data"]
    assert found == [one for one in everything if one["status"] == status] and len(found) < len(everything)
    found = (await session.result("listOrders", limit=100, min_total=100))["data"]
    assert found == [one for one in everything if one["total"] >= 100]
    found = (await session.result("listOrders", limit=100, sort="-total"))["data"]
    assert [one["total"] for one in found] == sorted((one["total"] for one in everything), reverse=True)
    page = await session.result("listOrders", limit=3, offset=2)
    assert page["data"] == everything[2:5] and page["total"] == 12
    assert len((await session.result("listOrders"))["data"]) == 5  # the default of `limit`


async def test_records_below_a_parent_are_those_of_the_parent(shop: Environment) -> None:
    session = Session(shop)
    orders = (await session.result("listOrders", limit=100))["data"]
    owner = orders[0]["customer_id"]
    assert (await session.result("getCustomer", id=owner))["id"] == owner
    below = await session.result("listOrdersOfCustomer", id=owner)
    assert orders[0] in below and all(one["customer_id"] == owner for one in below)
    assert await session.refusal("listOrdersOfCustomer", id="nobody") == "not_found"


async def test_a_tool_that_is_left_to_a_model_says_why(shop: Environment) -> None:
    for plan in (TRUSTED, workers := SimulationPlan()):
        event = await Session(shop, plan).event("convertCurrency")
        assert event.failure is not None and "no formula is known" in (event.failure.detail or "")
    workers.workers.close()


async def test_a_reference_to_what_is_not_there_is_refused(shop: Environment) -> None:
    session = Session(shop)
    owner = (await session.result("listOrders"))["data"][0]["customer_id"]
    assert (await session.result("createOrder", title="Lamp", customer_id=owner))["customer_id"] == owner
    assert await session.refusal("createOrder", title="Lamp", customer_id="nobody") == "not_found"
    made = shop.tool("createOrder")
    assert made is not None and made.inferred is not None and "not_found" in [one.code for one in made.errors]
    assert ("reference", "customers", "named_reference") in [
        (one.what, one.value, one.rule) for one in made.inferred.values
    ]


@pytest.mark.parametrize("kind", ["string", "integer"])
def test_what_a_record_is_below_is_of_the_type_of_its_field(kind: str) -> None:
    document = shop_document()
    document["components"]["schemas"]["Order"]["properties"]["customer_id"] = {"type": kind}
    document["components"]["schemas"]["Customer"]["properties"] = {"name": {"type": "string"}}
    path = document["paths"]
    path["/customers/{name}"] = {
        "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": path["/customers/{id}"]["get"] | {"parameters": []},
    }
    path["/customers/{name}/orders/{orderId}/notes"] = {
        "get": {
            "operationId": "listNotes",
            "responses": path["/customers/{id}/orders"]["get"]["responses"],
        }
    }
    for name in ("/customers/{id}", "/customers/{id}/orders"):
        del path[name]
    checked = self_check(compiled(document))  # would raise where the records are not as their schema says
    assert "getCustomer" in checked.succeeded


def test_records_that_do_not_keep_to_their_own_schema_are_no_environment() -> None:
    made = compiled()
    rows = dict(made.state.collections)
    rows["orders"] = ({**rows["orders"][0], "title": 5}, *rows["orders"][1:])
    spoilt = made.environment.replaced(initial_state={"collections": rows, "singletons": made.state.singletons})
    with pytest.raises(RecordError, match="do not keep to their own schema: record '1001' of `orders`: `title`"):
        self_check(Compiled(made.toolset, made.plans, made.collections, made.state, spoilt))


async def test_a_single_thing_is_set_and_read(shop: Environment) -> None:
    session = Session(shop)
    await session.result("setSettings", theme="dark")
    assert (await session.result("getSettings"))["theme"] == "dark"


def test_what_was_inferred_stands_with_the_tool_and_what_was_not_has_a_reason(shop: Environment) -> None:
    reach = {tool.name: tool.inferred.reach for tool in shop.tools if tool.inferred}
    assert reach["convertCurrency"] == "none" and reach["createOrder"] == reach["getOrder"] == "full"
    convert, order = shop.tool("convertCurrency"), shop.tool("getOrder")
    assert (
        convert
        and convert.inferred
        and convert.inferred.why == "it is a function of its arguments, and no formula is known"
    )
    assert order and order.inferred
    values = {one.what: one for one in order.inferred.values}
    assert (values["kind"].value, values["kind"].rule, values["key"].value) == ("get", "ends_in_parameter", "orderId")
    assert values["kind"].quote and 0 < (values["kind"].confidence or 0) < 1
    assert "convertCurrency: it is a function of its arguments" in (shop.behaviour or "")
    assert "def convertCurrency" not in (shop.behaviour or "")


def test_every_pair_of_tools_that_should_hold_together_does() -> None:
    checked = self_check(compiled())
    assert not checked.failed and not checked.broken
    assert {"create, then get", "update, then list", "delete, then get", "action, then get", "filter"} <= set(
        checked.held
    )
    assert {"set, then get", "list, then get"} <= set(checked.held)


@pytest.mark.parametrize(
    ("broken", "instead", "tool", "why"),
    [
        ('delete("orders", row["_key"])', "pass", "deleteOrder", "delete, then get does not hold"),
        ('"title": title,\n        "total"', '"title": "x",\n        "total"', "createOrder", "create, then get"),
        ('_same(each.get("status"), status)', "True", "listOrders", "filter does not hold"),
        ("row = _one_of_customers(id)", "row = rows(5)", "getCustomer", "a call broke"),
    ],
)
def test_a_program_that_pretends_is_found_out_and_left_to_a_model(
    broken: str, instead: str, tool: str, why: str
) -> None:
    made = compiled()
    source = made.environment.behaviour or ""
    assert broken in source
    spoilt = made.environment.replaced(behaviour=source.replace(broken, instead))
    checked: CheckResult = self_check(Compiled(made.toolset, made.plans, made.collections, made.state, spoilt))
    assert why in checked.failed[tool]
    environment = settled(made, checked.failed, checked.verified - checked.failed.keys())
    inferred = [one.inferred for one in environment.tools if one.name == tool]
    assert inferred[0] is not None and inferred[0].reach == "none" and inferred[0].why == checked.failed[tool]
    assert f"def {tool}(" not in (environment.behaviour or "")


def test_the_same_seed_gives_the_same_bytes_in_another_process_and_another_seed_other_data() -> None:
    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.environments.compiler.test_compile import compiled\n"
        "from toolworld.ground import digest\n"
        "print(digest(compiled().environment.model_dump(mode='json')))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""
    assert compiled(seed=1).environment.initial_state != compiled(seed=2).environment.initial_state


async def test_a_compiled_program_answers_the_same_in_a_worker(shop: Environment) -> None:
    plan = SimulationPlan()
    apart, here = Session(shop, plan), Session(shop)
    calls: list[tuple[str, dict[str, JsonValue]]] = [
        ("createOrder", {"title": "Lamp", "total": 3}),
        ("listOrders", {"limit": 100, "sort": "total"}),
        ("getOrder", {"orderId": 1013}),
        ("cancelOrder", {"orderId": 1013}),
        ("updateOrder", {"orderId": 1003, "status": "paid"}),
        ("deleteOrder", {"orderId": 1002}),
        ("getOrder", {"orderId": 1002}),
        ("setSettings", {"theme": "x"}),
        ("getSettings", {}),
    ]
    for name, arguments in calls:
        one, other = await apart.event(name, **arguments), await here.event(name, **arguments)
        assert one.json_bytes() == other.json_bytes()
    plan.workers.close()


async def test_whatever_stands_in_a_strangers_names_ends_in_no_program() -> None:
    evil = '"): fail("x", "y")\n    delete("orders", "1'
    document = shop_document()
    document["info"]["title"] = f"Shop\n{evil}"
    order = document["components"]["schemas"]["Order"]
    order["properties"] = order["properties"] | {
        f"{evil} name": {"type": "string"},
        "status": {"type": "string", "enum": [evil, 'c"{x}']},
    }
    document["paths"]["/orders"]["get"]["operationId"] = evil
    document["paths"]["/orders/{orderId}"]["get"]["summary"] = f'"""\n{evil}\\'
    document["paths"]["/orders/{orderId}/cancel"]["post"]["operationId"] = 'c"{x}'
    made = compiled(document)
    checked = self_check(made)
    assert not checked.failed
    session = Session(settled(made, {}, checked.verified))
    assert f"{evil} name" in await session.result("getOrder", orderId=1001)


def test_data_agree_with_each_other_and_say_nothing_in_latin() -> None:
    state = compiled().environment.initial_state
    customers = {one["id"]: one for one in state.collections["customers"]}
    for one in state.collections["orders"]:
        assert one["customer_id"] in customers
        assert one["status"] in ("pending", "paid", "cancelled") and str(one["created_at"]) < "2026-03-02"
    first, *rest = (str(one["name"]) for one in customers.values())
    assert len({first, *rest}) > 8
    for one in customers.values():
        name = str(one["name"]).lower().replace(" ", ".").replace("'", "")
        assert str(one["email"]).split("@")[0] == name and str(one["email"]).endswith("@example.com")


def test_an_environment_is_readable_by_its_author(shop: Environment) -> None:
    source = shop.behaviour or ""
    start = source.index("def createOrder")
    assert source[start : source.index("\n\n\n", start)] == (
        "def createOrder(title, total=None, status=None, customer_id=None):\n"
        '    """Create an order"""\n'
        "    if customer_id is not None:\n"
        "        _one_of_customers(customer_id)\n"
        '    row_key = _next_number(rows("orders"), "id")\n'
        '    row = {"_key": str(row_key)}\n'
        "    row.update(_given({\n"
        '        "id": row_key,\n'
        '        "title": title,\n'
        '        "total": total,\n'
        '        "status": status if status is not None else "pending",\n'
        '        "customer_id": customer_id,\n'
        '        "created_at": now(),\n'
        "    }))\n"
        '    return _shown(insert("orders", row))'
    )


def test_tools_keep_their_names_in_json() -> None:
    text = encode(compiled().environment.model_dump(mode="json"))
    assert Environment.model_validate(json.loads(text)).content_digest == compiled().environment.content_digest


TICKETS: list[Any] = [
    {
        "name": "get_ticket",
        "description": "Get a ticket by its ID.",
        "parameters": {"type": "dict", "properties": {"ticket_id": {"type": "integer"}}, "required": ["ticket_id"]},
        "response": {"type": "dict", "properties": {"id": {"type": "integer"}, "title": {"type": "string"}}},
    },
    {
        "name": "create_ticket",
        "description": "Create a ticket.",
        "parameters": {"type": "dict", "properties": {"title": {"type": "string"}}, "required": ["title"]},
        "response": {"type": "dict", "properties": {"id": {"type": "integer"}, "title": {"type": "string"}}},
    },
]


async def test_state_documents_are_the_initial_state_and_nothing_of_them_is_lost(tmp_path: Path) -> None:
    (tmp_path / "multi_turn_func_doc").mkdir()
    lines = "\n".join(json.dumps(one) for one in TICKETS)
    (tmp_path / "multi_turn_func_doc" / "ticket_api.json").write_text(lines)
    configurations = [
        {"ticket_queue": [{"id": 7423, "title": "No tone", "owner": "mz"}], "counter": 4, "people": {"P1": {"age": 3}}},
        {"ticket_queue": [{"id": 9, "title": "x", "urgent": True}, {"title": "no id"}], "counter": 5},
    ]
    tasks = [json.dumps({"initial_config": {"TicketAPI": one}}) for one in configurations]
    (tmp_path / "BFCL_v4_multi_turn_base.json").write_text("\n".join(tasks))
    [found] = import_bfcl(tmp_path)
    assert found.toolset is not None
    environment = compile_toolset(found.toolset).environment
    assert environment.initial_state.singletons == {"counter": 4}
    assert environment.initial_state.collections["people"] == ({"age": 3, "_key": "P1"},)
    session = Session(environment)
    assert await session.result("get_ticket", ticket_id=7423) == {"id": 7423, "title": "No tone"}
    assert await session.refusal("get_ticket", ticket_id=7424) == "not_found"
    assert await session.result("create_ticket", title="New") == {"id": 7424, "title": "New"}
    assert await session.result("get_ticket", ticket_id=7424) == {"id": 7424, "title": "New"}


def test_sums_and_times_of_a_record_agree() -> None:
    document = shop_document()
    fields = {
        "net_amount": {"type": "number"},
        "vat": {"type": "number"},
        "gross_amount": {"type": "number"},
        "created_at": {"type": "string", "format": "date-time"},
        "completed_at": {"type": "string", "format": "date-time"},
        "due_date": {"type": "string", "format": "date"},
        "cardholder_name": {"type": "string"},
    }
    document["components"]["schemas"]["Order"]["properties"] |= fields
    for one in compiled(document).environment.initial_state.collections["orders"]:
        net, vat, gross = (float(str(one[name])) for name in ("net_amount", "vat", "gross_amount"))
        assert abs(net + vat - gross) < 0.02
        assert str(one["created_at"]) < str(one["completed_at"]) < str(one["due_date"])
        assert str(one["cardholder_name"]).split()[0] in pool().first_names


def test_what_a_record_is_below_agrees_at_every_level() -> None:
    key = {"in": "path", "required": True, "schema": {"type": "string"}}
    thing = {"type": "object", "properties": {"id": {"type": "string"}, "text": {"type": "string"}}}
    answer = {"200": {"content": {"application/json": {"schema": thing}}}}
    paths: dict[str, Any] = {}
    for names in (("shops",), ("shops", "shelves"), ("shops", "shelves", "books")):
        path = "".join(f"/{name}/{{{name}Id}}" for name in names)
        parameters = [{"name": f"{name}Id", **key} for name in names]
        paths[path] = {"get": {"operationId": names[-1], "parameters": parameters, "responses": answer}}
    made = compiled({"openapi": "3.1.0", "paths": paths}).environment.initial_state.collections
    shops = {str(one["id"]): one["_in_shopsId"] for one in made["shelves"]}
    assert len(set(shops.values())) > 2
    for book in made["books"]:
        assert book["_in_shopsId"] == shops[str(book["_in_shelvesId"])]


async def test_tools_that_are_called_as_variables_or_functions_of_the_language_are_answered() -> None:
    """A program in which a function has the name of a variable does not load, and would cost all its tools."""
    text: JsonSchema = {"type": "string"}
    record: JsonSchema = {"type": "object", "properties": {"note_id": text, "value": text}}
    names = ("find", "value", "record", "note_id", "find_tool")
    operations = tuple(
        Operation(
            name=name,
            original=name,
            description="Get a note.",
            parameters=(Parameter("note_id", "note_id", text, required=True),),
            response=record,
            stated_effect="read",
        )
        for name in names
    )
    states: tuple[JsonObject, ...] = ({"notes": {"N1": {"note_id": "N1", "value": "milk"}}},)
    compiled = compile_toolset(Toolset("notes", "Notes", "notes", "Notes.", operations, states))
    assert not self_check(compiled).failed
    runtime = Runtime(compiled.environment)
    for name in names:
        event, _ = await runtime.step(runtime.start, Call(name=name, arguments={"note_id": "N1"}))
        assert event.result == {"note_id": "N1", "value": "milk"}, name
