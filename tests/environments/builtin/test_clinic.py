"""The surgery keeps its own book: every slot is held once, and what the policy promises, the tools hold to."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from tests.support import acting
from tests.support.acting import get, made, rows, value

from toolworld.environments import Runtime, Snapshot, State, builtin_folders, load_folder

SEEN: dict[str, set[str]] = {}
TODAY = "2026-02-09"


@pytest.fixture
def clinic() -> Runtime:
    return Runtime(load_folder(builtin_folders()["clinic"]))


async def refused(runtime: Runtime, name: str, snapshot: Snapshot | None = None, /, **arguments: Any) -> str:
    code = await acting.refused(runtime, name, snapshot, **arguments)
    SEEN.setdefault(name, set()).add(code)
    return code


def patient(state: State, name: str) -> str:
    return next(key for key, row in rows(state, "patients") if row["name"] == name)


def slot(state: State, clinician: str, start: str) -> str:
    found = state.find("slots", {"clinician_id": clinician, "start": f"2026-02-{start.replace(' ', 'T')}:00Z"})
    return next(key for key, _ in found)


def booked(state: State, name: str, type_id: str) -> str:
    where = {"patient_id": patient(state, name), "type_id": type_id, "status": "booked"}
    return next(key for key, _ in state.find("appointments", where))


def repeat(state: State, name: str, medicine: str) -> str:
    own = state.find("repeats", {"patient_id": patient(state, name)})
    return next(key for key, row in own if str(row["medicine"]).startswith(medicine))


def age_on(born: str, day: str) -> int:
    return int(day[:4]) - int(born[:4]) - (day[5:] < born[5:])


def minute(start: str) -> int:
    return int(start[11:13]) * 60 + int(start[14:16])


def book_balances(state: State) -> list[str]:
    """Name every contradiction between slots, appointments, the waiting list and what clinicians do."""
    return [
        *slot_faults(state),
        *appointment_faults(state),
        *held_faults(state),
        *patient_faults(state),
        *waiting_faults(state),
        *request_faults(state),
    ]


def slot_faults(state: State) -> Iterator[str]:
    slots = dict(rows(state, "slots"))
    taken = [key for _, a in rows(state, "appointments") for key in a["slots"]]
    offered = [e["slot_id"] for _, e in rows(state, "waiting_list") if e["status"] == "offered"]
    for key, row in slots.items():
        if taken.count(key) != (row["status"] == "booked") or offered.count(key) != (row["status"] == "held"):
            yield f"{key} is {row['status']}, taken {taken.count(key)} and offered {offered.count(key)} times"
        gaps = [
            minute(other["start"]) - minute(row["start"])
            for other in slots.values()
            if other is not row
            and (other["clinician_id"], other["start"][:10]) == (row["clinician_id"], row["start"][:10])
        ]
        if any(0 <= gap < row["minutes"] for gap in gaps):
            yield f"{key} overlaps another slot"


def appointment_faults(state: State) -> Iterator[str]:
    clinicians = dict(rows(state, "clinicians"))
    for key, a in rows(state, "appointments"):
        if (a["status"] == "booked") != bool(a["slots"]):
            yield f"{key} is {a['status']} with slots {a['slots']}"
        if a["type_id"] not in clinicians[a["clinician_id"]]["does"]:
            yield f"{key}: {a['clinician_id']} does not do {a['type_id']}"
        if (a["status"] == "cancelled") != (a["cancelled_for"] is not None):
            yield f"{key} is {a['status']} for {a['cancelled_for']}"
        if a["counts"] and not (a["status"] == "missed" or a["cancelled_for"] == "patient_wish"):
            yield f"{key} counts as missed"
        if a["status"] == "missed" and not a["counts"]:
            yield f"{key} was missed and does not count"
        if a["status"] in ("attended", "missed") and a["start"][:10] >= TODAY:
            yield f"{key} is over before it began"
        if a["booked_on"] > min(TODAY, a["start"][:10]):
            yield f"{key} was booked on {a['booked_on']}"


def held_faults(state: State) -> Iterator[str]:
    """What is wrong between an appointment to come and the slots that it holds."""
    types, slots = dict(rows(state, "appointment_types")), dict(rows(state, "slots"))
    for key, a in rows(state, "appointments"):
        held = [slots[name] for name in a["slots"]]
        if not held:
            continue
        if (a["start"], a["minutes"]) != (held[0]["start"], sum(row["minutes"] for row in held)):
            yield f"{key} is not when its slots are"
        if {row["clinician_id"] for row in held} != {a["clinician_id"]}:
            yield f"{key} is not with whom its slots are"
        urgent = types[a["type_id"]]["kind"] == "urgent"
        if {row["release"] for row in held} != {"on_the_day" if urgent else "ahead"}:
            yield f"{key} is in a wrong kind of slot"
        if len(held) == 2 and minute(held[0]["start"]) + held[0]["minutes"] != minute(held[1]["start"]):
            yield f"{key} has slots that do not follow each other"


def patient_faults(state: State) -> Iterator[str]:
    """What is wrong between the appointments to come and the patients that they are for."""
    types, patients = dict(rows(state, "appointment_types")), dict(rows(state, "patients"))
    routine: Counter[str] = Counter()
    busy: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for key, a in rows(state, "appointments"):
        if not a["slots"]:
            continue
        type_, who = types[a["type_id"]], patients[a["patient_id"]]
        wants_double = type_["double_only"] or a["interpreter"] or "Always a double" in (who["needs"] or "")
        if wants_double and len(a["slots"]) != 2:
            yield f"{key} should be a double one"
        if a["interpreter"] and who["interpreter"] is None:
            yield f"{key} has an interpreter for no language"
        if not type_["age_from"] <= age_on(who["date_of_birth"], TODAY) <= type_["age_to"]:
            yield f"{key}: not of the age for {a['type_id']}"
        routine[a["patient_id"]] += type_["kind"] == "routine"
        spans = busy.setdefault((a["patient_id"], a["start"][:10]), [])
        begins, ends = minute(a["start"]), minute(a["start"]) + a["minutes"]
        if any(begins < end and start < ends for start, end in spans):
            yield f"{key} clashes"
        spans.append((begins, ends))
    yield from (f"{key} has {count} routine appointments" for key, count in routine.items() if count > 1)


def waiting_faults(state: State) -> Iterator[str]:
    clinicians, slots = dict(rows(state, "clinicians")), dict(rows(state, "slots"))
    places: dict[str, list[str]] = {}
    for key, e in rows(state, "waiting_list"):
        if len({e["status"] == "offered", e["slot_id"] is not None, e["answer_by"] is not None}) > 1:
            yield f"{key} is {e['status']} with slot {e['slot_id']}"
        if e["clinician_id"] is not None and e["type_id"] not in clinicians[e["clinician_id"]]["does"]:
            yield f"{key} waits for what {e['clinician_id']} does not do"
        if e["slot_id"] and e["clinician_id"] not in (None, slots[e["slot_id"]]["clinician_id"]):
            yield f"{key} is offered a slot with somebody else"
        if e["status"] in ("waiting", "offered"):
            places.setdefault(e["patient_id"], []).append(e["type_id"])
    for key, types in places.items():
        if len(types) > 2 or len({*types}) < len(types):
            yield f"{key} waits for {types}"


def request_faults(state: State) -> Iterator[str]:
    for key, r in rows(state, "repeats"):
        if (r["status"] == "requested") != (r["requested_on"] is not None):
            yield f"{key} is {r['status']}, requested on {r['requested_on']}"
    for key, r in rows(state, "results"):
        if (r["status"] == "back") != (r["comment"] is not None):
            yield f"{key} is {r['status']} with comment {r['comment']}"
        if (r["callback"] is None) != (r["callback_by"] is None):
            yield f"{key} has half a callback"


def test_the_initial_state_is_a_few_hundred_records_whose_book_balances(clinic: Runtime) -> None:
    state = clinic.start.state
    assert 300 <= sum(len(records) for records in state.baseline.collections.values()) <= 600
    assert book_balances(state) == []


def test_all_that_was_booked_was_booked_within_the_limits(clinic: Runtime) -> None:
    state = clinic.start.state
    ahead = value(state, "rules")["ahead_days"]
    types = dict(rows(state, "appointment_types"))
    for key, row in rows(state, "appointments"):
        if row["status"] != "booked":
            continue
        days = (date.fromisoformat(row["start"][:10]) - date.fromisoformat(row["booked_on"])).days
        assert 0 <= days <= ahead[types[row["type_id"]]["kind"]], key


async def test_booking_moving_and_cancelling_keep_the_book_balanced(clinic: Runtime) -> None:
    snapshot = clinic.start
    state = snapshot.state
    nadia, halina, margaret = (patient(state, n) for n in ("Nadia Rahman", "Halina Wójcik", "Margaret Thorne"))
    shown, snapshot = await made(clinic, snapshot, "list_appointments", patient_id=nadia)
    offer = shown["waiting"][0]
    assert (offer["status"], offer["offered_with"], offer["ahead"]) == ("offered", "Dr Catrin Bevan", 0)
    assert offer["slot_id"] == slot(state, "bevan", "12 11:20")
    moved, snapshot = await made(
        clinic,
        snapshot,
        "move_appointment",
        appointment_id=booked(state, "Nadia Rahman", "gp_appointment"),
        slot_id=offer["slot_id"],
    )
    assert (moved["start"], moved["moves"]) == ("2026-02-12T11:20:00Z", 1)
    assert get(snapshot.state, "waiting_list", offer["entry_id"])["status"] == "booked"
    next_offer = get(snapshot.state, "waiting_list", "W302")  # waits for Dr Bevan, whose slot came free
    assert (next_offer["status"], next_offer["slot_id"]) == ("offered", slot(state, "bevan", "19 11:20"))
    assert next_offer["answer_by"] == "2026-02-10"
    _, snapshot = await made(clinic, snapshot, "leave_waiting_list", entry_id="W302")
    assert get(snapshot.state, "slots", slot(state, "bevan", "19 11:20"))["status"] == "free"
    double, snapshot = await made(
        clinic,
        snapshot,
        "book_appointment",
        patient_id=halina,
        type_id="gp_appointment",
        slot_id=slot(state, "ashworth", "12 15:00"),
        double=True,
        interpreter=True,
    )
    assert double["minutes"] == 20
    first, snapshot = await made(
        clinic, snapshot, "join_waiting_list", patient_id=margaret, type_id="gp_appointment", clinician_id="ashworth"
    )
    assert first["ahead"] == 0
    gone, snapshot = await made(clinic, snapshot, "cancel_appointment", appointment_id=double["appointment_id"])
    assert gone == {
        "appointment_id": double["appointment_id"],
        "late": False,
        "counts_as_missed": False,
        "missed": 0,
        "same_day_only": False,
    }
    entry = get(snapshot.state, "waiting_list", first["entry_id"])
    assert (entry["status"], entry["slot_id"]) == ("offered", slot(state, "ashworth", "12 15:00"))
    assert get(snapshot.state, "slots", slot(state, "ashworth", "12 15:10"))["status"] == "free"
    other, snapshot = await made(
        clinic,
        snapshot,
        "book_appointment",
        patient_id=margaret,
        type_id="gp_appointment",
        slot_id=slot(state, "ashworth", "17 14:30"),
    )
    assert other["clinician"] == "Dr Helen Ashworth"
    assert get(snapshot.state, "slots", slot(state, "ashworth", "12 15:00"))["status"] == "free"  # held in vain
    assert book_balances(snapshot.state) == []


async def test_a_slot_is_offered_for_what_is_exempt_from_same_day_booking(clinic: Runtime) -> None:
    state = clinic.start.state
    priyanka = patient(state, "Priyanka Sharma")
    _, snapshot = await made(
        clinic, clinic.start, "cancel_appointment", appointment_id=booked(state, "Priyanka Sharma", "gp_appointment")
    )  # the third that she missed
    assert (
        await refused(clinic, "join_waiting_list", snapshot, patient_id=priyanka, type_id="dressing") == "same_day_only"
    )
    wait, snapshot = await made(
        clinic, snapshot, "join_waiting_list", patient_id=priyanka, type_id="cervical_screening"
    )
    _, snapshot = await made(
        clinic, snapshot, "cancel_appointment", appointment_id=booked(state, "Ivy Pemberton", "dressing")
    )
    freed = slot(state, "doyle", "12 14:00")
    assert get(snapshot.state, "waiting_list", "W307")["slot_id"] == freed  # came first
    _, snapshot = await made(clinic, snapshot, "leave_waiting_list", entry_id="W307")
    assert get(snapshot.state, "waiting_list", wait["entry_id"])["slot_id"] == freed
    await made(clinic, snapshot, "book_appointment", patient_id=priyanka, type_id="cervical_screening", slot_id=freed)
    assert book_balances(snapshot.state) == []


async def test_a_slot_is_offered_only_if_it_is_earlier_than_the_routine_appointment(clinic: Runtime) -> None:
    state = clinic.start.state
    samuel = patient(state, "Samuel Adebayo")  # has a routine appointment on the 18th
    wait, snapshot = await made(
        clinic, clinic.start, "join_waiting_list", patient_id=samuel, type_id="gp_appointment", clinician_id="bevan"
    )
    _, snapshot = await made(clinic, snapshot, "leave_waiting_list", entry_id="W302")
    _, snapshot = await made(
        clinic, snapshot, "cancel_appointment", appointment_id=booked(state, "Nadia Rahman", "gp_appointment")
    )
    assert get(snapshot.state, "slots", slot(state, "bevan", "19 11:20"))["status"] == "free"
    assert get(snapshot.state, "waiting_list", wait["entry_id"])["status"] == "waiting"
    _, snapshot = await made(clinic, snapshot, "leave_waiting_list", entry_id="W301")
    assert get(snapshot.state, "waiting_list", wait["entry_id"])["slot_id"] == slot(state, "bevan", "12 11:20")
    assert book_balances(snapshot.state) == []


async def test_a_late_cancellation_is_the_third_missed_appointment(clinic: Runtime) -> None:
    state = clinic.start.state
    late, snapshot = await made(
        clinic, clinic.start, "cancel_appointment", appointment_id=booked(state, "Priyanka Sharma", "gp_appointment")
    )
    assert (late["late"], late["counts_as_missed"], late["missed"], late["same_day_only"]) == (True, True, 3, True)
    excused, snapshot = await made(
        clinic,
        snapshot,
        "cancel_appointment",
        appointment_id=booked(state, "Edith Jessop", "dressing"),
        reason="in_hospital",
    )
    assert (excused["late"], excused["counts_as_missed"], excused["missed"]) == (True, False, 0)
    assert (
        get(snapshot.state, "slots", slot(state, "doyle", "09 14:00"))["status"] == "free"
    )  # of today: nobody waits for it
    assert book_balances(snapshot.state) == []


async def test_children_are_never_put_on_same_day_booking_and_old_misses_are_forgotten(clinic: Runtime) -> None:
    lily, _ = await made(clinic, clinic.start, "find_patient", date_of_birth="2013-12-03", postcode="av78sd")
    assert [(p["missed"], p["same_day_only"], p["age"]) for p in lily["patients"]] == [(3, False, 12)]
    kieran, _ = await made(clinic, clinic.start, "find_patient", date_of_birth="1994-02-17", postcode="AV3 8GU")
    assert [(p["missed"], p["same_day_only"]) for p in kieran["patients"]] == [(3, True)]  # and a fourth, in 2024


async def test_twins_are_both_found(clinic: Runtime) -> None:
    found, _ = await made(clinic, clinic.start, "find_patient", date_of_birth="2022-09-28", postcode="AV4 2WR")
    assert [p["name"] for p in found["patients"]] == ["Oscar Lindqvist", "Freya Lindqvist"]


async def test_repeats_and_calls_are_reckoned_in_working_days(clinic: Runtime) -> None:
    state = clinic.start.state
    issued, _ = await made(
        clinic, clinic.start, "request_repeat", repeat_id=repeat(state, "Lorraine Fitch", "Ramipril")
    )
    assert issued["ready_on"] == "2026-02-11"
    thyroxine = repeat(state, "Rosalind Okoro", "Levothyroxine")  # lasts until 25 February
    assert await refused(clinic, "request_repeat", repeat_id=thyroxine) == "too_early"  # from the 18th
    _, snapshot = await made(clinic, clinic.start, "request_repeat", repeat_id=thyroxine, travel=True)  # from the 4th
    assert await refused(clinic, "request_repeat", snapshot, repeat_id=thyroxine) == "already_requested"
    friday = Snapshot(state, step=4 * 24 * 60)
    late, _ = await made(clinic, friday, "request_repeat", repeat_id=repeat(state, "Lorraine Fitch", "Ramipril"))
    assert late["ready_on"] == "2026-02-17"


async def test_a_search_gives_what_can_be_booked(clinic: Runtime) -> None:
    fasting, _ = await made(
        clinic, clinic.start, "search_slots", type_id="fasting_blood_test", from_date=TODAY, to_date="2026-02-27"
    )
    assert fasting["slots"]
    assert all(s["start"][11:16] <= "10:30" for s in fasting["slots"])
    assert slot(clinic.start.state, "petts", "09 08:00") not in {s["slot_id"] for s in fasting["slots"]}  # over
    urgent, _ = await made(
        clinic, clinic.start, "search_slots", type_id="urgent_same_day", from_date=TODAY, to_date="2026-02-27"
    )
    assert {s["start"][:10] for s in urgent["slots"]} == {TODAY}
    double, _ = await made(
        clinic,
        clinic.start,
        "search_slots",
        type_id="gp_appointment",
        from_date="2026-02-12",
        to_date="2026-02-12",
        clinician_id="bevan",
        double=True,
    )
    assert [(s["start"][11:16], s["minutes"]) for s in double["slots"]] == [("09:20", 20), ("15:40", 20)]
    many, _ = await made(
        clinic, clinic.start, "search_slots", type_id="gp_appointment", from_date=TODAY, to_date="2026-02-27"
    )
    assert len(many["slots"]) == 20 < many["found"]


async def test_what_is_booked_in_confidence_is_shown_so(clinic: Runtime) -> None:
    ella = patient(clinic.start.state, "Ella Marchetti")
    shown, _ = await made(clinic, clinic.start, "list_appointments", patient_id=ella)
    assert [(a["type_id"], a["confidential"]) for a in shown["appointments"]] == [
        ("asthma_review", False),
        ("gp_appointment", True),
    ]


async def test_every_type_has_somebody_who_does_it(clinic: Runtime) -> None:
    shown, _ = await made(clinic, clinic.start, "list_appointment_types")
    assert all(row["clinicians"] for row in shown["types"])


async def test_booking_is_refused_where_the_policy_says_so(clinic: Runtime) -> None:
    state = clinic.start.state
    alun, kieran, samuel, halina, colin, desmond = (
        patient(state, n)
        for n in ("Alun Rees", "Kieran Walsh", "Samuel Adebayo", "Halina Wójcik", "Colin Strickland", "Desmond Clarke")
    )

    async def no(who: str, type_id: str, slot_id: str, /, **more: Any) -> str:
        return await refused(clinic, "book_appointment", patient_id=who, type_id=type_id, slot_id=slot_id, **more)

    free = slot(state, "bevan", "12 09:20")
    assert await no("P1", "gp_appointment", free) == "patient_not_found"
    assert await no(alun, "haircut", free) == "type_not_found"
    assert await no(alun, "gp_appointment", "S1") == "slot_not_found"
    assert await no(alun, "childhood_immunisations", slot(state, "doyle", "12 16:00")) == "age_outside"
    assert await no(alun, "gp_appointment", slot(state, "doyle", "12 16:00")) == "wrong_clinician"
    assert await no(alun, "blood_test", slot(state, "petts", "09 08:00")) == "slot_past"
    assert await no(alun, "gp_appointment", slot(state, "ashworth", "10 14:40")) == "slot_taken"
    assert await no(alun, "gp_appointment", slot(state, "bevan", "12 11:20")) == "slot_held"
    nadia = patient(state, "Nadia Rahman")
    assert await no(nadia, "contraception", slot(state, "bevan", "12 11:20")) == "slot_held"
    assert await no(alun, "urgent_same_day", slot(state, "bevan", "10 11:40")) == "not_released"
    assert await no(alun, "urgent_same_day", slot(state, "bevan", "09 15:40")) == "wrong_slot"
    assert await no(alun, "gp_appointment", slot(state, "bevan", "09 11:00")) == "wrong_slot"
    assert await no(colin, "gp_appointment", slot(state, "menon", "25 09:00")) == "too_far_ahead"
    assert await no(alun, "fasting_blood_test", slot(state, "petts", "13 14:10")) == "too_late_in_day"
    assert await no(kieran, "gp_appointment", slot(state, "adeyemi", "12 10:00")) == "same_day_only"
    assert await no(samuel, "gp_phone_call", free) == "one_routine_only"
    assert await no(alun, "gp_appointment", free, interpreter=True, double=True) == "no_language_recorded"
    assert await no(halina, "gp_appointment", free, interpreter=True) == "double_needed"
    assert await no(alun, "diabetes_review", slot(state, "doyle", "12 09:00")) == "double_needed"
    assert (
        await no(halina, "gp_appointment", slot(state, "bevan", "10 15:40"), interpreter=True, double=True)
        == "interpreter_notice"
    )
    assert await no(alun, "gp_appointment", slot(state, "bevan", "10 09:20"), double=True) == "second_slot_taken"
    _, snapshot = await made(
        clinic, clinic.start, "book_appointment", patient_id=desmond, type_id="annual_review", slot_id=free, double=True
    )
    clash = {"patient_id": desmond, "type_id": "dressing", "slot_id": slot(state, "doyle", "12 09:20")}
    assert await refused(clinic, "book_appointment", snapshot, **clash) == "clash"
    urgent, _ = await made(
        clinic,
        clinic.start,
        "book_appointment",
        patient_id=halina,
        type_id="urgent_same_day",
        slot_id=slot(state, "bevan", "09 11:00"),
        interpreter=True,
    )
    assert urgent["minutes"] == 10


async def test_moving_is_refused_where_the_policy_says_so(clinic: Runtime) -> None:
    state = clinic.start.state
    desmond, dressing = patient(state, "Desmond Clarke"), booked(state, "Desmond Clarke", "dressing")
    call = booked(state, "Desmond Clarke", "gp_phone_call")

    async def no(appointment_id: str, slot_id: str, snapshot: Snapshot | None = None) -> str:
        return await refused(clinic, "move_appointment", snapshot, appointment_id=appointment_id, slot_id=slot_id)

    free = slot(state, "bevan", "12 09:20")
    over = next(key for key, a in rows(state, "appointments") if a["status"] == "attended")
    assert await no("A1", free) == "appointment_not_found"
    assert await no(over, free) == "appointment_over"
    assert await no(call, "S1") == "slot_not_found"
    assert await no(booked(state, "Priyanka Sharma", "gp_appointment"), free) == "too_late_to_move"
    assert await no(booked(state, "Agnes Tolliver", "annual_review"), free) == "moved_too_often"
    assert await no(call, slot(state, "doyle", "12 16:00")) == "wrong_clinician"
    assert await no(booked(state, "Kieran Walsh", "blood_test"), slot(state, "petts", "09 08:00")) == "slot_past"
    assert await no(booked(state, "Kieran Walsh", "blood_test"), slot(state, "petts", "13 09:10")) == "same_day_only"
    assert await no(call, slot(state, "ashworth", "10 14:40")) == "slot_taken"
    assert await no(call, slot(state, "bevan", "12 11:20")) == "slot_held"
    assert await no(call, slot(state, "bevan", "10 11:40")) == "not_released"
    assert await no(call, slot(state, "bevan", "09 11:00")) == "wrong_slot"
    assert await no(call, slot(state, "menon", "25 09:00")) == "too_far_ahead"
    abdi = booked(state, "Abdi Warsame", "gp_appointment")
    assert await no(abdi, slot(state, "bevan", "10 15:40")) == "interpreter_notice"
    assert await no(abdi, slot(state, "ashworth", "12 15:10")) == "second_slot_taken"
    samuel, morning = patient(state, "Samuel Adebayo"), slot(state, "petts", "13 09:10")
    test, snapshot = await made(
        clinic, clinic.start, "book_appointment", patient_id=samuel, type_id="fasting_blood_test", slot_id=morning
    )
    assert await no(test["appointment_id"], slot(state, "petts", "13 14:10"), snapshot) == "too_late_in_day"
    _, snapshot = await made(
        clinic, clinic.start, "book_appointment", patient_id=desmond, type_id="annual_review", slot_id=free, double=True
    )
    assert await no(dressing, slot(state, "doyle", "12 09:20"), snapshot) == "clash"


async def test_cancelling_and_waiting_are_refused_where_the_policy_says_so(clinic: Runtime) -> None:
    state = clinic.start.state
    colin, kieran, lucy, nadia = (
        patient(state, n) for n in ("Colin Strickland", "Kieran Walsh", "Lucy Penhaligon", "Nadia Rahman")
    )
    over = next(key for key, a in rows(state, "appointments") if a["status"] == "missed")
    assert await refused(clinic, "cancel_appointment", appointment_id="A1") == "appointment_not_found"
    assert await refused(clinic, "cancel_appointment", appointment_id=over) == "appointment_over"
    begun = Snapshot(state, step=10 * 60)
    assert (
        await refused(
            clinic, "cancel_appointment", begun, appointment_id=booked(state, "Priyanka Sharma", "gp_appointment")
        )
        == "appointment_over"
    )

    async def no(who: str, type_id: str, /, **more: Any) -> str:
        return await refused(clinic, "join_waiting_list", patient_id=who, type_id=type_id, **more)

    assert await no("P1", "gp_appointment") == "patient_not_found"
    assert await no(colin, "haircut") == "type_not_found"
    assert await no(colin, "gp_appointment", clinician_id="house") == "clinician_not_found"
    assert await no(colin, "gp_appointment", clinician_id="doyle") == "wrong_clinician"
    assert await no(colin, "urgent_same_day") == "not_for_waiting"
    assert await no(colin, "diabetes_review") == "not_for_waiting"
    assert await no(colin, "childhood_immunisations") == "age_outside"
    assert await no(kieran, "gp_appointment") == "same_day_only"
    assert await no(nadia, "gp_appointment") == "already_waiting"
    assert await no(lucy, "gp_appointment") == "too_many_waiting"
    joined, _ = await made(
        clinic, clinic.start, "join_waiting_list", patient_id=colin, type_id="gp_appointment", clinician_id="menon"
    )
    assert joined["ahead"] == 2
    assert await refused(clinic, "leave_waiting_list", entry_id="W1") == "entry_not_found"
    closed = next(key for key, e in rows(state, "waiting_list") if e["status"] == "left")
    assert await refused(clinic, "leave_waiting_list", entry_id=closed) == "entry_closed"


async def test_medicines_results_and_records_are_refused_where_the_policy_says_so(clinic: Runtime) -> None:
    state = clinic.start.state
    for name in ("list_appointments", "list_repeats", "list_results", "update_patient"):
        assert await refused(clinic, name, patient_id="P1") == "patient_not_found"
    assert await refused(clinic, "find_patient", date_of_birth="1951-03-14", postcode="AV9 9ZZ") == "patient_not_found"
    assert await refused(clinic, "update_patient", patient_id="P4101") == "nothing_to_change"
    dates = {"from_date": TODAY, "to_date": "2026-02-13"}
    assert await refused(clinic, "search_slots", type_id="haircut", **dates) == "type_not_found"
    assert (
        await refused(clinic, "search_slots", type_id="physio", clinician_id="house", **dates) == "clinician_not_found"
    )
    assert (
        await refused(clinic, "search_slots", type_id="physio", from_date="2026-02-13", to_date=TODAY)
        == "dates_reversed"
    )
    assert await refused(clinic, "request_repeat", repeat_id="M1") == "repeat_not_found"
    assert (
        await refused(clinic, "request_repeat", repeat_id=repeat(state, "Lorraine Fitch", "Omeprazole"))
        == "repeat_stopped"
    )
    assert (
        await refused(clinic, "request_repeat", repeat_id=repeat(state, "Lorraine Fitch", "Sertraline"))
        == "review_overdue"
    )
    assert (
        await refused(clinic, "request_repeat", repeat_id=repeat(state, "Rosalind Okoro", "Tramadol"), travel=True)
        == "too_early"
    )
    waited = next(key for key, r in rows(state, "repeats") if r["status"] == "requested")
    assert await refused(clinic, "request_repeat", repeat_id=waited) == "already_requested"
    back, awaited = (
        next(k for k, _ in state.find("results", {"patient_id": patient(state, "Bernadette Quill"), "status": s}))
        for s in ("back", "awaited")
    )
    assert await refused(clinic, "request_callback", result_id="T1", part_of_day="morning") == "result_not_found"
    assert await refused(clinic, "request_callback", result_id=awaited, part_of_day="morning") == "not_back"
    call, snapshot = await made(clinic, clinic.start, "request_callback", result_id=back, part_of_day="morning")
    assert (call["clinician"], call["callback_by"]) == ("Dr Catrin Bevan", "2026-02-11")
    assert (
        await refused(clinic, "request_callback", snapshot, result_id=back, part_of_day="afternoon")
        == "callback_pending"
    )


async def test_a_language_can_be_recorded_and_then_interpreted(clinic: Runtime) -> None:
    state = clinic.start.state
    alun, free = patient(state, "Alun Rees"), slot(state, "bevan", "12 09:20")
    _, snapshot = await made(clinic, clinic.start, "update_patient", patient_id=alun, interpreter="Welsh")
    await made(
        clinic,
        snapshot,
        "book_appointment",
        patient_id=alun,
        type_id="gp_appointment",
        slot_id=free,
        double=True,
        interpreter=True,
    )


def test_every_documented_error_has_been_met(clinic: Runtime, request: pytest.FixtureRequest) -> None:
    acting.skip_unless_whole_file(request)
    documented = {tool.name: {error.code for error in tool.errors} for tool in clinic.environment.tools if tool.errors}
    assert documented == SEEN
