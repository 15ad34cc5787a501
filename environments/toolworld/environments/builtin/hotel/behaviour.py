# Three Lamps Hotels: how the reservations desk's tools behave.
#
# A reservation is one room for some nights; each night keeps the rate that was agreed for it. Reservations are booked,
# in_house, departed, cancelled or no_show; only the first two hold their room. What a stay costs is its nights and its
# extras, less credits; of a reservation that was cancelled or missed, it is the fee.


def _reservation(reference):
    reservation = get("reservations", reference)
    if reservation is None:
        fail("reservation_not_found", "There is no reservation " + reference + ".")
    return reservation


def _booked(reference):
    """A reservation whose guest has not arrived yet."""
    reservation = _reservation(reference)
    if reservation["status"] != "booked":
        fail("not_booked", "Reservation " + reference + " is not a coming stay (" + reservation["status"] + ").")
    return reservation


def _type(type_id):
    kind = get("room_types", type_id)
    if kind is None:
        fail("type_not_found", "There is no room type " + type_id + ".")
    return kind


def _money(amount):
    pence = int(round(amount * 100))
    return "£" + str(pence // 100) + "." + ("0" + str(pence % 100) if pence % 100 < 10 else str(pence % 100))


# -- nights and what they cost ------------------------------------------------------------------


def _season(rules, day):
    for season in rules["seasons"]:
        if season["first"] <= day and day <= season["last"]:
            return season["season"]
    fail("no_rates_yet", "There are no rates for the night of " + day + ".")


def _calendar(rules, arrival, departure):
    """The nights of a stay, each with what decides its rate."""
    length = days_between(arrival, departure)
    if length < 1:
        fail("bad_dates", "The departure has to be after the arrival.")
    if length > rules["most_nights"]:
        fail("too_long", "A stay has at most " + str(rules["most_nights"]) + " nights.")
    days = [add_days(arrival, number) for number in range(length)]
    return [{"date": day, "season": _season(rules, day), "weekend": weekday(day) in rules["weekend"]} for day in days]


def _standard(kind, night):
    return kind["rates"][night["season"]]["weekend" if night["weekend"] else "midweek"]


def _rate(rules, kind, night, plan, adults, children, company):
    standard = _standard(kind, night)
    if plan == "advance":
        return round(standard * (1 - rules["advance"]["less"]), 2)
    if plan == "half_board":
        return round(standard + adults * rules["board"]["adult"] + children * rules["board"]["child"], 2)
    if plan == "corporate":
        return round(standard * (1 - company["less"]), 2)
    return standard


def _may_have(rules, plan, company_code, arrival):
    """The company whose code it is, or None; fails where the plan is not to be had."""
    if plan == "advance" and days_between(today(), arrival) < rules["advance"]["days_ahead"]:
        fail(
            "too_late_for_advance",
            "Advance purchase ends " + str(rules["advance"]["days_ahead"]) + " days before arrival.",
        )
    if plan == "corporate" and company_code is None:
        fail("code_needed", "The corporate rate needs the company's code.")
    if company_code is None:
        return None
    company = get("companies", company_code.strip().upper())
    if plan != "corporate" or company is None or company["ends"] < arrival:
        fail("code_not_valid", "This code does not give a corporate rate for these dates.")
    return company


# -- what a stay costs and what is paid ---------------------------------------------------------


def _room_total(reservation):
    return round(sum([night["rate"] for night in reservation["nights"]]), 2)


def _extras_total(reservation, house):
    per_night = sum([(house["prices"][extra] or 0) * quantity for extra, quantity in reservation["extras"].items()])
    return round(per_night * len(reservation["nights"]), 2)


def _credited(reference):
    return round(sum([credit["amount"] for credit in find("credits", {"reference": reference})]), 2)


def _total(reservation):
    if reservation["fee"] is not None:
        return reservation["fee"]
    house = get("houses", reservation["house_id"])
    return round(_room_total(reservation) + _extras_total(reservation, house) - _credited(reservation["reference"]), 2)


def _paid(reference, method=None):
    payments = [p for p in find("payments", {"reference": reference}) if method is None or p["method"] == method]
    return round(sum([p["amount"] if p["kind"] == "payment" else -p["amount"] for p in payments]), 2)


def _pay(reference, kind, method, amount, voucher_code=None):
    if amount > 0:
        insert(
            "payments",
            {
                "payment_id": new_id("P"),
                "reference": reference,
                "kind": kind,
                "method": method,
                "voucher_code": voucher_code,
                "amount": amount,
                "at": now(),
            },
        )


def _voucher_used(reference):
    codes = [
        p["voucher_code"] for p in find("payments", {"reference": reference, "kind": "payment", "method": "voucher"})
    ]
    return codes[0] if codes else None


def _settle(reservation):
    """Give back what is paid beyond the total, to the card as far as it was paid by card, else to the voucher."""
    reference = reservation["reference"]
    excess = round(_paid(reference) - _total(reservation), 2)
    if excess <= 0:
        return 0
    to_card = min(excess, _paid(reference, "card"))
    to_voucher = round(excess - to_card, 2)
    _pay(reference, "refund", "card", to_card)
    if to_voucher > 0:
        voucher = get("vouchers", _voucher_used(reference))
        update("vouchers", voucher["voucher_code"], {"balance": round(voucher["balance"] + to_voucher, 2)})
        _pay(reference, "refund", "voucher", to_voucher, voucher["voucher_code"])
    return excess


def _due(reservation):
    return round(max(0, _total(reservation) - _paid(reservation["reference"])), 2)


# -- cancelling ---------------------------------------------------------------------------------


def _minutes_left(rules, reservation):
    return minutes_between(now(), reservation["arrival"] + "T" + rules["arrival_time"] + ":00Z")


def _free_to_drop(rules, reservation):
    """Whether nights can still be given back free: never of an advance purchase."""
    hours = rules["free_hours"][reservation["plan"]]
    return hours is not None and _minutes_left(rules, reservation) >= hours * 60


def _cancellation_fee(rules, reservation):
    if reservation["plan"] == "advance":
        regretted = minutes_between(reservation["booked_at"], now()) <= rules["advance"]["regret_hours"] * 60
        return 0 if regretted else _room_total(reservation)
    return 0 if _free_to_drop(rules, reservation) else reservation["nights"][0]["rate"]


# -- rooms --------------------------------------------------------------------------------------


def _held(where, arrival, departure, but_for=None):
    """The reservations of a house or a guest that hold a room in any of these nights, one left out."""
    return [
        r
        for r in find("reservations", where)
        if r["status"] in ("booked", "in_house")
        and r["arrival"] < departure
        and r["departure"] > arrival
        and r["reference"] != but_for
    ]


def _free_rooms(kind, dogs, held):
    """The free rooms of a type; rooms that take dogs come last, so that they are kept for dogs."""
    taken = [r["room_id"] for r in held]
    rooms = [
        room for room in find("rooms", {"type_id": kind["type_id"]}) if room["in_use"] and room["room_id"] not in taken
    ]
    fit = [room for room in rooms if dogs == 0 or room["dogs"]]
    return [room["room_id"] for room in sorted(fit, key=lambda room: (1 if room["dogs"] else 0, room["room_id"]))]


def _room_for(reservation, kind, arrival, departure, dogs):
    """Its own room if that is free and will do, or else another of the type, or None."""
    free = _free_rooms(
        kind, dogs, _held({"house_id": kind["house_id"]}, arrival, departure, but_for=reservation["reference"])
    )
    if reservation["room_id"] in free:
        return reservation["room_id"]
    return free[0] if free else None


def _fits(kind, adults, children, cots):
    return adults + children <= kind["sleeps"] and cots <= kind["cots"]


# -- looking things up --------------------------------------------------------------------------


def find_guest(email, surname):
    wanted = surname.strip().lower()
    for guest in find("guests", {"email": email.strip()}, fold=True):
        if guest["surname"].lower() == wanted:
            stays = sorted(
                find("reservations", {"guest_id": guest["guest_id"]}), key=lambda r: (r["arrival"], r["reference"])
            )
            return guest | {
                "stays": [
                    {key: r[key] for key in ("reference", "house_id", "arrival", "departure", "status")} for r in stays
                ],
                "now": now(),
            }
    fail("guest_not_found", "There is no guest of that surname with that email address.")


def find_reservation(reference, surname):
    reservation = get("reservations", reference.strip().upper())
    if reservation is None:
        fail("reservation_not_found", "There is no reservation with that reference and surname.")
    guest = get("guests", reservation["guest_id"])
    if guest["surname"].lower() != surname.strip().lower():
        fail("reservation_not_found", "There is no reservation with that reference and surname.")
    house = get("houses", reservation["house_id"])
    room = get("rooms", reservation["room_id"])
    rules = get("rules")
    paid = _paid(reservation["reference"])
    fee = _cancellation_fee(rules, reservation) if reservation["status"] == "booked" else None
    shown = (
        "reference",
        "guest_id",
        "house_id",
        "type_id",
        "room_id",
        "plan",
        "status",
        "arrival",
        "departure",
        "adults",
        "children",
        "nights",
        "extras",
        "upgraded",
    )
    return {key: reservation[key] for key in shown} | {
        "name": guest["name"],
        "tier": guest["tier"],
        "house": house["name"],
        "room_type": get("room_types", reservation["type_id"])["name"],
        "room_note": room["note"],
        "dog_room": room["dogs"],
        "room_total": _room_total(reservation),
        "extras_total": _extras_total(reservation, house),
        "credited": _credited(reservation["reference"]),
        "fee": reservation["fee"],
        "total": _total(reservation),
        "paid": paid,
        "due": _due(reservation),
        "if_cancelled_now": None
        if fee is None
        else {"fee": fee, "refund": round(max(0, paid - fee), 2), "due": round(max(0, fee - paid), 2)},
        "prices": house["prices"],
        "now": now(),
    }


def search_rooms(house_id, arrival, departure, adults, children=0, cots=0, dogs=0, plan="flexible", company_code=None):
    rules = get("rules")
    if arrival < today():
        fail("bad_dates", "The arrival is in the past.")
    nights = _calendar(rules, arrival, departure)
    company = _may_have(rules, plan, company_code, arrival)
    house = get("houses", house_id)
    held = _held({"house_id": house_id}, arrival, departure)
    offers = []
    for kind in sorted(find("room_types", {"house_id": house_id}), key=lambda kind: kind["rank"]):
        free = _free_rooms(kind, dogs, held)
        if free and dogs <= rules["most_dogs"] and _fits(kind, adults, children, cots):
            priced = [
                {"date": night["date"], "rate": _rate(rules, kind, night, plan, adults, children, company)}
                for night in nights
            ]
            rooms_cost = sum([night["rate"] for night in priced])
            offers.append(
                {
                    "type_id": kind["type_id"],
                    "name": kind["name"],
                    "sleeps": kind["sleeps"],
                    "cots": kind["cots"],
                    "free": len(free),
                    "nights": priced,
                    "total": round(rooms_cost + dogs * (house["prices"]["dog"] or 0) * len(nights), 2),
                }
            )
    shown = {"house": house["name"], "place": house["place"], "phone": house["phone"]}
    return shown | {"plan": plan, "prices": house["prices"], "offers": offers, "now": now()}


def get_voucher(voucher_code):
    voucher = get("vouchers", voucher_code.strip().upper())
    if voucher is None:
        fail("voucher_not_found", "There is no voucher " + voucher_code + ".")
    return {key: voucher[key] for key in ("voucher_code", "value", "balance", "expires")}


# -- booking ------------------------------------------------------------------------------------


def make_reservation(
    guest_id, type_id, arrival, departure, adults, children=0, cots=0, dogs=0, plan="flexible", company_code=None
):
    rules = get("rules")
    if get("guests", guest_id) is None:
        fail("guest_not_found", "There is no guest " + guest_id + ".")
    kind = _type(type_id)
    if arrival < today():
        fail("bad_dates", "The arrival is in the past.")
    nights = _calendar(rules, arrival, departure)
    company = _may_have(rules, plan, company_code, arrival)
    if adults + children > kind["sleeps"]:
        fail("too_many_guests", "This room sleeps " + str(kind["sleeps"]) + ".")
    if cots > kind["cots"]:
        fail("too_many_cots", "This room takes " + (str(kind["cots"]) + " cot." if kind["cots"] else "no cot."))
    if dogs > rules["most_dogs"]:
        fail("too_many_dogs", "A room takes at most " + str(rules["most_dogs"]) + " dogs.")
    held = _held({"house_id": kind["house_id"]}, arrival, departure)
    if len(_held({"guest_id": guest_id}, arrival, departure)) >= rules["most_rooms"]:
        fail("too_many_rooms", "A guest may book at most " + str(rules["most_rooms"]) + " rooms for the same nights.")
    free = _free_rooms(kind, dogs, held)
    if not free:
        fail(
            "no_room",
            "No room of this type " + ("that takes dogs " if dogs else "") + "is free for all of these nights.",
        )
    reservation = insert(
        "reservations",
        {
            "reference": new_id("TL"),
            "guest_id": guest_id,
            "house_id": kind["house_id"],
            "type_id": type_id,
            "room_id": free[0],
            "plan": plan,
            "company_code": company["company_code"] if company else None,
            "status": "booked",
            "booked_at": now(),
            "arrival": arrival,
            "departure": departure,
            "adults": adults,
            "children": children,
            "nights": [
                {"date": night["date"], "rate": _rate(rules, kind, night, plan, adults, children, company)}
                for night in nights
            ],
            "extras": {"parking": 0, "breakfast": 0, "cot": cots, "dog": dogs},
            "upgraded": False,
            "fee": None,
            "cancelled_for": None,
        },
    )
    total = _total(reservation)
    if plan == "advance":
        _pay(reservation["reference"], "payment", "card", total)
    return {
        "reference": reservation["reference"],
        "room_id": free[0],
        "nights": reservation["nights"],
        "total": total,
        "charged": total if plan == "advance" else 0,
        "due": _due(reservation),
    }


# -- changing the nights ------------------------------------------------------------------------


def _company_then(reservation, arrival):
    """The company of a stay, if it has one; fails where its code is not good on the new day of arrival."""
    if reservation["company_code"] is None:
        return None
    company = get("companies", reservation["company_code"])
    if company["ends"] < arrival:
        fail("code_not_valid", "The company's code is not good on the new day of arrival.")
    return company


def _changed(reference, arrival, departure):
    """What a change of dates would come to: nights that are kept keep their rate, new ones have today's."""
    rules = get("rules")
    reservation = _reservation(reference)
    if reservation["status"] not in ("booked", "in_house"):
        fail("not_open", "Reservation " + reference + " cannot be changed (" + reservation["status"] + ").")
    if arrival == reservation["arrival"] and departure == reservation["departure"]:
        fail("nothing_to_change", "These are the dates that it has.")
    if arrival != reservation["arrival"] and arrival < today():
        fail("bad_dates", "The arrival is in the past.")
    calendar = _calendar(rules, arrival, departure)
    agreed = {night["date"]: night["rate"] for night in reservation["nights"]}
    dropped = [night for night in reservation["nights"] if night["date"] < arrival or night["date"] >= departure]
    if dropped and (reservation["status"] == "in_house" or not _free_to_drop(rules, reservation)):
        fail("nights_fixed", "Nights can be added to this stay, but none can be given back any more.")
    company = _company_then(reservation, arrival)
    if _paid(reference, "voucher") > 0 and get("vouchers", _voucher_used(reference))["expires"] < arrival:
        fail("voucher_expired", "The voucher that paid for this stay is not good for the new arrival.")
    kind = _type(reservation["type_id"])
    room_id = _room_for(reservation, kind, arrival, departure, reservation["extras"]["dog"])
    if room_id is None or (reservation["status"] == "in_house" and room_id != reservation["room_id"]):
        fail("no_room", "No room of this type is free for all of these nights.")
    plan = "flexible" if reservation["plan"] == "advance" else reservation["plan"]
    nights = []
    added = []
    for night in calendar:
        new = night["date"] not in agreed
        rate = (
            _rate(rules, kind, night, plan, reservation["adults"], reservation["children"], company)
            if new
            else agreed[night["date"]]
        )
        nights.append({"date": night["date"], "rate": rate})
        if new:
            added.append({"date": night["date"], "rate": rate})
    after = reservation | {"arrival": arrival, "departure": departure, "room_id": room_id, "nights": nights}
    _need_parking(after, after["extras"]["parking"])
    return {"before": reservation, "after": after, "added": added, "dropped": dropped}


def quote_change(reference, arrival, departure):
    change = _changed(reference, arrival, departure)
    before, after = _total(change["before"]), _total(change["after"])
    return {
        "added": change["added"],
        "dropped": change["dropped"],
        "same_room": change["after"]["room_id"] == change["before"]["room_id"],
        "total_before": before,
        "total_after": after,
        "difference": round(after - before, 2),
    }


def change_stay(reference, arrival, departure):
    after = _changed(reference, arrival, departure)["after"]
    update("reservations", reference, {key: after[key] for key in ("arrival", "departure", "room_id", "nights")})
    refund = _settle(after)
    return {
        "reference": reference,
        "room_id": after["room_id"],
        "nights": after["nights"],
        "total": _total(after),
        "refund": refund,
        "due": _due(after),
    }


# -- upgrades -----------------------------------------------------------------------------------


def _upgraded_nights(rules, reservation, kind, better):
    """The nights to come at the share of the difference that the guest's tier pays, and the full difference."""
    terms = rules["upgrade"]
    tier = get("guests", reservation["guest_id"])["tier"]
    soon = days_between(today(), reservation["arrival"]) <= terms["free_days"]
    free = tier == terms["free_tier"] and soon and better["rank"] - kind["rank"] <= terms["free_steps"]
    share = 0 if free else terms["share"][tier]
    nights = []
    difference = 0
    for night, facts in zip(reservation["nights"], _calendar(rules, reservation["arrival"], reservation["departure"])):
        more = _standard(better, facts) - _standard(kind, facts) if night["date"] >= today() else 0
        difference += more
        nights.append({"date": night["date"], "rate": round(night["rate"] + more * share, 2)})
    return nights, round(difference, 2)


def list_upgrades(reference):
    rules = get("rules")
    reservation = _booked(reference)
    kind = _type(reservation["type_id"])
    extras = reservation["extras"]
    held = _held(
        {"house_id": reservation["house_id"]}, reservation["arrival"], reservation["departure"], but_for=reference
    )
    upgrades = []
    for better in sorted(find("room_types", {"house_id": reservation["house_id"]}), key=lambda other: other["rank"]):
        fits = better["rank"] > kind["rank"] and _fits(
            better, reservation["adults"], reservation["children"], extras["cot"]
        )
        if fits and not reservation["upgraded"] and _free_rooms(better, extras["dog"], held):
            nights, difference = _upgraded_nights(rules, reservation, kind, better)
            upgrades.append(
                {
                    "type_id": better["type_id"],
                    "name": better["name"],
                    "steps": better["rank"] - kind["rank"],
                    "difference": difference,
                    "to_pay": round(sum([night["rate"] for night in nights]) - _room_total(reservation), 2),
                }
            )
    return {"reference": reference, "room_type": kind["name"], "upgrades": upgrades}


def upgrade_room(reference, type_id):
    rules = get("rules")
    reservation = _booked(reference)
    kind = _type(reservation["type_id"])
    better = _type(type_id)
    if better["house_id"] != kind["house_id"] or better["rank"] <= kind["rank"]:
        fail("not_an_upgrade", "This is not a better room of the same house.")
    if reservation["upgraded"]:
        fail("already_upgraded", "This stay has been upgraded already.")
    if not _fits(better, reservation["adults"], reservation["children"], reservation["extras"]["cot"]):
        fail("does_not_fit", "This room does not take the party or its cot.")
    room_id = _room_for(
        reservation, better, reservation["arrival"], reservation["departure"], reservation["extras"]["dog"]
    )
    if room_id is None:
        fail("no_room", "No room of this type is free for all of these nights.")
    nights, _difference = _upgraded_nights(rules, reservation, kind, better)
    to_pay = round(sum([night["rate"] for night in nights]) - _room_total(reservation), 2)
    after = update(
        "reservations", reference, {"type_id": type_id, "room_id": room_id, "nights": nights, "upgraded": True}
    )
    return {
        "reference": reference,
        "room_type": better["name"],
        "room_id": room_id,
        "to_pay": to_pay,
        "total": _total(after),
        "due": _due(after),
    }


# -- extras -------------------------------------------------------------------------------------


def _most(rules, reservation, kind, extra):
    return {
        "parking": rules["most_cars"],
        "breakfast": reservation["adults"] + reservation["children"],
        "cot": kind["cots"],
        "dog": rules["most_dogs"],
    }[extra]


def _need_parking(reservation, cars):
    """Fail where the stay's cars are too many in any of its nights that are still to come."""
    spaces = get("houses", reservation["house_id"])["parking_spaces"]
    held = _held(
        {"house_id": reservation["house_id"]},
        reservation["arrival"],
        reservation["departure"],
        but_for=reservation["reference"],
    )
    for night in reservation["nights"]:
        there = sum(
            [r["extras"]["parking"] for r in held if r["arrival"] <= night["date"] and night["date"] < r["departure"]]
        )
        if cars > 0 and night["date"] >= today() and there + cars > spaces:
            fail("car_park_full", "The car park is full in one of these nights.")


def set_extra(reference, extra, quantity):
    rules = get("rules")
    reservation = _booked(reference)
    kind = _type(reservation["type_id"])
    house = get("houses", reservation["house_id"])
    if reservation["extras"][extra] == quantity:
        fail("nothing_to_change", "This is what the reservation has.")
    if extra == "breakfast" and reservation["plan"] == "half_board" and quantity > 0:
        fail("already_included", "Half board includes breakfast.")
    most = _most(rules, reservation, kind, extra)
    if quantity > most:
        fail("too_many", "This room may have at most " + str(most) + " of this.")
    if extra == "parking":
        _need_parking(reservation, quantity)
    room_id = reservation["room_id"]
    if extra == "dog" and quantity > 0:
        room_id = _room_for(reservation, kind, reservation["arrival"], reservation["departure"], quantity)
        if room_id is None:
            fail("no_dog_room", "No room of this type that takes dogs is free for all of these nights.")
    after = update("reservations", reference, {"extras": reservation["extras"] | {extra: quantity}, "room_id": room_id})
    refund = _settle(after)
    return {
        "reference": reference,
        "room_id": room_id,
        "extras": after["extras"],
        "extras_total": _extras_total(after, house),
        "total": _total(after),
        "refund": refund,
        "due": _due(after),
    }


# -- cancelling and coming after all ------------------------------------------------------------


def cancel_reservation(reference, ground=None):
    rules = get("rules")
    reservation = _booked(reference)
    fee = _cancellation_fee(rules, reservation)
    if ground is not None and fee == 0:
        fail("nothing_to_waive", "This reservation can be cancelled free of charge as it is.")
    voucher = None
    if ground is not None:
        fee = 0
        if reservation["plan"] == "advance":
            fee = min(rules["hardship"]["fee"], _paid(reference))
            voucher = _voucher_instead(rules, reservation, round(_paid(reference) - fee, 2))
    after = update("reservations", reference, {"status": "cancelled", "fee": fee, "cancelled_for": ground})
    refund = _settle(after)
    return {
        "reference": reference,
        "status": "cancelled",
        "fee": fee,
        "refund": refund,
        "due": _due(after),
        "voucher": voucher,
    }


def _voucher_instead(rules, reservation, amount):
    """What was paid, less the fee, as a voucher: the money itself stays with the house."""
    if amount <= 0:
        return None
    voucher = insert(
        "vouchers",
        {
            "voucher_code": new_id("LAMP-"),
            "guest_id": reservation["guest_id"],
            "kind": "hardship",
            "value": amount,
            "balance": amount,
            "expires": add_days(today(), rules["hardship"]["voucher_days"]),
        },
    )
    _pay(reservation["reference"], "refund", "voucher", amount, voucher["voucher_code"])
    return {key: voucher[key] for key in ("voucher_code", "value", "expires")}


def reinstate_reservation(reference):
    rules = get("rules")
    reservation = _reservation(reference)
    if reservation["status"] != "no_show":
        fail("not_a_no_show", "Reservation " + reference + " was not missed (" + reservation["status"] + ").")
    if minutes_between(add_days(reservation["arrival"], 1) + "T" + rules["reinstate_until"] + ":00Z", now()) > 0:
        fail(
            "too_late", "A missed stay can be taken up until " + rules["reinstate_until"] + " on the day after arrival."
        )
    if reservation["departure"] <= today():
        fail("no_nights_left", "The only night of this stay has passed.")
    room_id = _room_for(
        reservation, _type(reservation["type_id"]), today(), reservation["departure"], reservation["extras"]["dog"]
    )
    if room_id is None:
        fail("no_room", "No room of this type is free for the nights that are left.")
    _need_parking(reservation, reservation["extras"]["parking"])
    after = update("reservations", reference, {"status": "booked", "fee": None, "room_id": room_id})
    return {"reference": reference, "status": "booked", "room_id": room_id, "total": _total(after), "due": _due(after)}


# -- money --------------------------------------------------------------------------------------


def _usable_voucher(reservation, voucher_code, amount):
    if voucher_code is None:
        fail("voucher_needed", "Give the code of the voucher.")
    voucher = get("vouchers", voucher_code.strip().upper())
    if voucher is None:
        fail("voucher_not_found", "There is no voucher " + voucher_code + ".")
    if reservation["status"] in ("cancelled", "no_show"):
        fail("not_for_fees", "A voucher does not pay for a stay that was cancelled or missed.")
    if voucher["expires"] < reservation["arrival"]:
        fail("voucher_expired", "This voucher was good for arrivals until " + voucher["expires"] + ".")
    if _voucher_used(reservation["reference"]) not in (None, voucher["voucher_code"]):
        fail("voucher_already_used", "Another voucher has been used for this stay.")
    if amount > voucher["balance"]:
        fail("voucher_too_small", "There is " + _money(voucher["balance"]) + " left on this voucher.")
    return voucher


def take_payment(reference, amount, method, voucher_code=None):
    reservation = _reservation(reference)
    due = _due(reservation)
    if due <= 0:
        fail("nothing_due", "Nothing is due on this reservation.")
    if amount > due:
        fail("too_much", "Only " + _money(due) + " is due on this reservation.")
    if method == "card":
        _pay(reference, "payment", "card", amount)
    else:
        voucher = _usable_voucher(reservation, voucher_code, amount)
        update("vouchers", voucher["voucher_code"], {"balance": round(voucher["balance"] - amount, 2)})
        _pay(reference, "payment", "voucher", amount, voucher["voucher_code"])
    return {"reference": reference, "paid": _paid(reference), "due": round(due - amount, 2)}


def give_credit(reference, amount, reason, note):
    rules = get("rules")
    reservation = _reservation(reference)
    if reservation["status"] not in ("in_house", "departed"):
        fail("not_stayed", "The guest has not stayed (" + reservation["status"] + ").")
    if days_between(reservation["departure"], today()) > rules["credit"]["days"]:
        fail("too_late", "A credit is given within " + str(rules["credit"]["days"]) + " days of departure.")
    limit = rules["credit"]["limits"][get("guests", reservation["guest_id"])["tier"]]
    if round(_credited(reference) + amount, 2) > limit:
        fail("over_limit", "At most " + _money(limit) + " can be credited on this guest's stay.")
    if amount > _total(reservation):
        fail("more_than_bill", "The bill is only " + _money(_total(reservation)) + ".")
    insert(
        "credits",
        {
            "credit_id": new_id("CR"),
            "reference": reference,
            "date": today(),
            "amount": amount,
            "reason": reason,
            "note": note,
        },
    )
    refund = _settle(reservation)
    return {
        "reference": reference,
        "credited": _credited(reference),
        "refund": refund,
        "total": _total(reservation),
        "due": _due(reservation),
    }
