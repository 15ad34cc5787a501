# Riverside Public Library: how the service desk's tools behave.
#
# A title is a work in one form (book, large print, audiobook, DVD); a copy is a thing with a barcode.
# Copies are available, on_loan, reserved (on the reservation shelf), reference or lost.


def _patron(patron_id):
    patron = get("patrons", patron_id)
    if patron is None:
        fail("patron_not_found", "There is no borrower with card number " + patron_id + ".")
    return patron


def _title(title_id):
    title = get("titles", title_id)
    if title is None:
        fail("title_not_found", "There is no title " + title_id + " in the catalogue.")
    return title


def _copy(copy_id):
    copy = get("copies", copy_id)
    if copy is None:
        fail("copy_not_found", "There is no copy with barcode " + copy_id + ".")
    return copy


def _open_loan(loan_id):
    loan = get("loans", loan_id)
    if loan is None:
        fail("loan_not_found", "There is no loan " + loan_id + ".")
    if loan["status"] != "open":
        fail("loan_ended", "Loan " + loan_id + " has ended (" + loan["status"] + ").")
    return loan


def _money(amount):
    pence = int(round(amount * 100))
    return "£" + str(pence // 100) + "." + ("0" + str(pence % 100) if pence % 100 < 10 else str(pence % 100))


# -- what a borrower has and owes ---------------------------------------------------------------


def _loans(patron_id):
    return find("loans", {"patron_id": patron_id, "status": "open"})


def _reservations(patron_id):
    return [r for r in find("reservations", {"patron_id": patron_id}) if r["status"] in ("waiting", "ready")]


def _outstanding(charge):
    return round(charge["amount"] - charge["paid"] - charge["waived"], 2)


def _balance(patron_id):
    return round(sum([_outstanding(c) for c in find("charges", {"patron_id": patron_id})]), 2)


def _may_borrow(patron):
    if patron["expires"] < today():
        fail("card_expired", "This card expired on " + patron["expires"] + "; it has to be renewed in person.")
    balance = _balance(patron["patron_id"])
    if balance >= get("rules")["block_at"]:
        fail("card_blocked", "This card is blocked: " + _money(balance) + " is owed.")


def _waiting(title_id, but_for=None):
    """Those who wait for a title and have no copy yet, first come first, one borrower left out."""
    waiting = [
        r for r in find("reservations", {"title_id": title_id, "status": "waiting"}) if r["patron_id"] != but_for
    ]
    return sorted(waiting, key=lambda r: (r["placed"], r["reservation_id"]))


# -- overdue ------------------------------------------------------------------------------------


def _overdue_days(loan):
    return max(0, days_between(loan["due"], today()))


def _overdue_cost(days, title, patron):
    if days == 0 or patron["category"] == "child":
        return 0
    terms = get("rules")["lending"][title["form"]]
    return min(round(days * terms["per_day"], 2), terms["at_most"])


def _charge(patron_id, loan_id, kind, amount):
    if amount <= 0:
        return None
    charge_id = new_id("F")
    insert(
        "charges",
        {
            "charge_id": charge_id,
            "patron_id": patron_id,
            "loan_id": loan_id,
            "kind": kind,
            "date": today(),
            "amount": amount,
            "paid": 0,
            "waived": 0,
        },
    )
    return {"charge_id": charge_id, "kind": kind, "amount": amount}


def _due(title):
    return add_days(today(), get("rules")["lending"][title["form"]]["days"])


# -- looking things up --------------------------------------------------------------------------


def _account(patron):
    patron_id = patron["patron_id"]
    return patron | {
        "loans": len(_loans(patron_id)),
        "reservations": len(_reservations(patron_id)),
        "balance": _balance(patron_id),
        "now": now(),
    }


def find_patron(name, postcode):
    plain = postcode.replace(" ", "").lower()
    for patron in find("patrons", {"name": name}, fold=True):
        if patron["postcode"].replace(" ", "").lower() == plain:
            return _account(patron)
    fail("patron_not_found", "There is no borrower of that name with that postcode.")


def get_patron(patron_id):
    return _account(_patron(patron_id))


def search_catalogue(query, form=None):
    wanted = query.lower().split(" ")
    hits = []
    for title in rows("titles"):
        text = (title["title"] + " " + title["author"]).lower()
        if (form is None or title["form"] == form) and not [word for word in wanted if word not in text]:
            hits.append({key: title[key] for key in ("title_id", "title", "author", "form", "year")})
    return {"titles": hits[:20], "found": len(hits)}


def get_title(title_id):
    title = _title(title_id)
    copies = find("copies", {"title_id": title_id})
    return title | {
        "copies": [{key: copy[key] for key in ("copy_id", "branch", "status")} for copy in copies],
        "waiting": len(_waiting(title_id)),
    }


def list_loans(patron_id):
    patron = _patron(patron_id)
    loans = []
    for loan in _loans(patron_id):
        title = _title(_copy(loan["copy_id"])["title_id"])
        days = _overdue_days(loan)
        loans.append(
            {
                "loan_id": loan["loan_id"],
                "copy_id": loan["copy_id"],
                "title_id": title["title_id"],
                "title": title["title"],
                "form": title["form"],
                "due": loan["due"],
                "renewals": loan["renewals"],
                "days_overdue": days,
                "cost_so_far": _overdue_cost(days, title, patron),
            }
        )
    return {"loans": loans}


def list_reservations(patron_id):
    _patron(patron_id)
    shown = []
    for reservation in _reservations(patron_id):
        ahead = [
            r
            for r in _waiting(reservation["title_id"])
            if (r["placed"], r["reservation_id"]) < (reservation["placed"], reservation["reservation_id"])
        ]
        shown.append(
            {
                key: reservation[key]
                for key in ("reservation_id", "title_id", "pickup_branch", "placed", "status", "collect_by")
            }
            | {
                "title": _title(reservation["title_id"])["title"],
                "ahead": len(ahead) if reservation["status"] == "waiting" else 0,
            }
        )
    return {"reservations": shown}


def list_charges(patron_id):
    _patron(patron_id)
    charges = [c | {"outstanding": _outstanding(c)} for c in find("charges", {"patron_id": patron_id})]
    return {"charges": [c for c in charges if c["outstanding"] > 0], "balance": _balance(patron_id)}


# -- lending ------------------------------------------------------------------------------------


def check_out_copy(patron_id, copy_id):
    patron = _patron(patron_id)
    copy = _copy(copy_id)
    title = _title(copy["title_id"])
    _may_borrow(patron)
    if copy["status"] == "reference":
        fail("reference_only", "This is a reference copy; it stays in the library.")
    if copy["status"] in ("on_loan", "lost"):
        fail("copy_not_available", "This copy is not in the library.")
    if title["form"] == "dvd" and patron["category"] == "child":
        fail("not_for_children", "DVDs are not lent on children's cards.")
    if len(_loans(patron_id)) >= get("rules")["most_loans"][patron["category"]]:
        fail("too_many_loans", "This card holds as many loans as it may.")
    kept = find("reservations", {"copy_id": copy_id, "status": "ready"})
    if kept and kept[0]["patron_id"] != patron_id:
        fail("reserved_for_another", "This copy is kept for another borrower.")
    for reservation in kept:
        update("reservations", reservation["reservation_id"], {"status": "collected"})
    loan_id, due = new_id("L"), _due(title)
    update("copies", copy_id, {"status": "on_loan"})
    insert(
        "loans",
        {
            "loan_id": loan_id,
            "patron_id": patron_id,
            "copy_id": copy_id,
            "out": today(),
            "due": due,
            "renewals": 0,
            "status": "open",
            "ended": None,
        },
    )
    return {"loan_id": loan_id, "title": title["title"], "due": due}


def return_copy(copy_id):
    copy = _copy(copy_id)
    open_loans = find("loans", {"copy_id": copy_id, "status": "open"})
    if not open_loans:
        fail("not_on_loan", "This copy is not on loan.")
    loan = open_loans[0]
    title = _title(copy["title_id"])
    cost = _overdue_cost(_overdue_days(loan), title, _patron(loan["patron_id"]))
    charge = _charge(loan["patron_id"], loan["loan_id"], "overdue", cost)
    update("loans", loan["loan_id"], {"status": "returned", "ended": today()})
    waiting = _waiting(copy["title_id"])
    if waiting:
        update(
            "reservations",
            waiting[0]["reservation_id"],
            {
                "status": "ready",
                "copy_id": copy_id,
                "collect_by": add_days(today(), get("rules")["shelf_days"]),
            },
        )
    update("copies", copy_id, {"status": "reserved" if waiting else "available"})
    return {"loan_id": loan["loan_id"], "title": title["title"], "charge": charge, "reserved": len(waiting) > 0}


def renew_loan(loan_id):
    loan = _open_loan(loan_id)
    patron = _patron(loan["patron_id"])
    title = _title(_copy(loan["copy_id"])["title_id"])
    _may_borrow(patron)
    rules, days = get("rules"), _overdue_days(loan)
    if loan["renewals"] >= rules["most_renewals"]:
        fail("too_many_renewals", "This loan has been renewed as often as it may.")
    if days > rules["renew_within"]:
        fail("too_long_overdue", "This loan is " + str(days) + " days overdue; the copy has to come back.")
    if _waiting(title["title_id"], but_for=loan["patron_id"]):
        fail("title_reserved", "Another borrower is waiting for this title.")
    charge = _charge(loan["patron_id"], loan_id, "overdue", _overdue_cost(days, title, patron))
    due, renewals = _due(title), loan["renewals"] + 1
    update("loans", loan_id, {"due": due, "renewals": renewals})
    return {"loan_id": loan_id, "title": title["title"], "due": due, "renewals": renewals, "charge": charge}


def report_lost(loan_id):
    loan = _open_loan(loan_id)
    copy = _copy(loan["copy_id"])
    charge = _charge(loan["patron_id"], loan_id, "lost", round(copy["price"] + get("rules")["processing_fee"], 2))
    update("copies", copy["copy_id"], {"status": "lost"})
    update("loans", loan_id, {"status": "lost", "ended": today()})
    return {"loan_id": loan_id, "copy_id": copy["copy_id"], "charge": charge}


# -- reservations -------------------------------------------------------------------------------


def place_reservation(patron_id, title_id, pickup_branch):
    patron = _patron(patron_id)
    title = _title(title_id)
    _may_borrow(patron)
    if title["form"] == "dvd" and patron["category"] == "child":
        fail("not_for_children", "DVDs are not lent on children's cards.")
    if len(_reservations(patron_id)) >= get("rules")["most_reservations"]:
        fail("too_many_reservations", "This card holds as many reservations as it may.")
    if [r for r in _reservations(patron_id) if r["title_id"] == title_id]:
        fail("already_reserved", "This borrower has already reserved this title.")
    copies = find("copies", {"title_id": title_id})
    if [
        c
        for c in copies
        if c["status"] == "on_loan"
        and find("loans", {"copy_id": c["copy_id"], "patron_id": patron_id, "status": "open"})
    ]:
        fail("already_on_loan", "This borrower has this title on loan.")
    if not [c for c in copies if c["status"] in ("available", "on_loan", "reserved")]:
        fail("no_lending_copy", "The library has no copy of this title that can be lent.")
    free = [c for c in copies if c["status"] == "available"]
    reservation_id = new_id("R")
    if free:
        update("copies", free[0]["copy_id"], {"status": "reserved"})
    collect_by = add_days(today(), get("rules")["shelf_days"]) if free else None
    insert(
        "reservations",
        {
            "reservation_id": reservation_id,
            "patron_id": patron_id,
            "title_id": title_id,
            "pickup_branch": pickup_branch,
            "placed": today(),
            "status": "ready" if free else "waiting",
            "copy_id": free[0]["copy_id"] if free else None,
            "collect_by": collect_by,
        },
    )
    ahead = 0 if free else len(_waiting(title_id, but_for=patron_id))
    return {
        "reservation_id": reservation_id,
        "title": title["title"],
        "status": "ready" if free else "waiting",
        "collect_by": collect_by,
        "ahead": ahead,
    }


def cancel_reservation(reservation_id):
    reservation = get("reservations", reservation_id)
    if reservation is None:
        fail("reservation_not_found", "There is no reservation " + reservation_id + ".")
    if reservation["status"] not in ("waiting", "ready"):
        fail("reservation_ended", "This reservation is over (" + reservation["status"] + ").")
    update("reservations", reservation_id, {"status": "cancelled", "copy_id": None, "collect_by": None})
    if reservation["status"] == "ready":
        waiting = _waiting(reservation["title_id"])
        if waiting:
            update(
                "reservations",
                waiting[0]["reservation_id"],
                {
                    "status": "ready",
                    "copy_id": reservation["copy_id"],
                    "collect_by": add_days(today(), get("rules")["shelf_days"]),
                },
            )
        else:
            update("copies", reservation["copy_id"], {"status": "available"})
    return {"reservation_id": reservation_id, "status": "cancelled"}


# -- money --------------------------------------------------------------------------------------


def _unsettled(charge_id):
    charge = get("charges", charge_id)
    if charge is None:
        fail("charge_not_found", "There is no charge " + charge_id + ".")
    if _outstanding(charge) <= 0:
        fail("charge_settled", "This charge is settled.")
    return charge


def pay_charge(charge_id, amount, method):
    charge = _unsettled(charge_id)
    if amount > _outstanding(charge):
        fail("too_much", "Only " + _money(_outstanding(charge)) + " is outstanding on this charge.")
    after = update("charges", charge_id, {"paid": round(charge["paid"] + amount, 2)})
    insert(
        "payments",
        {
            "payment_id": new_id("P"),
            "charge_id": charge_id,
            "amount": amount,
            "method": method,
            "at": now(),
        },
    )
    return {"charge_id": charge_id, "outstanding": _outstanding(after), "balance": _balance(charge["patron_id"])}


def waive_charge(charge_id, amount, reason):
    charge = _unsettled(charge_id)
    if charge["kind"] != "overdue":
        fail("not_waivable", "Only overdue charges can be waived at the desk.")
    if round(charge["waived"] + amount, 2) > get("rules")["most_waived"]:
        fail(
            "over_limit", "At most " + _money(get("rules")["most_waived"]) + " of one charge can be waived at the desk."
        )
    if amount > _outstanding(charge):
        fail("too_much", "Only " + _money(_outstanding(charge)) + " is outstanding on this charge.")
    after = update("charges", charge_id, {"waived": round(charge["waived"] + amount, 2), "waived_for": reason})
    return {"charge_id": charge_id, "outstanding": _outstanding(after), "balance": _balance(charge["patron_id"])}


# -- contact ------------------------------------------------------------------------------------


def update_contact(patron_id, email=None, phone=None):
    _patron(patron_id)
    given = {"email": email, "phone": phone}
    fields = {name: value for name, value in given.items() if value is not None}
    if not fields:
        fail("nothing_to_change", "Give a new email address, a new phone number, or both.")
    update("patrons", patron_id, fields)
    return {"patron_id": patron_id} | fields
