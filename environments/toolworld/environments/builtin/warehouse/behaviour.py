# Tannery Lane Distribution Centre: how the control desk's tools behave.
#
# A stock line is so many cases of one SKU and one batch in one bin. What of it is promised to an order is not kept
# on the line but in allocations: allocated (promised), picked (off the shelf, still in the building), shipped or
# released. A line that has run empty stays, with no cases, because allocations and counts refer to it.


def _sku(sku):
    record = get("skus", sku)
    if record is None:
        fail("sku_not_found", "There is no SKU " + sku + ".")
    return record


def _stock(stock_id):
    line = get("stock", stock_id)
    if line is None:
        fail("stock_not_found", "There is no stock line " + stock_id + ".")
    return line


def _order(order_id):
    order = get("orders", order_id)
    if order is None:
        fail("order_not_found", "There is no order " + order_id + ".")
    return order


def _open_order(order_id):
    order = _order(order_id)
    if order["status"] != "open":
        fail("order_closed", "Order " + order_id + " is " + order["status"] + ".")
    return order


def _purchase_order(po_id):
    order = get("purchase_orders", po_id)
    if order is None:
        fail("po_not_found", "There is no purchase order " + po_id + ".")
    return order


def _member(badge):
    member = get("staff", badge)
    if member is None or member["status"] != "active":
        fail("staff_not_found", "There is no valid badge " + badge + ".")
    return member


def _cases(number):
    return "1 case" if number == 1 else str(number) + " cases"


def _kg(record, cases):
    return round(record["case_kg"] * cases, 1)


# -- what is promised, and what is free ---------------------------------------------------------


def _promised(allocations):
    return [a for a in allocations if a["status"] in ("allocated", "picked")]


def _promised_cases(stock_id):
    return sum([a["cases"] for a in _promised(find("allocations", {"stock_id": stock_id}))])


def _free(line):
    return line["cases"] - _promised_cases(line["stock_id"])


def _days_left(expires):
    return None if expires is None else days_between(today(), expires)


def _too_short(record, expires, least):
    """Whether goods have less life left than their temperature band asks for."""
    return expires is not None and _days_left(expires) < least[record["band"]]


def _first_out(line):
    """The order in which stock goes out: what expires first, then by bin."""
    return (line["sku"], line["expires"] or "9999-12-31", line["bin_id"], line["stock_id"])


# -- who is asking ------------------------------------------------------------------------------


def identify_staff(badge, name):
    member = get("staff", badge)
    if member is None or member["name"].lower() != name.strip().lower():
        fail("staff_not_found", "That badge number and that name do not belong together.")
    if member["status"] != "active":
        fail("badge_withdrawn", "Badge " + badge + " has been withdrawn.")
    store = get("stores", member["store_id"]) if member["store_id"] is not None else None
    return {key: member[key] for key in ("badge", "name", "role", "store_id")} | {
        "store": store["name"] if store else None,
        "now": now(),
    }


# -- looking things up --------------------------------------------------------------------------


def search_stock(query):
    skus = {record["sku"]: record for record in rows("skus")}
    promised = {}
    for allocation in _promised(rows("allocations")):
        promised.setdefault(allocation["stock_id"], []).append(allocation)
    wanted = [word for word in query.lower().split(" ") if word]
    hits = []
    for line in rows("stock"):
        record = skus[line["sku"]]
        text = " ".join([line["stock_id"], line["sku"], record["name"], line["batch"] or "", line["bin_id"]]).lower()
        if line["cases"] > 0 and not [word for word in wanted if word not in text]:
            hits.append(line)
    hits = sorted(hits, key=_first_out)
    shown = []
    for line in hits[:30]:
        record = skus[line["sku"]]
        held = promised.get(line["stock_id"], [])
        free = line["cases"] - sum([a["cases"] for a in held])
        shown.append(
            {
                key: line[key]
                for key in ("stock_id", "sku", "bin_id", "batch", "expires", "cases", "status", "hold_reason", "note")
            }
            | {
                "name": record["name"],
                "category": record["category"],
                "band": record["band"],
                "hazard": record["hazard"],
                "days_left": _days_left(line["expires"]),
                "free": free if line["status"] == "available" else 0,
                "allocations": [
                    {key: a[key] for key in ("allocation_id", "order_id", "cases", "status")} for a in held
                ],
            }
        )
    return {"stock": shown, "found": len(hits)}


