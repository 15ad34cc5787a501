# Harbour Street Surgery: how the appointment desk's tools behave.
#
# A slot is a clinician's time: free, held (offered to somebody on the waiting list) or booked. An appointment
# holds one slot, or two that follow each other if it is a double one, until it is over or cancelled.
# Types are urgent (on-the-day slots, today), routine or planned (slots that are booked ahead).


def _patient(patient_id):
    patient = get("patients", patient_id)
    if patient is None:
        fail("patient_not_found", "There is no patient " + patient_id + ".")
    return patient


def _type(type_id):
    type = get("appointment_types", type_id)
    if type is None:
        fail("type_not_found", "There is no appointment type " + type_id + ".")
    return type


def _clinician(clinician_id):
    clinician = get("clinicians", clinician_id)
    if clinician is None:
        fail("clinician_not_found", "There is no clinician " + clinician_id + ".")
    return clinician


def _slot(slot_id):
    slot = get("slots", slot_id)
    if slot is None:
        fail("slot_not_found", "There is no slot " + slot_id + ".")
    return slot


def _booked(appointment_id):
    appointment = get("appointments", appointment_id)
    if appointment is None:
        fail("appointment_not_found", "There is no appointment " + appointment_id + ".")
    if appointment["status"] != "booked":
        fail("appointment_over", "Appointment " + appointment_id + " is over (" + appointment["status"] + ").")
    return appointment


# -- days and times -----------------------------------------------------------------------------


def _day(start):
    return start[:10]


def _minute(start):
    """The minute of the day, so that times of one day can be compared without asking the host."""
    return int(start[11:13]) * 60 + int(start[14:16])


def _when(start):
    return _day(start) + " at " + start[11:16]


def _age(patient):
    day, born = today(), patient["date_of_birth"]
    return int(day[:4]) - int(born[:4]) - (1 if day[5:] < born[5:] else 0)


def _working_day(count):
    """The day that lies so many working days ahead; the surgery is closed at weekends."""
    day = today()
    for _ in range(count):
        day = add_days(day, {"Friday": 3, "Saturday": 2}.get(weekday(day), 1))
    return day


# -- what a patient has -------------------------------------------------------------------------


def _coming(patient_id):
    booked = [a for a in find("appointments", {"patient_id": patient_id, "status": "booked"}) if a["start"] > now()]
    return sorted(booked, key=lambda a: a["start"])


def _routine_coming(patient_id):
    return [a for a in _coming(patient_id) if _type(a["type_id"])["kind"] == "routine"]


def _missed(patient_id):
    since = add_days(today(), -get("rules")["missed_within_days"])
    return len(
        [a for a in find("appointments", {"patient_id": patient_id, "counts": True}) if _day(a["start"]) >= since]
    )


def _same_day_only(patient):
    rules = get("rules")
    return _age(patient) >= rules["adult_from"] and _missed(patient["patient_id"]) >= rules["most_missed"]


def _proxies(patient_id):
    return [{key: p[key] for key in ("name", "relation", "may")} for p in find("proxies", {"patient_id": patient_id})]


# -- the waiting list ---------------------------------------------------------------------------


def _waiting():
    """All who wait for a slot, first come first."""
    return sorted(find("waiting_list", {"status": "waiting"}), key=lambda e: (e["joined"], e["entry_id"]))


def _compete(entry, other):
    """Would both take the same slot?"""
    wishes = (entry["clinician_id"], other["clinician_id"])
    return entry["type_id"] == other["type_id"] and (None in wishes or wishes[0] == wishes[1])


def _ahead(entry):
    place = (entry["joined"], entry["entry_id"])
    return len([e for e in _waiting() if _compete(e, entry) and (e["joined"], e["entry_id"]) < place])


def _open_entries(patient_id):
    return [e for e in find("waiting_list", {"patient_id": patient_id}) if e["status"] in ("waiting", "offered")]


def _next_for(slot, but_for):
    """The first on the waiting list whom a slot suits. Slots of today are left to those who ring today."""
    if slot["release"] != "ahead" or _day(slot["start"]) <= today():
        return None
    does = _clinician(slot["clinician_id"])["does"]
    for entry in _waiting():
        if (
            entry["patient_id"] == but_for
            or entry["type_id"] not in does
            or entry["clinician_id"] not in (None, slot["clinician_id"])
        ):
            continue
        type = _type(entry["type_id"])
        may = type["exempt"] or not _same_day_only(_patient(entry["patient_id"]))
        if (
            may
            and not _too_far(type, slot)
            and not _too_late_in_day(type, slot)
            and not _has_earlier(entry["patient_id"], type, slot)
        ):
            return entry
    return None


