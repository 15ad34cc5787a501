"""Links between tools: what is of one entity and one identifier is joined, what only looks alike is not."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import networkx
import pytest
from tests.support.order_documents import shop_document

from toolworld.environments import (
    Link,
    Operation,
    Parameter,
    Toolset,
    environment_links,
    heterogeneous_graph,
    links_of,
    load_environments,
    projected_graph,
    proposed_links,
    read_openapi,
    write_graphs,
)
from toolworld.ground import JsonSchema, JsonValue

TEXT: JsonSchema = {"type": "string"}


def tool(name: str, given: Sequence[str], shown: Sequence[str], **more: Any) -> Operation:
    parameters = tuple(Parameter(one, one, TEXT, required=True) for one in given)
    properties: dict[str, JsonValue] = dict.fromkeys(shown, TEXT)
    shown_as: JsonSchema = {"type": "object", "properties": properties}
    return Operation(name, name, name.replace("_", " "), parameters, shown_as, **more)


def linked(*operations: Operation) -> dict[str, str]:
    """The first source of each parameter."""
    found: dict[str, str] = {}
    for one in links_of(Toolset("t", "T", "t", "", operations)):
        found.setdefault(f"{one.target}.{one.parameter}", f"{one.source}.{one.field}")
    return found


@pytest.mark.parametrize(
    ("field", "parameter", "is_linked"),
    [
        ("order_id", "order_id", True),
        ("orderId", "order_id", True),
        ("id", "order_id", True),
        ("invoice_id", "order_id", False),
        ("order_date", "order_id", False),
        ("parent_order_id", "order_id", False),
        ("note", "note", False),
        ("status", "status", False),
        ("reason_code", "reason_code", False),
        ("query", "query", False),
        ("access_token", "access_token", False),
        ("isbn", "isbn", True),
    ],
)
def test_what_identifies_the_same_thing_is_linked(field: str, parameter: str, is_linked: bool) -> None:
    made = tool("list_orders", [], [field])
    asked = tool("get_order", [parameter], ["total"])
    assert (f"get_order.{parameter}" in linked(made, asked)) is is_linked


def test_a_tool_does_not_feed_itself_and_the_name_of_what_is_made_is_new() -> None:
    assert linked(tool("get_order", ["order_id"], ["order_id"])) == {}
    made = tool("create_customer", ["customer_name"], ["customer_id"])
    assert "create_customer.customer_name" not in linked(made, tool("get_customer", [], ["customer_name"]))


def test_the_path_of_a_request_says_whose_key_a_parameter_is() -> None:
    toolset = read_openapi(shop_document(), "shop.json").toolset
    assert toolset is not None
    links = [one for one in links_of(toolset) if one.required]
    assert links
    assert all(one.rule and one.confidence is not None for one in links)
    concepts = {one.concept for one in links if one.target == "getOrder"}
    assert len(concepts) == 1
    assert next(iter(concepts)).startswith("order.")


def test_embeddings_propose_only_what_rules_leave_open() -> None:
    sold = tool("list_products", [], ["product_id", "group"])
    asked = tool("find_similar", ["product_id", "category"], ["count"])
    toolset = Toolset("t", "T", "t", "", (sold, asked))
    vectors = {"category": [1.0, 0.1], "group": [1.0, 0.0]}

    def embed(texts: Sequence[str]) -> list[list[float]]:
        return [next((one for word, one in vectors.items() if word in text), [0.0, 1.0]) for text in texts]

    proposed = list(proposed_links(toolset, links_of(toolset), embed))
    assert [(one.field, one.parameter, one.rule, one.confidence) for one in proposed] == [
        ("group", "category", "embedding", None)
    ]
    assert not list(proposed_links(toolset, links_of(toolset), embed, at_least=1.1))


def test_keys_of_the_state_are_sources_too() -> None:
    [library] = load_environments(["library"])
    found = [one for one in environment_links(library) if one.target == "renew_loan"]
    assert {(one.source, one.field, one.rule) for one in found} >= {("loans", "loan_id", "state_key")}
    assert {one.source for one in found if one.rule != "state_key"} >= {"check_out_copy"}


def test_the_graphs_hold_what_the_links_say() -> None:
    [library] = load_environments(["library"])
    whole, projected = heterogeneous_graph([library]), projected_graph([library])
    kinds = {kind for _, kind in whole.nodes(data="kind")}
    assert kinds == {"tool", "operation", "parameter", "response_field", "concept", "collection"}
    fed = [(one, other) for one, other, kind in whole.edges(data="kind") if kind == "feeds"]
    assert len(fed) == len({(one.source, one.field, one.target, one.parameter) for one in environment_links(library)})
    assert projected.nodes["library::find_patron"]["said_by_user"] == ["name", "postcode"]
    assert networkx.has_path(projected, "library::find_patron", "library::renew_loan")
    assert not projected.has_edge("library::pay_charge", "library::find_patron")


def test_two_processes_write_the_same_bytes_which_networkx_reads(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from toolworld.environments import *; "
    code += "write_graphs(load_environments(['library', 'clinic']), Path(sys.argv[1]))"
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True)
    for file in ("heterogeneous_graph.json", "projected_graph.json", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()
    document = json.loads((tmp_path / "one" / "projected_graph.json").read_text())
    assert len(cast(Any, networkx).node_link_graph(document, edges="edges")) == 30
    manifest = write_graphs(load_environments(["library"]), tmp_path / "one")
    assert manifest.graphs[0].nodes["operation"] == 16


def test_names_in_other_letters_are_taken_as_they_are() -> None:
    made = tool("注文", ["番号", "_"], ["品目", "order_id"])
    assert linked(made, tool("get_order", ["order_id"], ["番号"])) == {"get_order.order_id": "注文.order_id"}


def test_a_link_says_what_it_rests_on() -> None:
    [link] = links_of(Toolset("t", "T", "t", "", (tool("a", [], ["job_id"]), tool("b", ["job_id"], []))))
    assert isinstance(link, Link)
    assert (link.rule, link.concept, link.required) == ("same_name", "job.id", True)
    assert link.confidence is not None
