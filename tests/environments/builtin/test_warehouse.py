"""The warehouse keeps its own books: what the policy promises, the tools hold to."""

from typing import Any

import pytest
from tests.support.acting import get, made, refused, rows

from toolworld.environments import Runtime, Snapshot, State, builtin_folders, load_folder


@pytest.fixture
def warehouse() -> Runtime:
    return Runtime(load_folder(builtin_folders()["warehouse"]))


def books_balance(state: State) -> list[str]:
    """Name every contradiction between stock, bins, orders, allocations, purchase orders and counts."""
    skus, bins, stores = (dict(rows(state, name)) for name in ("skus", "bins", "stores"))
    stock, orders, staff = (dict(rows(state, name)) for name in ("stock", "orders", "staff"))
    allocations = [row for _, row in rows(state, "allocations")]
    faults = [*_stock_faults(stock, skus, bins, allocations), *_count_faults(state, stock, skus, staff)]
    for order_id, order in orders.items():
        faults += _order_faults(order, stores, stock, skus, [a for a in allocations if a["order_id"] == order_id])
    for po_id, order in rows(state, "purchase_orders"):
        full = all(line["received"] >= line["ordered"] for line in order["lines"])
        if order["status"] != "cancelled" and full != (order["status"] == "received"):
            faults.append(f"{po_id} is {order['status']}")
        if any(line["received"] > line["ordered"] * 105 // 100 for line in order["lines"]):
            faults.append(f"{po_id} has received too much")
    return faults


def _stock_faults(stock: Any, skus: Any, bins: Any, allocations: Any) -> list[str]:
    faults: list[str] = []
    for stock_id, line in stock.items():
        record, bin_ = skus[line["sku"]], bins[line["bin_id"]]
        if record["tracked"] != (line["batch"] is not None) or record["tracked"] != (line["expires"] is not None):
            faults.append(f"{stock_id} has a batch or an expiry date that it should not have, or lacks one")
        if (line["status"] == "quarantined") != (line["hold_reason"] is not None):
            faults.append(f"{stock_id} is {line['status']} for {line['hold_reason']}")
        if bin_["band"] not in (record["band"], "any"):
            faults.append(f"{stock_id} is {record['band']} in a {bin_['band']} bin")
        promised = [a for a in allocations if a["stock_id"] == stock_id and a["status"] in ("allocated", "picked")]
        if sum(a["cases"] for a in promised) > line["cases"]:
            faults.append(f"{stock_id} is promised more often than it is there")
        if promised and bin_["kind"] != "storage":
            faults.append(f"{stock_id} is promised from {line['bin_id']}")
    return faults + _bin_faults(stock, skus, bins)


def _bin_faults(stock: Any, skus: Any, bins: Any) -> list[str]:
    faults: list[str] = []
    for bin_id, bin_ in bins.items():
        there = [line for line in stock.values() if line["bin_id"] == bin_id and line["cases"]]
        if sum(line["cases"] for line in there) > bin_["most_cases"]:
            faults.append(f"{bin_id} is overfull")
        if round(sum(line["cases"] * skus[line["sku"]]["case_kg"] for line in there), 1) > bin_["most_kg"]:
            faults.append(f"{bin_id} is overloaded")
        hazards = {skus[line["sku"]]["hazard"] for line in there}
        if bin_["kind"] == "storage" and (hazards - {"none"}) and bin_["aisle"] not in "HJ":
            faults.append(f"{bin_id} holds hazardous goods")
        if {"corrosive", "oxidiser"} <= hazards or (bin_["aisle"] in "HJ" and "none" in hazards):
            faults.append(f"{bin_id} holds {hazards}")
    for aisle in ("H", "J"):
        hazards = {skus[line["sku"]]["hazard"] for line in stock.values() if line["bin_id"].startswith(f"{aisle}-")}
        if {"flammable", "oxidiser"} <= hazards:
            faults.append(f"aisle {aisle} holds {hazards}")
    return faults


def _order_faults(order: Any, stores: Any, stock: Any, skus: Any, allocations: Any) -> list[str]:
    faults: list[str] = []
    order_id, ended = order["order_id"], order["status"] == "dispatched"
    live = [a for a in allocations if a["status"] != "released"]
    if ended != (order["dispatched"] is not None and order["kg"] is not None and order["cost"] is not None):
        faults.append(f"{order_id} is {order['status']} and has a weight, a cost or a day that it should not have")
    if any((a["status"] == "shipped") != ended for a in live):
        faults.append(f"{order_id} is {order['status']} with other allocations")
    for line in order["lines"]:
        mine = [a for a in live if stock[a["stock_id"]]["sku"] == line["sku"]]
        given = sum(a["cases"] for a in mine)
        if given > line["cases"]:
            faults.append(f"{order_id} has {given} of {line['cases']} {line['sku']}")
        if ended and given < line["cases"] and not stores[order["store_id"]]["part_deliveries"]:
            faults.append(f"{order_id} went incomplete")
        batches = {stock[a["stock_id"]]["batch"] for a in mine}
        if stores[order["store_id"]]["kind"] == "pharmacy" and len(batches) > 1:
            faults.append(f"{order_id} is a pharmacy's and has batches {batches}")
    if {stock[a["stock_id"]]["sku"] for a in live} - {line["sku"] for line in order["lines"]}:
        faults.append(f"{order_id} has what it did not order")
    kg = round(sum(a["cases"] * skus[stock[a["stock_id"]]["sku"]]["case_kg"] for a in live), 1)
    if ended and abs(kg - order["kg"]) > 0.05:
        faults.append(f"{order_id} weighs {kg} and not {order['kg']}")
    if (stores[order["store_id"]]["kind"] == "pharmacy") != (order["carrier"] == "medilink"):
        faults.append(f"{order_id} goes with {order['carrier']}")
    if any(a["returned"] > (a["cases"] if a["status"] == "shipped" else 0) for a in allocations):
        faults.append(f"{order_id} has come back more than it went")
    return faults


def _count_faults(state: State, stock: Any, skus: Any, staff: Any) -> list[str]:
    faults: list[str] = []
    counts = [row for _, row in rows(state, "counts")]
    for count in counts:
        count_id = count["count_id"]
        worth = round(abs(count["counted"] - count["booked"]) * skus[stock[count["stock_id"]]["sku"]]["case_value"], 2)
        if count["value"] != worth:
            faults.append(f"{count_id} is worth {worth}")
        if (count["status"] == "posted") != (count["reason"] is not None and count["posted_by"] is not None):
            faults.append(f"{count_id} is {count['status']}")
        if count["status"] == "posted":
            role = staff[count["posted_by"]]["role"]
            same = [c for c in counts if c["status"] == "posted" and c["stock_id"] == count["stock_id"]]
            agreeing = {c["counted_by"] for c in same}
            if role not in ("shift_lead", "supervisor") or (worth > 250 and role != "supervisor"):
                faults.append(f"{count_id} was posted by a {role}")
            if worth > 50 and len(agreeing) < 2:
                faults.append(f"{count_id} rests on one count")
            if count["posted_by"] in agreeing:
                faults.append(f"{count_id} was posted by who counted it")
    return faults


def test_the_initial_state_is_a_few_hundred_records_whose_books_balance(warehouse: Runtime) -> None:
    state = warehouse.start.state
    assert 300 < sum(len(rows) for rows in state.baseline.collections.values()) < 600
    assert books_balance(state) == []


async def test_a_day_of_work_keeps_the_books_balanced(warehouse: Runtime) -> None:
    snapshot = warehouse.start
    came, snapshot = await made(
        warehouse, snapshot, "receive_delivery",
        po_id="PO4419", sku="GR1066", cases=90, batch="OV1027", expires="2027-08-31",
    )  # fmt: skip
    assert (came["received"], came["po_status"], came["bin_id"]) == (210, "received", "DOCK-1")
    free = (await made(warehouse, snapshot, "find_bins", sku="GR1066", aisle="A"))[0]["bins"]
    room = next(row for row in free if row["fits"] >= 60 and "GR1066" not in {held["sku"] for held in row["holds"]})
    put, snapshot = await made(
        warehouse, snapshot, "move_stock", stock_id=came["stock_id"], bin_id=room["bin_id"], cases=50
    )
    assert (put["left_behind"], put["room"]) == (40, room["room"] - 50)
    assert put["stock_id"] != came["stock_id"]
    more, snapshot = await made(
        warehouse, snapshot, "move_stock", stock_id=came["stock_id"], bin_id=room["bin_id"], cases=10
    )
    assert more["stock_id"] == put["stock_id"]
    promise, snapshot = await made(warehouse, snapshot, "allocate_stock", order_id="SO7031", stock_id="S2019", cases=25)
    assert promise["to_allocate"] == 15
    _, snapshot = await made(warehouse, snapshot, "release_allocation", allocation_id=promise["allocation_id"])
    _, snapshot = await made(warehouse, snapshot, "release_quarantine", stock_id="S2141", finding="sound")
    _, snapshot = await made(warehouse, snapshot, "post_adjustment", stock_id="S2125", reason="loss", badge="TL4120")
    assert get(snapshot.state, "stock", "S2125")["cases"] == 55
    _, snapshot = await made(warehouse, snapshot, "dispatch_order", order_id="SO7044", carrier="pennine")
    assert get(snapshot.state, "stock", "S2131")["cases"] == 40
    back, snapshot = await made(
        warehouse, snapshot, "book_return", order_id="SO7044", sku="HH5003", cases=2, reason="wrong_item"
    )
    assert back["credit"] == 34.80
    assert books_balance(snapshot.state) == []


async def test_an_order_received_in_full_still_takes_what_its_tolerance_allows(warehouse: Runtime) -> None:
    sauce = {"po_id": "PO4417", "sku": "GR1063", "batch": "PP100", "expires": "2027-08-31"}  # 60 of 60 came
    came, snapshot = await made(warehouse, warehouse.start, "receive_delivery", **sauce, cases=3)
    assert (came["received"], came["po_status"]) == (63, "received")
    assert await refused(warehouse, "receive_delivery", snapshot, **sauce, cases=1) == "over_tolerance"
    assert books_balance(snapshot.state) == []


async def test_a_date_on_goods_that_are_not_tracked_does_not_count(warehouse: Runtime) -> None:
    towels = {"po_id": "PO4408", "sku": "HH5008", "cases": 10, "expires": "2026-03-05"}
    came, snapshot = await made(warehouse, warehouse.start, "receive_delivery", **towels)
    assert get(snapshot.state, "stock", came["stock_id"])["expires"] is None


async def test_pharmacies_orders_go_by_medilink_and_nothing_else_does(warehouse: Runtime) -> None:
    sent, snapshot = await made(warehouse, warehouse.start, "dispatch_order", order_id="SO7066", carrier="medilink")
    assert sent["short"] == []
    assert await refused(warehouse, "dispatch_order", order_id="SO7066", carrier="pennine") == "carrier_unsuitable"
    assert await refused(warehouse, "dispatch_order", order_id="SO7044", carrier="medilink") == "carrier_unsuitable"
    assert books_balance(snapshot.state) == []


async def test_a_badge_gives_the_role_and_the_hour(warehouse: Runtime) -> None:
    shown, _ = await made(warehouse, warehouse.start, "identify_staff", badge="TL4107", name="Marta Lindqvist")
    assert (shown["role"], shown["now"]) == ("shift_lead", "2026-03-04T13:00:00Z")


async def test_a_part_delivery_says_what_is_short(warehouse: Runtime) -> None:
    _, snapshot = await made(warehouse, warehouse.start, "release_allocation", allocation_id="AL3029")
    sent, snapshot = await made(warehouse, snapshot, "dispatch_order", order_id="SO7060", carrier="coldline")
    assert (sent["kg"], sent["cost"]) == (168.0, 85.20)  # 20 x 8.4 kg; 60 + 0.15 x 168
    assert sent["short"] == [{"sku": "CH2033", "name": "Houmous 200 g x 12", "cases": 10}]
    assert books_balance(snapshot.state) == []


async def test_a_return_is_credited_less_handling_only_when_ordered_in_error(warehouse: Runtime) -> None:
    tea = {"order_id": "SO6981", "sku": "GR1091", "batch": "TB880"}
    back, snapshot = await made(warehouse, warehouse.start, "book_return", **tea, cases=6, reason="ordered_in_error")
    assert back["credit"] == 125.46  # 6 x 24.60 = 147.60, less 15 %
    again, snapshot = await made(warehouse, snapshot, "book_return", **tea, cases=4, reason="damaged")
    assert again["credit"] == 98.40
    assert get(snapshot.state, "orders", "SO6981")["credited"] == 223.86
    assert await refused(warehouse, "book_return", snapshot, **tea, cases=1, reason="recall") == "too_many"
    late, _ = await made(warehouse, snapshot, "book_return", order_id="SO6957", sku="HH5017", cases=1, reason="recall")
    assert late["credit"] == 25.50  # a recall has no time limit


async def test_northway_is_full_by_what_it_took_today(warehouse: Runtime) -> None:
    orders = [order for _, order in rows(warehouse.start.state, "orders")]
    today = [o for o in orders if (o["carrier"], o["dispatched"]) == ("northway", "2026-03-04")]
    assert round(sum(order["kg"] for order in today), 1) == 5545.6  # of 6000; SO7047 is 931 kg
    assert await refused(warehouse, "dispatch_order", order_id="SO7047", carrier="northway") == "carrier_full"
    sent, _ = await made(warehouse, warehouse.start, "dispatch_order", order_id="SO7047", carrier="pennine")
    assert (sent["kg"], sent["cost"]) == (931.0, 110.17)


async def test_white_spirit_fits_by_weight_and_not_by_number(warehouse: Runtime) -> None:
    found, _ = await made(warehouse, warehouse.start, "find_bins", sku="HZ7003", aisle="H")
    assert [(row["bin_id"], row["room"], row["fits"]) for row in found["bins"]] == [("H-02-1", 32, 24)]
    other, _ = await made(warehouse, warehouse.start, "find_bins", sku="HZ7003", aisle="J")
    assert all("oxidiser" in row["aisle_hazards"] for row in other["bins"])


async def test_a_third_count_settles_two_that_differ(warehouse: Runtime) -> None:
    count, snapshot = await made(
        warehouse, warehouse.start, "record_count", stock_id="S2037", counted=66, badge="TL4143"
    )
    assert (count["difference"], count["value"]) == (-6, 167.40)
    done, snapshot = await made(warehouse, snapshot, "post_adjustment", stock_id="S2037", reason="loss", badge="TL4107")
    assert (done["before"], done["after"], done["value"]) == (72, 66, 167.40)
    states = [row["status"] for _, row in rows(snapshot.state, "counts") if row["stock_id"] == "S2037"]
    assert sorted(states) == ["discarded", "posted", "posted"]
    assert books_balance(snapshot.state) == []


async def test_what_is_on_hold_does_not_leave(warehouse: Runtime) -> None:
    held, snapshot = await made(warehouse, warehouse.start, "quarantine_stock", stock_id="S2131", reason="damage")
    assert "SO7044" in {row["order_id"] for row in held["allocations"]}
    assert await refused(warehouse, "dispatch_order", snapshot, order_id="SO7044", carrier="pennine") == "must_not_ship"


async def test_stock_is_shown_first_expired_first(warehouse: Runtime) -> None:
    shown, _ = await made(warehouse, warehouse.start, "search_stock", query="Chopped tomatoes")
    assert [(row["batch"], row["days_left"], row["free"]) for row in shown["stock"]] == [
        ("CT5518", 23, 16),
        ("CT5602", 180, 0),
        ("CT5640", 241, 25),
        ("CT5711", 333, 60),
    ]
    everything, _ = await made(warehouse, warehouse.start, "search_stock", query="x ")
    assert len(everything["stock"]) == 30 < everything["found"]


async def test_every_documented_error_can_be_met(warehouse: Runtime) -> None:
    seen: set[tuple[str, str]] = set()

    async def meet(name: str, code: str, snapshot: Snapshot | None = None, /, **arguments: Any) -> None:
        assert await refused(warehouse, name, snapshot, **arguments) == code
        seen.add((name, code))

    start = warehouse.start
    await meet("identify_staff", "staff_not_found", badge="TL4107", name="Callum Adeyemi")
    await meet("identify_staff", "badge_withdrawn", badge="TL4128", name="Darren Whitlow")
    await meet("find_bins", "sku_not_found", sku="GR9999")
    await meet("get_order", "order_not_found", order_id="SO9999")
    await meet("get_purchase_order", "po_not_found", po_id="PO9999")

    oil = {"po_id": "PO4419", "sku": "GR1066", "cases": 90, "batch": "OV1027", "expires": "2027-08-31"}
    await meet("receive_delivery", "po_not_found", **{**oil, "po_id": "PO9999"})
    await meet("receive_delivery", "po_closed", **{**oil, "po_id": "PO4430"})
    await meet("receive_delivery", "not_on_order", **{**oil, "sku": "GR1042"})
    await meet("receive_delivery", "batch_needed", po_id="PO4419", sku="GR1066", cases=90, batch="OV1027")
    await meet("receive_delivery", "short_dated", **{**oil, "expires": "2026-05-02"})
    await meet("receive_delivery", "over_tolerance", **{**oil, "cases": 91})

    await meet("move_stock", "stock_not_found", stock_id="S9999", bin_id="H-02-1", cases=1)
    await meet("move_stock", "bin_not_found", stock_id="S2103", bin_id="Z-01-1", cases=1)
    await meet("move_stock", "not_for_storage", stock_id="S2088", bin_id="DOCK-1", cases=1)
    await meet("move_stock", "same_bin", stock_id="S2088", bin_id="H-02-1", cases=1)
    await meet("move_stock", "quarantined", stock_id="S2141", bin_id="A-01-1", cases=1)
    await meet("move_stock", "wrong_band", stock_id="S2149", bin_id="A-01-1", cases=1)
    await meet("move_stock", "not_enough_free", stock_id="S2019", bin_id="A-03-1", cases=26)
    await meet("move_stock", "no_room", stock_id="S2103", bin_id="H-02-1", cases=33)
    await meet("move_stock", "too_heavy", stock_id="S2103", bin_id="H-02-1", cases=25)

    await meet("allocate_stock", "order_not_found", order_id="SO9999", stock_id="S2019", cases=1)
    await meet("allocate_stock", "order_closed", order_id="SO6981", stock_id="S2039", cases=1)
    await meet("allocate_stock", "stock_not_found", order_id="SO7031", stock_id="S9999", cases=1)
    await meet("allocate_stock", "not_on_order", order_id="SO7031", stock_id="S2024", cases=1)
    await meet("allocate_stock", "quarantined", order_id="SO7031", stock_id="S2015", cases=1)
    await meet("allocate_stock", "short_dated", order_id="SO7031", stock_id="S2014", cases=1)
    await meet("allocate_stock", "not_enough_free", order_id="SO7031", stock_id="S2019", cases=26)
    await meet("allocate_stock", "over_ordered", order_id="SO7031", stock_id="S2022", cases=41)
    arrived = {"po_id": "PO4415", "sku": "GR1042", "cases": 50, "batch": "CT5790", "expires": "2027-05-31"}
    dock, snapshot = await made(warehouse, start, "receive_delivery", **arrived)
    await meet("allocate_stock", "not_put_away", snapshot, order_id="SO7031", stock_id=dock["stock_id"], cases=1)

    await meet("release_allocation", "allocation_not_found", allocation_id="AL9999")
    await meet("release_allocation", "already_picked", allocation_id="AL3015")
    await meet("release_allocation", "allocation_ended", allocation_id="AL3007")

    await meet("dispatch_order", "order_not_found", order_id="SO9999", carrier="pennine")
    await meet("dispatch_order", "order_closed", order_id="SO7036", carrier="pennine")
    await meet("dispatch_order", "nothing_picked", order_id="SO7031", carrier="pennine")
    await meet("dispatch_order", "not_picked", order_id="SO7060", carrier="coldline")
    _, held = await made(warehouse, start, "quarantine_stock", stock_id="S2131", reason="damage")
    await meet("dispatch_order", "must_not_ship", held, order_id="SO7044", carrier="pennine")
    _, freed = await made(warehouse, start, "release_allocation", allocation_id="AL3031")
    await meet("dispatch_order", "incomplete", freed, order_id="SO7061", carrier="coldline")
    await meet("dispatch_order", "carrier_unsuitable", order_id="SO7064", carrier="pennine")
    await meet("dispatch_order", "past_cut_off", order_id="SO7044", carrier="dales")
    await meet("dispatch_order", "carrier_full", order_id="SO7047", carrier="northway")

    await meet("quarantine_stock", "stock_not_found", stock_id="S9999", reason="recall")
    await meet("quarantine_stock", "already_quarantined", stock_id="S2015", reason="recall")
    _, emptied = await made(warehouse, start, "move_stock", stock_id="S2103", bin_id="H-02-1", cases=24)
    _, emptied = await made(warehouse, emptied, "move_stock", stock_id="S2103", bin_id="J-03-1", cases=8)
    _, emptied = await made(warehouse, emptied, "move_stock", stock_id="S2103", bin_id="J-03-1", cases=8)
    await meet("quarantine_stock", "nothing_there", emptied, stock_id="S2103", reason="damage")
    await meet("release_quarantine", "stock_not_found", stock_id="S9999", finding="sound")
    await meet("release_quarantine", "not_quarantined", stock_id="S2014", finding="sound")
    await meet("release_quarantine", "out_of_date", stock_id="S2053", finding="sound")

    await meet("record_count", "stock_not_found", stock_id="S9999", counted=1, badge="TL4125")
    await meet("record_count", "staff_not_found", stock_id="S2076", counted=1, badge="TL4128")
    await meet("record_count", "same_counter", stock_id="S2121", counted=43, badge="TL4125")
    await meet("post_adjustment", "stock_not_found", stock_id="S9999", reason="loss", badge="TL4120")
    await meet("post_adjustment", "staff_not_found", stock_id="S2125", reason="loss", badge="TL9999")
    await meet("post_adjustment", "no_open_count", stock_id="S2014", reason="loss", badge="TL4120")
    await meet("post_adjustment", "second_count_needed", stock_id="S2121", reason="loss", badge="TL4120")
    await meet("post_adjustment", "counts_differ", stock_id="S2037", reason="loss", badge="TL4120")
    await meet("post_adjustment", "not_entitled", stock_id="S2125", reason="loss", badge="TL4107")
    await meet("post_adjustment", "not_entitled", stock_id="S2129", reason="loss", badge="TL4131")
    target = (await made(warehouse, start, "find_bins", sku="HH5035", aisle="B"))[0]["bins"][-1]["bin_id"]
    _, moved = await made(warehouse, start, "move_stock", stock_id="S2125", bin_id=target, cases=1)
    await meet("post_adjustment", "stock_changed", moved, stock_id="S2125", reason="loss", badge="TL4120")
    _, counted = await made(warehouse, start, "record_count", stock_id="S2019", counted=11, badge="TL4125")
    _, counted = await made(warehouse, counted, "record_count", stock_id="S2019", counted=11, badge="TL4131")
    await meet("post_adjustment", "below_allocated", counted, stock_id="S2019", reason="loss", badge="TL4120")

    tea = {"order_id": "SO6981", "sku": "GR1091", "batch": "TB880", "cases": 6, "reason": "ordered_in_error"}
    await meet("book_return", "order_not_found", **{**tea, "order_id": "SO9999"})
    await meet("book_return", "not_dispatched", **{**tea, "order_id": "SO7031"})
    await meet("book_return", "too_late", order_id="SO6957", sku="HH5017", cases=4, reason="damaged")
    await meet("book_return", "not_sent", **{**tea, "batch": "TB999"})
    await meet("book_return", "too_many", **{**tea, "cases": 11})

    tools = warehouse.environment.tools
    assert seen == {(tool.name, error.code) for tool in tools for error in tool.errors}