def _has_earlier(patient_id, type, slot):
    """Does the patient have a routine appointment that this slot would not bring forward?"""
    return type["kind"] == "routine" and bool([a for a in _routine_coming(patient_id) if a["start"] <= slot["start"]])


def _release(slot_id, but_for):
    """Give a slot back: it is offered to the first on the waiting list, or is free."""
    slot = _slot(slot_id)
    entry = _next_for(slot, but_for)
    update("slots", slot_id, {"status": "held" if entry else "free"})
    if entry:
        answer_by = min(_working_day(get("rules")["offer_working_days"]), _day(slot["start"]))
        update("waiting_list", entry["entry_id"], {"status": "offered", "slot_id": slot_id, "answer_by": answer_by})
    return entry is not None


def _end_wait(patient_id, type_id, taken):
    """Who has got an appointment does not wait for it any longer; a slot held in vain is given back."""
    for entry in _open_entries(patient_id):
        if entry["type_id"] == type_id:
            update("waiting_list", entry["entry_id"], {"status": "booked", "slot_id": None, "answer_by": None})
            if entry["slot_id"] is not None and entry["slot_id"] not in taken:
                _release(entry["slot_id"], patient_id)


# -- does a slot suit? --------------------------------------------------------------------------


def _too_far(type, slot):
    return days_between(today(), _day(slot["start"])) > get("rules")["ahead_days"][type["kind"]]


def _too_late_in_day(type, slot):
    return type["latest_start"] is not None and slot["start"][11:16] > type["latest_start"]


def _release_of(type):
    return "on_the_day" if type["kind"] == "urgent" else "ahead"


def _follows(slot, other):
    """Does the other slot begin when this one ends, with the same clinician?"""
    return (
        slot["clinician_id"] == other["clinician_id"]
        and _day(slot["start"]) == _day(other["start"])
        and slot["release"] == other["release"]
        and _minute(slot["start"]) + slot["minutes"] == _minute(other["start"])
    )


def _may_be_booked(patient, type, slot):
    if type["type_id"] not in _clinician(slot["clinician_id"])["does"]:
        fail("wrong_clinician", "This clinician does not do: " + type["name"] + ".")
    if slot["start"] <= now():
        fail("slot_past", "This slot is over.")
    if slot["status"] == "booked":
        fail("slot_taken", "This slot is taken.")
    if slot["status"] == "held":
        offered = find(
            "waiting_list",
            {"slot_id": slot["slot_id"], "patient_id": patient["patient_id"], "type_id": type["type_id"]},
        )
        if not offered:
            fail("slot_held", "This slot is held for somebody on the waiting list.")
    if slot["release"] == "on_the_day" and _day(slot["start"]) != today():
        fail("not_released", "This slot is released on its day, at eight in the morning.")
    if slot["release"] != _release_of(type):
        fail("wrong_slot", "On-the-day slots are for urgent appointments, and the other slots are not.")
    if _too_far(type, slot):
        fail(
            "too_far_ahead",
            "This type is booked at most " + str(get("rules")["ahead_days"][type["kind"]]) + " days ahead.",
        )
    if _too_late_in_day(type, slot):
        fail("too_late_in_day", "This type starts at " + type["latest_start"] + " at the latest.")
    if _day(slot["start"]) != today() and not type["exempt"] and _same_day_only(patient):
        fail(
            "same_day_only",
            "This patient has missed "
            + str(_missed(patient["patient_id"]))
            + " appointments and can only book for the same day.",
        )


def _taken(slot, double):
    """The slots that an appointment would take."""
    if not double:
        return [slot]
    after = [s for s in find("slots", {"clinician_id": slot["clinician_id"], "status": "free"}) if _follows(slot, s)]
    if not after:
        fail("second_slot_taken", "The slot that follows is not free, so a double appointment does not fit.")
    return [slot, after[0]]


def _enough_notice(type, slot):
    """An interpreter has to be called in, but for urgent appointments there is the telephone line."""
    notice = get("rules")["interpreter_notice_days"]
    if type["kind"] != "urgent" and days_between(today(), _day(slot["start"])) < notice:
        fail("interpreter_notice", "An interpreter needs " + str(notice) + " days' notice.")