def _contents(lines, skus):
    """Per bin: how many cases and kilograms lie in it, and of which SKUs."""
    contents = {}
    for line in lines:
        if line["cases"] > 0:
            record = skus[line["sku"]]
            there = contents.setdefault(line["bin_id"], {"cases": 0, "kg": 0.0, "skus": {}})
            there["cases"] += line["cases"]
            there["kg"] += record["case_kg"] * line["cases"]
            there["skus"][line["sku"]] = record
    return contents


def find_bins(sku, aisle=None):
    record = _sku(sku)
    skus = {other["sku"]: other for other in rows("skus")}
    contents = _contents(rows("stock"), skus)
    bins = rows("bins")
    hazards = {}
    for bin in bins:
        for held in contents.get(bin["bin_id"], {"skus": {}})["skus"].values():
            if held["hazard"] != "none" and held["hazard"] not in hazards.setdefault(bin["aisle"], []):
                hazards[bin["aisle"]].append(held["hazard"])
    shown = []
    for bin in sorted(bins, key=lambda b: b["bin_id"]):
        if bin["kind"] != "storage" or bin["band"] != record["band"] or aisle not in (None, bin["aisle"]):
            continue
        there = contents.get(bin["bin_id"], {"cases": 0, "kg": 0.0, "skus": {}})
        room = bin["most_cases"] - there["cases"]
        kg_left = round(bin["most_kg"] - there["kg"], 1)
        fits = min(room, int(round(kg_left * 10) // round(record["case_kg"] * 10)))
        if fits > 0:
            shown.append(
                {
                    "bin_id": bin["bin_id"],
                    "aisle": bin["aisle"],
                    "room": room,
                    "kg_left": kg_left,
                    "fits": fits,
                    "holds": [
                        {key: held[key] for key in ("sku", "name", "category", "hazard")}
                        for held in there["skus"].values()
                    ],
                    "aisle_hazards": sorted(hazards.get(bin["aisle"], [])),
                }
            )
    return {
        "sku": sku,
        "name": record["name"],
        "category": record["category"],
        "hazard": record["hazard"],
        "case_kg": record["case_kg"],
        "bins": shown,
    }


def get_order(order_id):
    order = _order(order_id)
    store = get("stores", order["store_id"])
    skus = {line["sku"]: _sku(line["sku"]) for line in order["lines"]}
    shown = []
    for allocation in find("allocations", {"order_id": order_id}):
        if allocation["status"] != "released":
            stock = get("stock", allocation["stock_id"])
            shown.append(
                {key: allocation[key] for key in ("allocation_id", "stock_id", "cases", "status", "returned")}
                | {key: stock[key] for key in ("sku", "batch", "expires", "bin_id")}
                | {"stock_status": stock["status"]}
            )
    lines = []
    for line in order["lines"]:
        mine = [a for a in shown if a["sku"] == line["sku"]]
        given = {
            status: sum([a["cases"] for a in mine if a["status"] == status])
            for status in ("allocated", "picked", "shipped")
        }
        missing = line["cases"] - sum(given.values())
        lines.append(
            {"sku": line["sku"], "name": skus[line["sku"]]["name"], "ordered": line["cases"]}
            | given
            | {
                "to_allocate": missing if order["status"] == "open" else 0,
            }
        )
    picked = [_kg(skus[a["sku"]], a["cases"]) for a in shown if a["status"] == "picked"]
    return {
        key: order[key]
        for key in ("order_id", "store_id", "placed", "wanted", "status", "carrier", "dispatched", "cost", "credited")
    } | {
        "store": store["name"],
        "store_kind": store["kind"],
        "part_deliveries": store["part_deliveries"],
        "kg": order["kg"] if order["kg"] is not None else round(sum(picked), 1),
        "lines": lines,
        "allocations": sorted(shown, key=lambda a: a["allocation_id"]),
    }


def get_purchase_order(po_id):
    order = _purchase_order(po_id)
    return order | {
        "lines": [
            line | {"name": _sku(line["sku"])["name"], "tracked": _sku(line["sku"])["tracked"]}
            for line in order["lines"]
        ]
    }


# -- goods in -----------------------------------------------------------------------------------


def receive_delivery(po_id, sku, cases, batch=None, expires=None):
    order = _purchase_order(po_id)
    if order["status"] == "cancelled":
        fail("po_closed", "Purchase order " + po_id + " is " + order["status"] + ".")
    ordered = [line for line in order["lines"] if line["sku"] == sku]
    if not ordered:
        fail("not_on_order", "Purchase order " + po_id + " has no line for " + sku + ".")
    record = _sku(sku)
    if record["tracked"] and (batch is None or expires is None):
        fail("batch_needed", record["name"] + " is received only with its batch number and expiry date.")
    if record["tracked"] and _too_short(record, expires, get("rules")["least_days_in"]):
        fail("short_dated", "This batch has too few days left (" + str(_days_left(expires)) + ").")
    most = ordered[0]["ordered"] * (100 + get("rules")["tolerance_percent"]) // 100
    if ordered[0]["received"] + cases > most:
        fail(
            "over_tolerance",
            "That is more than the order and its tolerance allow; "
            + _cases(ordered[0]["received"])
            + " of "
            + str(ordered[0]["ordered"])
            + " came before.",
        )
    lines = [line | {"received": line["received"] + cases} if line["sku"] == sku else line for line in order["lines"]]
    status = "open" if [line for line in lines if line["received"] < line["ordered"]] else "received"
    update("purchase_orders", po_id, {"lines": lines, "status": status})
    dock = find("bins", {"kind": "dock"})[0]["bin_id"]
    stock_id = _new_line(
        sku, dock, batch if record["tracked"] else None, expires if record["tracked"] else None, cases, None
    )
    return {
        "stock_id": stock_id,
        "bin_id": dock,
        "cases": cases,
        "ordered": ordered[0]["ordered"],
        "received": ordered[0]["received"] + cases,
        "po_status": status,
    }


def _new_line(sku, bin_id, batch, expires, cases, hold_reason):
    stock_id = new_id("S")
    insert(
        "stock",
        {
            "stock_id": stock_id,
            "sku": sku,
            "bin_id": bin_id,
            "batch": batch,
            "expires": expires,
            "cases": cases,
            "status": "quarantined" if hold_reason else "available",
            "hold_reason": hold_reason,
            "note": None,
        },
    )
    return stock_id


def move_stock(stock_id, bin_id, cases):
    line = _stock(stock_id)
    target = get("bins", bin_id)
    if target is None:
        fail("bin_not_found", "There is no bin " + bin_id + ".")
    record = _sku(line["sku"])
    if target["kind"] != "storage":
        fail("not_for_storage", bin_id + " is not a storage bin.")
    if line["bin_id"] == bin_id:
        fail("same_bin", "This stock is in " + bin_id + " already.")
    if line["status"] == "quarantined":
        fail("quarantined", "This stock is in quarantine and stays where it is.")
    if target["band"] != record["band"]:
        fail("wrong_band", record["name"] + " is " + record["band"] + "; " + bin_id + " is " + target["band"] + ".")
    if cases > _free(line):
        fail("not_enough_free", "Only " + _cases(_free(line)) + " of this stock can be moved.")
    lines = [there for there in find("stock", {"bin_id": bin_id}) if there["cases"] > 0]
    room = target["most_cases"] - sum([there["cases"] for there in lines])
    if cases > room:
        fail("no_room", bin_id + " has room for " + _cases(room) + ".")
    kg_left = round(target["most_kg"] - sum([_kg(_sku(there["sku"]), there["cases"]) for there in lines]), 1)
    if _kg(record, cases) > kg_left:
        fail(
            "too_heavy", bin_id + " can take " + str(kg_left) + " kg more; this is " + str(_kg(record, cases)) + " kg."
        )
    moved = _put(line, lines, bin_id, cases)
    return {
        "stock_id": moved,
        "bin_id": bin_id,
        "cases": cases,
        "left_behind": line["cases"] - cases,
        "room": room - cases,
    }


def _put(line, lines, bin_id, cases):
    """Add to the same batch in the bin if it is there, take the whole line across, or split it."""
    same = [
        there
        for there in lines
        if (there["sku"], there["batch"], there["status"]) == (line["sku"], line["batch"], "available")
    ]
    if same:
        update("stock", line["stock_id"], {"cases": line["cases"] - cases})
        update("stock", same[0]["stock_id"], {"cases": same[0]["cases"] + cases})
        return same[0]["stock_id"]
    if cases == line["cases"]:
        update("stock", line["stock_id"], {"bin_id": bin_id})
        return line["stock_id"]
    update("stock", line["stock_id"], {"cases": line["cases"] - cases})
    return _new_line(line["sku"], bin_id, line["batch"], line["expires"], cases, None)


# -- goods out ----------------------------------------------------------------------------------


def _allocations(order_id):
    return _promised(find("allocations", {"order_id": order_id}))


def allocate_stock(order_id, stock_id, cases):
    order = _open_order(order_id)
    line = _stock(stock_id)
    record = _sku(line["sku"])
    ordered = [wanted["cases"] for wanted in order["lines"] if wanted["sku"] == line["sku"]]
    if not ordered:
        fail("not_on_order", "Order " + order_id + " has no line for " + record["name"] + ".")
    if line["status"] == "quarantined":
        fail("quarantined", "This stock is in quarantine.")
    if get("bins", line["bin_id"])["kind"] != "storage":
        fail("not_put_away", "This stock has not been put away yet.")
    if _too_short(record, line["expires"], get("rules")["least_days_out"]):
        fail("short_dated", "This batch has too few days left (" + str(_days_left(line["expires"])) + ").")
    if cases > _free(line):
        fail("not_enough_free", "Only " + _cases(_free(line)) + " of this stock are free.")
    given = sum([a["cases"] for a in _allocations(order_id) if get("stock", a["stock_id"])["sku"] == line["sku"]])
    missing = ordered[0] - given
    if cases > missing:
        fail("over_ordered", "Only " + _cases(missing) + " of this line are still to be allocated.")
    allocation_id = new_id("AL")
    insert(
        "allocations",
        {
            "allocation_id": allocation_id,
            "order_id": order_id,
            "stock_id": stock_id,
            "cases": cases,
            "status": "allocated",
            "returned": 0,
        },
    )
    return {
        "allocation_id": allocation_id,
        "order_id": order_id,
        "sku": line["sku"],
        "cases": cases,
        "to_allocate": missing - cases,
    }


def release_allocation(allocation_id):
    allocation = get("allocations", allocation_id)
    if allocation is None:
        fail("allocation_not_found", "There is no allocation " + allocation_id + ".")
    if allocation["status"] == "picked":
        fail("already_picked", "These cases have been picked; they are put back by hand and not from here.")
    if allocation["status"] != "allocated":
        fail("allocation_ended", "This allocation is over (" + allocation["status"] + ").")
    update("allocations", allocation_id, {"status": "released"})
    return {
        "allocation_id": allocation_id,
        "order_id": allocation["order_id"],
        "cases": allocation["cases"],
        "status": "released",
    }


def _fit_to_ship(order, picked, lines, skus):
    """Refuse an order that is not wholly picked, that may not go in part, or that holds what must not go out."""
    if not picked:
        fail("nothing_picked", "Nothing has been picked for order " + order["order_id"] + ".")
    if [a for a in picked if a["status"] == "allocated"]:
        fail("not_picked", "Part of what is allocated to order " + order["order_id"] + " has not been picked.")
    for allocation in picked:
        line = lines[allocation["stock_id"]]
        if line["status"] == "quarantined" or (line["expires"] is not None and line["expires"] < today()):
            fail(
                "must_not_ship",
                skus[line["sku"]]["name"] + ", batch " + str(line["batch"]) + ", is in quarantine or out of date.",
            )


def _fit_to_carry(carrier, store, records, kg):
    """Refuse a carrier that does not take such goods or serve such a store, has left, or is full."""
    if carrier["pharmacies"] != (store["kind"] == "pharmacy"):
        fail(
            "carrier_unsuitable",
            carrier["name"]
            + (" carries only pharmacies' orders." if carrier["pharmacies"] else " does not carry pharmacies' orders."),
        )
    if [r for r in records if r["band"] not in carrier["bands"] or r["hazard"] not in carrier["hazards"] + ["none"]]:
        fail("carrier_unsuitable", carrier["name"] + " does not carry all of these goods.")
    if now()[11:16] > carrier["cut_off"]:
        fail("past_cut_off", carrier["name"] + " took its last goods at " + carrier["cut_off"] + " today.")
    if kg > carrier["kg_left"]:
        fail("carrier_full", carrier["name"] + " cannot take " + str(kg) + " kg more today.")


def dispatch_order(order_id, carrier):
    order = _open_order(order_id)
    picked = _allocations(order_id)
    lines = {a["stock_id"]: get("stock", a["stock_id"]) for a in picked}
    skus = {line["sku"]: _sku(line["sku"]) for line in order["lines"]}
    _fit_to_ship(order, picked, lines, skus)
    store = get("stores", order["store_id"])
    sent = {sku: sum([a["cases"] for a in picked if lines[a["stock_id"]]["sku"] == sku]) for sku in skus}
    short = [
        {"sku": line["sku"], "name": skus[line["sku"]]["name"], "cases": line["cases"] - sent[line["sku"]]}
        for line in order["lines"]
    ]
    short = [line for line in short if line["cases"] > 0]
    if short and not store["part_deliveries"]:
        fail(
            "incomplete",
            "This store takes no part deliveries, and "
            + _cases(sum([line["cases"] for line in short]))
            + " are missing.",
        )
    kg = round(sum([_kg(skus[sku], cases) for sku, cases in sent.items()]), 1)
    terms = get("rules")["carriers"][carrier]
    gone = sum([other["kg"] for other in find("orders", {"carrier": carrier, "dispatched": today()})])
    _fit_to_carry(
        terms | {"kg_left": round(terms["most_kg"] - gone, 1)},
        store,
        [skus[sku] for sku, cases in sent.items() if cases > 0],
        kg,
    )
    for stock_id, line in lines.items():
        leaving = sum([a["cases"] for a in picked if a["stock_id"] == stock_id])
        update("stock", stock_id, {"cases": line["cases"] - leaving})
    for allocation in picked:
        update("allocations", allocation["allocation_id"], {"status": "shipped"})
    cost = round(terms["base"] + terms["per_kg"] * kg, 2)
    update(
        "orders", order_id, {"status": "dispatched", "carrier": carrier, "dispatched": today(), "kg": kg, "cost": cost}
    )
    return {"order_id": order_id, "carrier": carrier, "kg": kg, "cost": cost, "short": short}


# -- quarantine ---------------------------------------------------------------------------------


def quarantine_stock(stock_id, reason, note=None):
    line = _stock(stock_id)
    if line["status"] == "quarantined":
        fail("already_quarantined", "This stock is in quarantine already (" + line["hold_reason"] + ").")
    if line["cases"] == 0:
        fail("nothing_there", "There are no cases left on this stock line.")
    update("stock", stock_id, {"status": "quarantined", "hold_reason": reason, "note": note})
    held = [
        {key: a[key] for key in ("allocation_id", "order_id", "cases", "status")}
        for a in _promised(find("allocations", {"stock_id": stock_id}))
    ]
    return {"stock_id": stock_id, "status": "quarantined", "cases": line["cases"], "allocations": held}


def release_quarantine(stock_id, finding):
    line = _stock(stock_id)
    if line["status"] != "quarantined":
        fail("not_quarantined", "This stock is not in quarantine.")
    if line["expires"] is not None and line["expires"] < today():
        fail("out_of_date", "This stock expired on " + line["expires"] + "; it can only be destroyed.")
    update("stock", stock_id, {"status": "available", "hold_reason": None, "note": finding})
    return {"stock_id": stock_id, "status": "available", "cases": line["cases"]}


# -- counting -----------------------------------------------------------------------------------


def _open_counts(stock_id):
    return sorted(find("counts", {"stock_id": stock_id, "status": "open"}), key=lambda c: (c["at"], c["count_id"]))


def record_count(stock_id, counted, badge):
    line = _stock(stock_id)
    _member(badge)
    if [c for c in _open_counts(stock_id) if c["counted_by"] == badge]:
        fail("same_counter", "This person has counted this stock already; the next count is somebody else's.")
    difference = counted - line["cases"]
    value = round(abs(difference) * _sku(line["sku"])["case_value"], 2)
    count_id = new_id("CC")
    insert(
        "counts",
        {
            "count_id": count_id,
            "stock_id": stock_id,
            "counted_by": badge,
            "booked": line["cases"],
            "counted": counted,
            "value": value,
            "status": "open",
            "reason": None,
            "posted_by": None,
            "at": now(),
        },
    )
    return {
        "count_id": count_id,
        "stock_id": stock_id,
        "booked": line["cases"],
        "counted": counted,
        "difference": difference,
        "value": value,
    }


def _settled(counts, stock_id):
    """The last count, if it may stand: of little value, or confirmed by another person's."""
    if not counts:
        fail("no_open_count", "Nobody has counted stock line " + stock_id + ".")
    last = counts[-1]
    others = [c for c in counts if c["counted_by"] != last["counted_by"]]
    if last["value"] > get("rules")["one_count_up_to"]:
        if not others:
            fail("second_count_needed", "A difference of this value needs a second count by another person.")
        if last["counted"] not in [c["counted"] for c in others]:
            fail("counts_differ", "The counts of this stock do not agree; it has to be counted again.")
    return last


def post_adjustment(stock_id, reason, badge):
    line = _stock(stock_id)
    member = _member(badge)
    counts = _open_counts(stock_id)
    last = _settled(counts, stock_id)
    if last["booked"] != line["cases"]:
        fail("stock_changed", "The book has changed since this stock was counted; it has to be counted again.")
    limits = {"shift_lead": get("rules")["shift_lead_up_to"], "supervisor": last["value"]}
    if last["value"] > limits.get(member["role"], -1):
        fail("not_entitled", "This badge may not post an adjustment of this value.")
    if last["counted"] < _promised_cases(stock_id):
        fail("below_allocated", "More cases of this stock are allocated than were counted.")
    update("stock", stock_id, {"cases": last["counted"]})
    for count in counts:
        if count["counted"] == last["counted"]:
            update("counts", count["count_id"], {"status": "posted", "reason": reason, "posted_by": badge})
        else:
            update("counts", count["count_id"], {"status": "discarded"})
    return {"stock_id": stock_id, "before": line["cases"], "after": last["counted"], "value": last["value"]}


# -- returns ------------------------------------------------------------------------------------


def book_return(order_id, sku, cases, reason, batch=None):
    order = _order(order_id)
    if order["status"] != "dispatched":
        fail("not_dispatched", "Order " + order_id + " has not been dispatched.")
    rules = get("rules")
    if reason != "recall" and days_between(order["dispatched"], today()) > rules["return_within"]:
        fail(
            "too_late",
            "Order " + order_id + " was dispatched on " + order["dispatched"] + "; the time for returns is over.",
        )
    sent = []
    for allocation in find("allocations", {"order_id": order_id, "status": "shipped"}):
        line = get("stock", allocation["stock_id"])
        if line["sku"] == sku and line["batch"] == batch:
            sent.append((allocation, line))
    if not sent:
        fail("not_sent", "Order " + order_id + " did not bring this SKU and batch.")
    if cases > sum([a["cases"] - a["returned"] for a, _line in sent]):
        fail("too_many", "Fewer cases of this batch were sent and not returned yet.")
    left = cases
    for allocation, _line in sent:
        taken = min(left, allocation["cases"] - allocation["returned"])
        left -= taken
        if taken > 0:
            update("allocations", allocation["allocation_id"], {"returned": allocation["returned"] + taken})
    kept = rules["handling_percent"] if reason == "ordered_in_error" else 0
    credit = round(cases * _sku(sku)["case_value"] * (100 - kept) / 100, 2)
    update("orders", order_id, {"credited": round(order["credited"] + credit, 2)})
    cage = find("bins", {"kind": "returns"})[0]["bin_id"]
    held = "recall" if reason == "recall" else "return"
    stock_id = _new_line(sku, cage, batch, sent[0][1]["expires"], cases, held)
    return {"stock_id": stock_id, "order_id": order_id, "cases": cases, "credit": credit}
