"""The hotels keep their own books: what the policy promises, the tools hold to."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.support import acting
from tests.support.acting import get, made, rows, value

from toolworld.environments import Call, Runtime, Snapshot, State, Update, applied, builtin_folders, load_folder

SEEN: dict[str, set[str]] = {}
"""The codes that each tool has been seen to fail with."""


@pytest.fixture(scope="module")
def hotel() -> Runtime:
    return Runtime(load_folder(builtin_folders()["hotel"]))


async def refused(runtime: Runtime, name: str, snapshot: Snapshot | None = None, /, **arguments: Any) -> str:
    code = await acting.refused(runtime, name, snapshot, **arguments)
    SEEN.setdefault(name, set()).add(code)
    return code


async def parked(runtime: Runtime, snapshot: Snapshot, arrival: str, cars: int) -> Snapshot:
    """Book stays of one night with a car each at the Assay House."""
    night = {"arrival": arrival, "departure": next_day(arrival), "adults": 1, "type_id": "ASY-CLS"}
    for guest_id in ("G1041", "G1041", "G1062", "G1062", "G1069", "G1069")[:cars]:
        stay, snapshot = await made(runtime, snapshot, "make_reservation", guest_id=guest_id, **night)
        call = {"reference": stay["reference"], "extra": "parking", "quantity": 1}
        _, snapshot = await made(runtime, snapshot, "set_extra", **call)
    return snapshot


def next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def bill(state: State, row: dict[str, Any]) -> float:
    if row["fee"] is not None:
        return row["fee"]
    house: Any = get(state, "houses", row["house_id"])
    extras = sum((house["prices"][extra] or 0) * quantity for extra, quantity in row["extras"].items())
    credited = sum(credit["amount"] for _, credit in rows(state, "credits") if credit["reference"] == row["reference"])
    return round(sum(night["rate"] for night in row["nights"]) + extras * len(row["nights"]) - credited, 2)


def books_balance(state: State) -> list[str]:
    """Name every contradiction between rooms, stays, payments, vouchers and credits."""
    faults: list[str] = []
    rules: Any = value(state, "rules")
    stays: list[Any] = [row for _, row in rows(state, "reservations")]
    payments: list[Any] = [row for _, row in rows(state, "payments")]
    for row in stays:
        faults += [f"{row['reference']}: {fault}" for fault in stay_faults(state, rules, row)]
        paid = round(
            sum(
                p["amount"] * (1 if p["kind"] == "payment" else -1)
                for p in payments
                if p["reference"] == row["reference"]
            ),
            2,
        )
        if paid > bill(state, row) or paid < 0 or (row["status"] == "departed" and paid != bill(state, row)):
            faults.append(f"{row['reference']} ({row['status']}) costs {bill(state, row)} and {paid} is paid")
    holding = sorted(
        (r for r in stays if r["status"] in ("booked", "in_house", "departed")),
        key=lambda r: (r["room_id"], r["arrival"]),
    )
    for one, other in pairwise(holding):
        if one["room_id"] == other["room_id"] and other["arrival"] < one["departure"]:
            faults.append(f"{one['room_id']} is let twice: {one['reference']}, {other['reference']}")
    for code, voucher in rows(state, "vouchers"):
        spent = sum(p["amount"] * (1 if p["kind"] == "payment" else -1) for p in payments if p["voucher_code"] == code)
        issued = (
            voucher["value"] if voucher["kind"] == "hardship" else 0
        )  # the payment that issued it is a refund to it
        if (
            round(voucher["value"] - spent - issued, 2) != voucher["balance"]
            or not 0 <= voucher["balance"] <= voucher["value"]
        ):
            faults.append(f"{code}: {voucher['balance']} of {voucher['value']} left, {spent} spent")
    for reference in {credit["reference"] for _, credit in rows(state, "credits")}:
        stay: Any = get(state, "reservations", reference)
        guest: Any = get(state, "guests", stay["guest_id"])
        given = sum(credit["amount"] for _, credit in rows(state, "credits") if credit["reference"] == reference)
        if given > rules["credit"]["limits"][guest["tier"]] or stay["status"] not in ("in_house", "departed"):
            faults.append(f"{reference}: {given} credited")
    return faults


def stay_faults(state: State, rules: Any, row: dict[str, Any]) -> list[str]:
    kind: Any = get(state, "room_types", row["type_id"])
    room: Any = get(state, "rooms", row["room_id"])
    arrival, departure = date.fromisoformat(row["arrival"]), date.fromisoformat(row["departure"])
    nights = [(arrival + timedelta(days=number)).isoformat() for number in range((departure - arrival).days)]
    status = {
        "booked": row["departure"] > "2026-02-09",
        "in_house": row["arrival"] < "2026-02-09" <= row["departure"],
        "departed": row["departure"] <= "2026-02-09",
        "cancelled": row["fee"] is not None,
        "no_show": row["fee"] is not None and row["arrival"] < "2026-02-09",
    }
    party = row["adults"] + row["children"]
    ahead = (arrival - date.fromisoformat(row["booked_at"][:10])).days
    wrong = {
        "nights": [night["date"] for night in row["nights"]] != nights or not 1 <= len(nights) <= rules["most_nights"],
        "type": room["type_id"] != row["type_id"] or kind["house_id"] != row["house_id"] or not room["in_use"],
        "party": party > kind["sleeps"] or row["extras"]["cot"] > kind["cots"],
        "dogs": row["extras"]["dog"] > (rules["most_dogs"] if room["dogs"] else 0),
        "breakfast": row["extras"]["breakfast"] > (0 if row["plan"] == "half_board" else party),
        "company": (row["company_code"] is None) == (row["plan"] == "corporate"),
        "status": not status[row["status"]],
        "booked": row["booked_at"][:10] > row["arrival"],
        "advance": row["plan"] == "advance" and ahead < rules["advance"]["days_ahead"],
        "fee": row["fee"] is not None and row["status"] not in ("cancelled", "no_show"),
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


def test_the_initial_state_is_a_few_hundred_records_whose_books_balance(hotel: Runtime) -> None:
    state = hotel.start.state
    assert 300 < sum(len(rows) for rows in state.baseline.collections.values()) <= 600
    assert books_balance(state) == []


def test_the_car_parks_hold_their_cars_and_nobody_stays_in_two_places(hotel: Runtime) -> None:
    state = hotel.start.state
    stays: list[Any] = [row for _, row in rows(state, "reservations") if row["status"] in ("booked", "in_house")]
    for house_id, house in rows(state, "houses"):
        for number in range(60):
            day = (date(2026, 2, 9) + timedelta(days=number)).isoformat()
            there = [r for r in stays if r["house_id"] == house_id and r["arrival"] <= day < r["departure"]]
            assert sum(r["extras"]["parking"] for r in there) <= house["parking_spaces"]
    for one in stays:
        for other in stays:
            if one["reference"] < other["reference"] and one["guest_id"] == other["guest_id"]:
                assert one["departure"] <= other["arrival"] or other["departure"] <= one["arrival"]


async def test_a_chain_of_changes_keeps_the_books_balanced(hotel: Runtime) -> None:
    snapshot = hotel.start
    stay, snapshot = await made(
        hotel, snapshot, "make_reservation",
        guest_id="G1041", type_id="CAP-HBR", arrival="2026-05-01", departure="2026-05-04", adults=2, dogs=1,
    )  # fmt: skip
    assert stay["total"] == 156 + 156 + 134 + 3 * 15
    reference = stay["reference"]
    _, snapshot = await made(
        hotel, snapshot, "take_payment", reference=reference, amount=75, method="voucher", voucher_code="lamp-4410"
    )
    paid, snapshot = await made(hotel, snapshot, "take_payment", reference=reference, amount=416, method="card")
    assert paid == {"reference": reference, "paid": 491.0, "due": 0.0}
    shorter, snapshot = await made(
        hotel, snapshot, "change_stay", reference=reference, arrival="2026-05-01", departure="2026-05-02"
    )
    assert (shorter["total"], shorter["refund"]) == (171.0, 320.0)
    better, snapshot = await made(hotel, snapshot, "upgrade_room", reference=reference, type_id="CAP-FAM")
    assert (better["to_pay"], better["due"]) == (18.0, 18.0)  # half of 192 - 156, for a silver member
    gone, snapshot = await made(hotel, snapshot, "cancel_reservation", reference=reference)
    assert (gone["fee"], gone["refund"], gone["due"]) == (0, 171.0, 0)
    voucher, snapshot = await made(hotel, snapshot, "get_voucher", voucher_code="LAMP-4410")
    assert voucher["balance"] == 75.0  # 96 of the card's 416 were left, so all of it came back
    _, snapshot = await made(hotel, snapshot, "set_extra", reference="TL7CHM", extra="dog", quantity=1)
    _, snapshot = await made(hotel, snapshot, "cancel_reservation", reference="TLX2NC", ground="bereavement")
    _, snapshot = await made(hotel, snapshot, "reinstate_reservation", reference="TLJ9WK")
    _, snapshot = await made(
        hotel, snapshot, "give_credit", reference="TLR5QC", amount=40.0, reason="room_fault", note="No hot water."
    )
    assert books_balance(snapshot.state) == []


async def test_looking_up_gives_the_hour_and_what_the_house_charges(hotel: Runtime) -> None:
    guest, snapshot = await made(
        hotel, hotel.start, "find_guest", email="ines.carvalho@example.org", surname="Carvalho"
    )
    stay, snapshot = await made(hotel, snapshot, "find_reservation", reference="TL4K7Q", surname="Carvalho")
    night = {"house_id": "capstan", "arrival": "2026-03-10", "departure": "2026-03-11", "adults": 2}
    found, _ = await made(hotel, snapshot, "search_rooms", **night)
    assert [shown["now"][11:16] for shown in (guest, stay, found)] == ["09:00", "09:01", "09:02"]
    assert stay["prices"] == found["prices"] == {"parking": 10.0, "breakfast": 14.0, "cot": 0.0, "dog": 15.0}


async def test_cancelling_follows_the_plan(hotel: Runtime) -> None:
    async def cost(reference: str, surname: str) -> Any:
        shown, _ = await made(hotel, hotel.start, "find_reservation", reference=reference, surname=surname)
        return shown["if_cancelled_now"]

    assert await cost("TL4K7Q", "Carvalho") == {"fee": 0, "refund": 112.0, "due": 0}  # 54 hours ahead
    assert await cost("tlp3vd", "PETRIE") == {"fee": 122.0, "refund": 0, "due": 122.0}  # 30 hours ahead
    assert await cost("TLW5RJ", "Pritchard") == {"fee": 242.0, "refund": 0, "due": 242.0}  # half board: 164 + 2 x 39
    assert await cost("TLH6MA", "Haddad") == {"fee": 401.2, "refund": 0, "due": 0}  # 2 x 236 x 0.85
    fresh, _ = await made(hotel, hotel.start, "cancel_reservation", reference="TLK6DA")  # booked yesterday evening
    assert fresh["fee"] == 0
    assert fresh["refund"] == round((304 + 304 + 258) * 0.85 + 3 * 25, 2)


async def test_hardship_turns_an_advance_purchase_into_a_voucher_and_lifts_a_first_night(hotel: Runtime) -> None:
    gone, snapshot = await made(hotel, hotel.start, "cancel_reservation", reference="TLX2NC", ground="bereavement")
    assert (gone["fee"], gone["refund"]) == (25.0, 0)
    assert (gone["voucher"]["value"], gone["voucher"]["expires"]) == (
        498.6,
        "2027-02-09",
    )  # (2 x 216 + 184) x 0.85 - 25
    assert books_balance(snapshot.state) == []
    late, _ = await made(hotel, hotel.start, "cancel_reservation", reference="TLP3VD", ground="serious_illness")
    assert (late["fee"], late["voucher"]) == (0, None)


async def test_only_new_nights_are_priced_anew(hotel: Runtime) -> None:
    quote, _ = await made(
        hotel, hotel.start, "quote_change", reference="TLQ9FT", arrival="2026-03-02", departure="2026-03-07"
    )
    assert (quote["total_before"], quote["difference"]) == (210.0, 118 + 118 + 140)
    after, snapshot = await made(
        hotel, hotel.start, "change_stay", reference="TLQ9FT", arrival="2026-03-02", departure="2026-03-06"
    )
    assert [night["rate"] for night in after["nights"]] == [105.0, 105.0, 118.0, 118.0]
    assert books_balance(snapshot.state) == []
    longer, _ = await made(
        hotel, hotel.start, "quote_change", reference="TLH6MA", arrival="2026-02-20", departure="2026-02-23"
    )
    assert longer["difference"] == 208.0  # one more night of an advance purchase, at the flexible rate


async def test_upgrades_cost_what_the_tier_pays(hotel: Runtime) -> None:
    async def prices(reference: str) -> dict[str, float]:
        shown, _ = await made(hotel, hotel.start, "list_upgrades", reference=reference)
        return {row["type_id"]: row["to_pay"] for row in shown["upgrades"]}

    gold = await prices("TLA6KW")
    assert (gold["TRN-FEL"], gold["TRN-SPA"]) == (0, 126.0)  # one step free; two steps: half of 2 x (322 - 196)
    assert (await prices("TLD8JN"))["CAP-HBR"] == 30.0  # silver: half of 2 x (140 - 110)
    assert (await prices("TL7CHM")).get("CAP-HBR", 90.0) == 90.0  # standard: 3 x (142 - 112)


async def test_plans_price_a_night(hotel: Runtime) -> None:
    async def total(type_id: str, **arguments: Any) -> float:
        found, _ = await made(
            hotel, hotel.start, "search_rooms", arrival="2026-03-10", departure="2026-03-13", **arguments
        )
        return next(offer["total"] for offer in found["offers"] if offer["type_id"] == type_id)

    assert await total("TRN-FEL", house_id="tarn", adults=2, cots=1, plan="advance") == 438.6  # 3 x 172 x 0.85
    assert await total("TRN-FEL", house_id="tarn", adults=2, plan="half_board") == 750.0  # 3 x (172 + 2 x 39)
    assert (
        await total("TRN-COT", house_id="tarn", adults=2, children=1, plan="half_board") == 1062.0
    )  # 3 x (258 + 78 + 18)
    assert await total("TRN-COT", house_id="tarn", adults=2, dogs=2) == 924.0  # 3 x (258 + 2 x 25)
    code = "hallamworks-26"
    assert (
        await total("ASY-CLS", house_id="assay", adults=1, plan="corporate", company_code=code) == 250.92
    )  # 3 x 102 x 0.82


async def test_a_missed_stay_can_be_taken_up_until_noon(hotel: Runtime) -> None:
    back, snapshot = await made(hotel, hotel.start, "reinstate_reservation", reference="TLJ9WK")
    assert (back["total"], back["due"]) == (288.0, 192.0)
    assert books_balance(snapshot.state) == []
    late = hotel.start
    for _ in range(181):  # a minute a call: from 09:00 until past 12:00
        _, late = await made(hotel, late, "get_voucher", voucher_code="LAMP-7731")
    assert await refused(hotel, "reinstate_reservation", late, reference="TLJ9WK") == "too_late"


async def test_a_credit_cannot_be_split_past_its_limit(hotel: Runtime) -> None:
    credit = {"reference": "TLR5QC", "reason": "noise", "note": "Party next door."}
    first, snapshot = await made(hotel, hotel.start, "give_credit", amount=30.0, **credit)
    assert first["refund"] == 30.0
    assert await refused(hotel, "give_credit", snapshot, amount=10.01, **credit) == "over_limit"


async def test_a_dog_moves_the_stay_to_a_dog_room(hotel: Runtime) -> None:
    after, snapshot = await made(hotel, hotel.start, "set_extra", reference="TL7CHM", extra="dog", quantity=1)
    assert (after["room_id"], after["extras_total"]) == ("CAP-03", 45.0)
    parked, _ = await made(hotel, snapshot, "set_extra", reference="TL7CHM", extra="parking", quantity=1)
    assert parked["total"] == 411.0


async def test_looking_up_is_refused_without_the_right_name(hotel: Runtime) -> None:
    assert await refused(hotel, "find_guest", email="ines.carvalho@example.org", surname="Petrie") == "guest_not_found"
    assert await refused(hotel, "find_reservation", reference="TL4K7Q", surname="Petrie") == "reservation_not_found"
    assert await refused(hotel, "get_voucher", voucher_code="LAMP-0000") == "voucher_not_found"
    for tool in ("quote_change", "change_stay"):
        assert (
            await refused(hotel, tool, reference="TL0000", arrival="2026-03-01", departure="2026-03-02")
            == "reservation_not_found"
        )
    for tool in ("list_upgrades", "cancel_reservation", "reinstate_reservation"):
        assert await refused(hotel, tool, reference="TL0000") == "reservation_not_found"
    assert await refused(hotel, "upgrade_room", reference="TL0000", type_id="CAP-HBR") == "reservation_not_found"
    assert await refused(hotel, "set_extra", reference="TL0000", extra="dog", quantity=1) == "reservation_not_found"
    assert await refused(hotel, "take_payment", reference="TL0000", amount=1, method="card") == "reservation_not_found"
    credit = {"amount": 10, "reason": "noise", "note": "A party."}
    assert await refused(hotel, "give_credit", reference="TL0000", **credit) == "reservation_not_found"


async def test_booking_is_refused(hotel: Runtime) -> None:
    for tool, where in (
        ("search_rooms", {"house_id": "assay"}),
        ("make_reservation", {"guest_id": "G1041", "type_id": "ASY-CLS"}),
    ):

        async def no(arrival: str, departure: str, tool: str = tool, where: dict[str, str] = where, **more: Any) -> str:
            return await refused(
                hotel, tool, **({"arrival": arrival, "departure": departure, "adults": 2} | where | more)
            )

        assert await no("2026-02-08", "2026-02-10") == "bad_dates"
        assert await no("2026-03-10", "2026-03-10") == "bad_dates"
        assert await no("2026-03-01", "2026-03-16") == "too_long"
        assert await no("2026-05-30", "2026-06-02") == "no_rates_yet"
        assert await no("2026-02-22", "2026-02-24", plan="advance") == "too_late_for_advance"
        assert await no("2026-03-10", "2026-03-12", plan="corporate") == "code_needed"
        assert await no("2026-03-10", "2026-03-12", plan="corporate", company_code="STEELCITY25") == "code_not_valid"
        assert await no("2026-03-10", "2026-03-12", company_code="HALLAMWORKS-26") == "code_not_valid"
    night = {"guest_id": "G1041", "arrival": "2026-05-04", "departure": "2026-05-05", "adults": 2}
    assert (
        await refused(hotel, "make_reservation", **(night | {"guest_id": "G1"}), type_id="CAP-HBR") == "guest_not_found"
    )
    assert await refused(hotel, "make_reservation", **night, type_id="CAP-XXX") == "type_not_found"
    assert await refused(hotel, "make_reservation", **night, type_id="CAP-SNG", children=1) == "too_many_guests"
    assert await refused(hotel, "make_reservation", **night, type_id="CAP-SNG", cots=1) == "too_many_cots"
    assert await refused(hotel, "make_reservation", **night, type_id="CAP-SNG", dogs=3) == "too_many_dogs"
    assert await refused(hotel, "make_reservation", **night, type_id="ASY-CLS", dogs=1) == "no_room"
    snapshot = hotel.start
    for _ in range(3):
        _, snapshot = await made(hotel, snapshot, "make_reservation", **night, type_id="CAP-HBR")
    assert await refused(hotel, "make_reservation", snapshot, **night, type_id="CAP-HBR") == "too_many_rooms"


async def test_changes_are_refused(hotel: Runtime) -> None:
    _, full = await made(
        hotel, hotel.start, "make_reservation",
        guest_id="G1076", type_id="CAP-STE", arrival="2026-03-09", departure="2026-03-10", adults=2,
    )  # fmt: skip
    _, paid = await made(
        hotel, hotel.start, "take_payment", reference="TLC7BN", amount=50, method="voucher", voucher_code="LAMP-7731"
    )
    ours, parking = await made(
        hotel, hotel.start, "make_reservation",
        guest_id="G1055", type_id="ASY-CLS", arrival="2026-05-06", departure="2026-05-07", adults=1,
    )  # fmt: skip
    car = ours["reference"]
    _, parking = await made(hotel, parking, "set_extra", reference=car, extra="parking", quantity=1)
    parking = await parked(hotel, parking, "2026-05-05", 6)
    for tool in ("quote_change", "change_stay"):

        async def no(
            reference: str, arrival: str, departure: str, snapshot: Snapshot | None = None, tool: str = tool
        ) -> str:
            return await refused(hotel, tool, snapshot, reference=reference, arrival=arrival, departure=departure)

        assert await no("TLR5QC", "2026-02-05", "2026-02-09") == "not_open"
        assert await no("TL4K7Q", "2026-02-11", "2026-02-13") == "nothing_to_change"
        assert await no("TL4K7Q", "2026-02-08", "2026-02-13") == "bad_dates"
        assert await no("TL4K7Q", "2026-02-11", "2026-02-11") == "bad_dates"
        assert await no("TL4K7Q", "2026-02-11", "2026-03-11") == "too_long"
        assert await no("TLQ9FT", "2026-05-30", "2026-06-02") == "no_rates_yet"
        assert await no("TLW5RJ", "2026-02-11", "2026-02-13") == "nights_fixed"
        assert await no("TLH6MA", "2026-02-21", "2026-02-23") == "nights_fixed"
        assert await no("TLAWPY", "2026-04-01", "2026-04-03") == "code_not_valid"  # it ends on the 31st of March
        assert await no("TLC7BN", "2026-04-16", "2026-04-18", paid) == "voucher_expired"  # good until the 15th
        assert await no("TLX2NC", "2026-03-06", "2026-03-10", full) == "no_room"
        assert await no(car, "2026-05-05", "2026-05-06", parking) == "car_park_full"


async def test_a_code_and_a_voucher_still_good_on_the_new_arrival_do_not_stand_in_the_way(hotel: Runtime) -> None:
    moved = {"reference": "TLAWPY", "arrival": "2026-03-31", "departure": "2026-04-02"}
    _, snapshot = await made(hotel, hotel.start, "change_stay", **moved)
    voucher = {"amount": 50, "method": "voucher", "voucher_code": "LAMP-7731"}
    _, snapshot = await made(hotel, snapshot, "take_payment", reference="TLC7BN", **voucher)
    moved = {"reference": "TLC7BN", "arrival": "2026-04-15", "departure": "2026-04-17"}
    _, snapshot = await made(hotel, snapshot, "change_stay", **moved)
    assert books_balance(snapshot.state) == []


async def test_upgrades_are_refused(hotel: Runtime) -> None:
    assert await refused(hotel, "list_upgrades", reference="TLR5QC") == "not_booked"
    assert await refused(hotel, "upgrade_room", reference="TLR5QC", type_id="TRN-COT") == "not_booked"
    assert await refused(hotel, "upgrade_room", reference="TLD8JN", type_id="CAP-XXX") == "type_not_found"
    assert await refused(hotel, "upgrade_room", reference="TLD8JN", type_id="TRN-SPA") == "not_an_upgrade"
    assert await refused(hotel, "upgrade_room", reference="TL4K9X", type_id="CAP-SNG") == "not_an_upgrade"
    assert await refused(hotel, "upgrade_room", reference="TLC7BN", type_id="CAP-STE") == "does_not_fit"
    _, snapshot = await made(hotel, hotel.start, "upgrade_room", reference="TLA6KW", type_id="TRN-FEL")
    assert await refused(hotel, "upgrade_room", snapshot, reference="TLA6KW", type_id="TRN-SPA") == "already_upgraded"
    listed, _ = await made(hotel, snapshot, "list_upgrades", reference="TLA6KW")
    assert listed["upgrades"] == []
    _, snapshot = await made(hotel, hotel.start, "set_extra", reference="TL7CHM", extra="dog", quantity=1)
    assert await refused(hotel, "upgrade_room", snapshot, reference="TL7CHM", type_id="CAP-STE") == "no_room"


async def test_extras_are_refused(hotel: Runtime) -> None:
    async def no(reference: str, extra: str, quantity: int, snapshot: Snapshot | None = None) -> str:
        return await refused(hotel, "set_extra", snapshot, reference=reference, extra=extra, quantity=quantity)

    assert await no("TLR5QC", "breakfast", 0) == "not_booked"
    assert await no("TL7CHM", "dog", 0) == "nothing_to_change"
    assert await no("TLW5RJ", "breakfast", 2) == "already_included"
    assert await no("TL7CHM", "breakfast", 3) == "too_many"
    assert await no("TL7CHM", "parking", 2) == "too_many"
    assert await no("TL7CHM", "cot", 1) == "too_many"
    assert await no("TLM4YP", "dog", 1) == "no_dog_room"
    night = {"arrival": "2026-05-05", "departure": "2026-05-06", "adults": 1, "type_id": "ASY-CLS"}
    stay, snapshot = await made(hotel, hotel.start, "make_reservation", guest_id="G1055", **night)
    snapshot = await parked(hotel, snapshot, "2026-05-05", 6)
    assert await no(stay["reference"], "parking", 1, snapshot) == "car_park_full"


async def test_cancelling_and_taking_up_are_refused(hotel: Runtime) -> None:
    assert await refused(hotel, "cancel_reservation", reference="TLR5QC") == "not_booked"
    assert await refused(hotel, "cancel_reservation", reference="TL4K7Q", ground="bereavement") == "nothing_to_waive"
    assert await refused(hotel, "reinstate_reservation", reference="TL4K7Q") == "not_a_no_show"
    assert await refused(hotel, "reinstate_reservation", reference="TLN4XE") == "too_late"
    assert await refused(hotel, "reinstate_reservation", reference="TLG3QV") == "no_nights_left"
    snapshot = hotel.start
    night = {"type_id": "ASY-CLS", "arrival": "2026-02-10", "departure": "2026-02-11", "adults": 1}
    for guest_id, _ in rows(hotel.start.state, "guests"):  # until every room of the type is let, one to a guest
        event, snapshot = await hotel.step(
            snapshot, Call(name="make_reservation", arguments={"guest_id": guest_id, **night})
        )
        if event.failure:
            assert event.failure.code == "no_room"
            break
    assert await refused(hotel, "reinstate_reservation", snapshot, reference="TLJ9WK") == "no_room"
    extras: Any = {"parking": 1, "breakfast": 0, "cot": 0, "dog": 0}
    car = Update(collection="reservations", key="TLJ9WK", fields={"extras": extras})
    snapshot = Snapshot(applied(hotel.start.state, (car,)))
    snapshot = await parked(hotel, snapshot, "2026-02-10", 4)  # a guest in house has one car there too
    await made(hotel, snapshot, "reinstate_reservation", reference="TLJ9WK")
    snapshot = await parked(hotel, snapshot, "2026-02-10", 1)
    assert await refused(hotel, "reinstate_reservation", snapshot, reference="TLJ9WK") == "car_park_full"


async def test_payments_are_refused(hotel: Runtime) -> None:
    async def no(
        reference: str, amount: float, method: str = "voucher", snapshot: Snapshot | None = None, **code: str
    ) -> str:
        return await refused(hotel, "take_payment", snapshot, reference=reference, amount=amount, method=method, **code)

    assert await no("TLR5QC", 1, "card") == "nothing_due"
    assert await no("TLC7BN", 428.01, "card") == "too_much"
    assert await no("TLC7BN", 10) == "voucher_needed"
    assert await no("TLC7BN", 10, voucher_code="LAMP-0000") == "voucher_not_found"
    assert await no("TLC7BN", 10, voucher_code="LAMP-2046") == "voucher_expired"
    assert await no("TLC7BN", 150.01, voucher_code="LAMP-7731") == "voucher_too_small"
    _, snapshot = await made(
        hotel, hotel.start, "take_payment", reference="TLC7BN", amount=50, method="voucher", voucher_code="LAMP-7731"
    )
    assert await no("TLC7BN", 10, snapshot=snapshot, voucher_code="LAMP-4410") == "voucher_already_used"
    assert books_balance(snapshot.state) == []
    _, snapshot = await made(hotel, hotel.start, "cancel_reservation", reference="TLP3VD")
    assert await no("TLP3VD", 50, snapshot=snapshot, voucher_code="LAMP-4410") == "not_for_fees"


async def test_credits_are_refused(hotel: Runtime) -> None:
    state = hotel.start.state
    old = [
        key
        for key, row in rows(state, "reservations")
        if row["status"] == "departed" and row["departure"] < "2026-01-10"
    ]
    credit = {"reason": "noise", "note": "A party next door."}
    assert await refused(hotel, "give_credit", reference="TL4K7Q", amount=10, **credit) == "not_stayed"
    assert await refused(hotel, "give_credit", reference=old[0], amount=10, **credit) == "too_late"
    assert await refused(hotel, "give_credit", reference="TLR5QC", amount=40.01, **credit) == "over_limit"
    small: dict[str, Any] = {
        key: bill(state, row)
        for key, row in rows(state, "reservations")
        if row["status"] == "departed"
        and get(state, "guests", row["guest_id"])["tier"] == "gold"
        and bill(state, row) < 75  # type: ignore[index]
    }
    assert await refused(hotel, "give_credit", reference=min(small), amount=75, **credit) == "more_than_bill"


async def test_somebody_in_house_can_stay_longer_but_not_leave_free(hotel: Runtime) -> None:
    row = next(
        row
        for _, row in rows(hotel.start.state, "reservations")
        if row["room_id"] == "TRN-12" and row["status"] == "in_house"
    )
    stay = {"reference": row["reference"], "arrival": row["arrival"]}
    assert await refused(hotel, "change_stay", **stay, departure="2026-02-12") == "nights_fixed"
    longer, snapshot = await made(hotel, hotel.start, "change_stay", **stay, departure="2026-02-14")
    assert longer["nights"][-1] == {"date": "2026-02-13", "rate": 236.0 + 2 * 39}
    assert books_balance(snapshot.state) == []


def test_every_documented_error_has_been_met(hotel: Runtime, request: pytest.FixtureRequest) -> None:
    acting.skip_unless_whole_file(request)
    for tool in hotel.environment.tools:
        assert SEEN.get(tool.name, set()) == {error.code for error in tool.errors}, tool.name