def _no_clash(patient_id, slots, but_for=None):
    begins, minutes = slots[0]["start"], sum([s["minutes"] for s in slots])
    for other in _coming(patient_id):
        same_day = _day(other["start"]) == _day(begins) and other["appointment_id"] != but_for
        if (
            same_day
            and _minute(other["start"]) < _minute(begins) + minutes
            and _minute(begins) < _minute(other["start"]) + other["minutes"]
        ):
            fail("clash", "The patient has another appointment at that time, on " + _when(other["start"]) + ".")


def _right_age(patient, type):
    if not (type["age_from"] <= _age(patient) and _age(patient) <= type["age_to"]):
        fail("age_outside", type["name"] + " is for ages " + str(type["age_from"]) + " to " + str(type["age_to"]) + ".")


# -- looking things up --------------------------------------------------------------------------


def find_patient(date_of_birth, postcode):
    plain = postcode.replace(" ", "").lower()
    patients = [
        p for p in find("patients", {"date_of_birth": date_of_birth}) if p["postcode"].replace(" ", "").lower() == plain
    ]
    if not patients:
        fail("patient_not_found", "There is no patient with that date of birth and that postcode.")
    return {
        "patients": [
            p
            | {
                "age": _age(p),
                "missed": _missed(p["patient_id"]),
                "same_day_only": _same_day_only(p),
                "proxies": _proxies(p["patient_id"]),
            }
            for p in patients
        ],
        "now": now(),
    }


def list_appointments(patient_id):
    patient = _patient(patient_id)
    appointments = [
        {
            key: a[key]
            for key in (
                "appointment_id",
                "type_id",
                "clinician_id",
                "start",
                "minutes",
                "interpreter",
                "confidential",
                "moves",
            )
        }
        | {
            "type": _type(a["type_id"])["name"],
            "clinician": _clinician(a["clinician_id"])["name"],
        }
        for a in _coming(patient_id)
    ]
    waiting = []
    for entry in _open_entries(patient_id):
        slot = _slot(entry["slot_id"]) if entry["slot_id"] is not None else None
        waiting.append(
            {
                key: entry[key]
                for key in ("entry_id", "type_id", "clinician_id", "joined", "status", "slot_id", "answer_by")
            }
            | {
                "start": slot["start"] if slot else None,
                "offered_with": _clinician(slot["clinician_id"])["name"] if slot else None,
                "ahead": 0 if slot else _ahead(entry),
            }
        )
    return {
        "appointments": appointments,
        "waiting": waiting,
        "missed": _missed(patient_id),
        "same_day_only": _same_day_only(patient),
    }


def list_appointment_types():
    clinicians = rows("clinicians")
    return {
        "types": [
            type
            | {
                "clinicians": [
                    {key: c[key] for key in ("clinician_id", "name", "role", "gender")}
                    for c in clinicians
                    if type["type_id"] in c["does"]
                ],
            }
            for type in rows("appointment_types")
        ],
    }


def search_slots(type_id, from_date, to_date, clinician_id=None, double=False):
    type = _type(type_id)
    if clinician_id is not None:
        _clinician(clinician_id)
    if to_date < from_date:
        fail("dates_reversed", "The last day is before the first.")
    able = {
        c["clinician_id"]: c
        for c in rows("clinicians")
        if type_id in c["does"] and clinician_id in (None, c["clinician_id"])
    }
    release, instant, day = _release_of(type), now(), today()
    free = [
        s
        for s in find("slots", {"status": "free", "release": release})
        if s["clinician_id"] in able and s["start"] > instant
    ]
    hits = []
    for slot in sorted(free, key=lambda s: (s["start"], s["slot_id"])):
        if _day(slot["start"]) < from_date or _day(slot["start"]) > to_date or _too_late_in_day(type, slot):
            continue
        if release == "on_the_day" and _day(slot["start"]) != day:
            continue
        if double and not [s for s in free if _follows(slot, s)]:
            continue
        clinician = able[slot["clinician_id"]]
        hits.append(
            {
                "slot_id": slot["slot_id"],
                "start": slot["start"],
                "minutes": slot["minutes"] * (2 if double else 1),
                "clinician_id": slot["clinician_id"],
                "clinician": clinician["name"],
                "gender": clinician["gender"],
            }
        )
    return {"slots": hits[: get("rules")["most_slots_shown"]], "found": len(hits)}


def list_repeats(patient_id):
    _patient(patient_id)
    fields = ("repeat_id", "medicine", "directions", "controlled", "last_issued", "days", "status", "requested_on")
    return {"repeats": [{key: r[key] for key in fields} for r in find("repeats", {"patient_id": patient_id})]}


def list_results(patient_id):
    _patient(patient_id)
    fields = ("result_id", "test", "taken", "status", "comment", "callback", "callback_by")
    return {
        "results": [
            {key: r[key] for key in fields}
            | {
                "clinician": _clinician(r["clinician_id"])["name"],
            }
            for r in find("results", {"patient_id": patient_id})
        ],
    }


# -- appointments -------------------------------------------------------------------------------


def book_appointment(patient_id, type_id, slot_id, double=False, interpreter=False, confidential=False, reason=""):
    patient, type, slot = _patient(patient_id), _type(type_id), _slot(slot_id)
    _right_age(patient, type)
    _may_be_booked(patient, type, slot)
    if type["kind"] == "routine" and _routine_coming(patient_id):
        fail("one_routine_only", "This patient has a routine appointment to come already.")
    if interpreter and patient["interpreter"] is None:
        fail("no_language_recorded", "The patient's record names no language to interpret.")
    if not double and (type["double_only"] or (interpreter and type["kind"] != "urgent")):
        fail("double_needed", "This has to be a double appointment.")
    if interpreter:
        _enough_notice(type, slot)
    slots = _taken(slot, double)
    _no_clash(patient_id, slots)
    appointment_id = new_id("A")
    taken = [s["slot_id"] for s in slots]
    minutes = sum([s["minutes"] for s in slots])
    for taken_id in taken:
        update("slots", taken_id, {"status": "booked"})
    insert(
        "appointments",
        {
            "appointment_id": appointment_id,
            "patient_id": patient_id,
            "type_id": type_id,
            "clinician_id": slot["clinician_id"],
            "slots": taken,
            "start": slot["start"],
            "minutes": minutes,
            "interpreter": interpreter,
            "confidential": confidential,
            "booked_on": today(),
            "moves": 0,
            "status": "booked",
            "counts": False,
            "cancelled_for": None,
            "reason": reason,
        },
    )
    _end_wait(patient_id, type_id, taken)
    return {
        "appointment_id": appointment_id,
        "type": type["name"],
        "clinician": _clinician(slot["clinician_id"])["name"],
        "start": slot["start"],
        "minutes": minutes,
        "preparation": type["preparation"],
    }


def move_appointment(appointment_id, slot_id):
    appointment = _booked(appointment_id)
    patient, type, slot = _patient(appointment["patient_id"]), _type(appointment["type_id"]), _slot(slot_id)
    if _is_late(appointment):
        fail("too_late_to_move", "It starts in less than " + str(get("rules")["late_hours"]) + " hours.")
    if appointment["moves"] >= get("rules")["most_moves"]:
        fail("moved_too_often", "This appointment has been moved as often as it may.")
    _may_be_booked(patient, type, slot)
    if appointment["interpreter"]:
        _enough_notice(type, slot)
    slots = _taken(slot, len(appointment["slots"]) > 1)
    _no_clash(patient["patient_id"], slots, but_for=appointment_id)
    taken = [s["slot_id"] for s in slots]
    for taken_id in taken:
        update("slots", taken_id, {"status": "booked"})
    update(
        "appointments",
        appointment_id,
        {
            "slots": taken,
            "clinician_id": slot["clinician_id"],
            "start": slot["start"],
            "moves": appointment["moves"] + 1,
        },
    )
    _end_wait(patient["patient_id"], type["type_id"], taken)
    for freed_id in appointment["slots"]:
        _release(freed_id, patient["patient_id"])
    return {
        "appointment_id": appointment_id,
        "type": type["name"],
        "clinician": _clinician(slot["clinician_id"])["name"],
        "start": slot["start"],
        "moves": appointment["moves"] + 1,
    }


def _is_late(appointment):
    return minutes_between(now(), appointment["start"]) < get("rules")["late_hours"] * 60


def cancel_appointment(appointment_id, reason="patient_wish"):
    appointment = _booked(appointment_id)
    if appointment["start"] <= now():
        fail("appointment_over", "Appointment " + appointment_id + " has begun.")
    late = _is_late(appointment)
    counts = late and reason == "patient_wish"
    update(
        "appointments", appointment_id, {"status": "cancelled", "slots": [], "counts": counts, "cancelled_for": reason}
    )
    for freed_id in appointment["slots"]:
        _release(freed_id, appointment["patient_id"])
    patient = _patient(appointment["patient_id"])
    return {
        "appointment_id": appointment_id,
        "late": late,
        "counts_as_missed": counts,
        "missed": _missed(patient["patient_id"]),
        "same_day_only": _same_day_only(patient),
    }


def join_waiting_list(patient_id, type_id, clinician_id=None):
    patient, type = _patient(patient_id), _type(type_id)
    if clinician_id is not None and type_id not in _clinician(clinician_id)["does"]:
        fail("wrong_clinician", "This clinician does not do: " + type["name"] + ".")
    if type["kind"] == "urgent" or type["double_only"]:
        fail("not_for_waiting", "Nobody waits for urgent appointments, nor for those that are always double.")
    _right_age(patient, type)
    if not type["exempt"] and _same_day_only(patient):
        fail("same_day_only", "This patient can only book for the same day.")
    entries = _open_entries(patient_id)
    if [e for e in entries if e["type_id"] == type_id]:
        fail("already_waiting", "The patient is on the waiting list for this already.")
    if len(entries) >= get("rules")["most_waiting"]:
        fail("too_many_waiting", "The patient has as many places on the waiting list as one may.")
    entry = insert(
        "waiting_list",
        {
            "entry_id": new_id("W"),
            "patient_id": patient_id,
            "type_id": type_id,
            "clinician_id": clinician_id,
            "joined": today(),
            "status": "waiting",
            "slot_id": None,
            "answer_by": None,
        },
    )
    ahead = len([e for e in _waiting() if _compete(e, entry)]) - 1
    return {"entry_id": entry["entry_id"], "type": type["name"], "clinician_id": clinician_id, "ahead": ahead}


def leave_waiting_list(entry_id):
    entry = get("waiting_list", entry_id)
    if entry is None:
        fail("entry_not_found", "There is no place " + entry_id + " on the waiting list.")
    if entry["status"] not in ("waiting", "offered"):
        fail("entry_closed", "This place on the waiting list is closed (" + entry["status"] + ").")
    update("waiting_list", entry_id, {"status": "left", "slot_id": None, "answer_by": None})
    if entry["slot_id"] is not None:
        _release(entry["slot_id"], entry["patient_id"])
    return {"entry_id": entry_id, "status": "left"}


# -- repeat medicines and results ---------------------------------------------------------------


def request_repeat(repeat_id, travel=False):
    repeat, rules = get("repeats", repeat_id), get("rules")
    if repeat is None:
        fail("repeat_not_found", "There is no repeat medicine " + repeat_id + ".")
    if repeat["status"] == "stopped":
        fail("repeat_stopped", repeat["medicine"] + " has been stopped by a clinician.")
    if repeat["status"] == "requested":
        fail("already_requested", repeat["medicine"] + " was requested on " + repeat["requested_on"] + ".")
    if repeat["review_by"] < today():
        fail(
            "review_overdue",
            "The review of " + repeat["medicine"] + " was due by " + repeat["review_by"] + "; it comes first.",
        )
    early = rules["early_days"]["travel" if travel and not repeat["controlled"] else "usual"]
    first_day = add_days(repeat["last_issued"], repeat["days"] - early)
    if today() < first_day:
        fail("too_early", repeat["medicine"] + " can be requested from " + first_day + ".")
    update("repeats", repeat_id, {"status": "requested", "requested_on": today(), "travel": travel})
    return {
        "repeat_id": repeat_id,
        "medicine": repeat["medicine"],
        "pharmacy": _patient(repeat["patient_id"])["pharmacy"],
        "ready_on": _working_day(rules["repeat_working_days"]),
    }


def request_callback(result_id, part_of_day):
    result = get("results", result_id)
    if result is None:
        fail("result_not_found", "There is no result " + result_id + ".")
    if result["status"] == "awaited":
        fail("not_back", "This result has not come back.")
    if result["callback"] is not None:
        fail("callback_pending", "A call about this result is arranged already, by " + result["callback_by"] + ".")
    call_by = _working_day(get("rules")["callback_working_days"])
    update("results", result_id, {"callback": part_of_day, "callback_by": call_by})
    return {
        "result_id": result_id,
        "clinician": _clinician(result["clinician_id"])["name"],
        "phone": _patient(result["patient_id"])["phone"],
        "part_of_day": part_of_day,
        "callback_by": call_by,
    }


# -- the record ---------------------------------------------------------------------------------


def update_patient(patient_id, phone=None, email=None, interpreter=None):
    _patient(patient_id)
    given = {"phone": phone, "email": email, "interpreter": interpreter}
    fields = {name: value for name, value in given.items() if value is not None}
    if not fields:
        fail("nothing_to_change", "Give a new phone number, a new email address, or a language to interpret.")
    update("patients", patient_id, fields)
    return {"patient_id": patient_id} | fields
