# Calder & Wyke Engineering: how the IT service desk's tools behave.
#
# A resource is a group or a piece of licensed software; access is one person's hold on one resource, until it
# is ended. The owner of a resource decides in the approvals portal, never at the desk: grant_access only uses
# what was decided there. It takes any approval that was given; whether its giver is the owner is the desk's to see.

WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def _employee(employee_number):
    employee = get("employees", employee_number)
    if employee is None:
        fail("employee_not_found", "There is nobody with employee number " + employee_number + ".")
    return employee


def _account(username):
    account = get("accounts", username)
    if account is None:
        fail("account_not_found", "There is no account " + username + ".")
    return account


def _device(asset_tag):
    device = get("devices", asset_tag)
    if device is None:
        fail("device_not_found", "There is no device with asset tag " + asset_tag + ".")
    return device


def _resource(resource_id):
    resource = get("resources", resource_id)
    if resource is None:
        fail("resource_not_found", "There is no group or software " + resource_id + ".")
    return resource


def _name(employee_number):
    return get("employees", employee_number)["name"] if employee_number is not None else None


def _is_active(employee):
    return employee["status"] == "active" and (employee["last_day"] is None or employee["last_day"] >= today())


def _active(employee):
    if not _is_active(employee):
        fail(
            "not_active", employee["employee_number"] + " is not working here at present; Human Resources can say more."
        )


def _pick(record, names):
    return {name: record[name] for name in names}


# -- what a person has --------------------------------------------------------------------------


def _accounts(employee_number):
    return find("accounts", {"employee_number": employee_number})


def _access(employee_number):
    return [a for a in find("access", {"employee_number": employee_number}) if a["ended"] is None]


def _holds(employee_number, resource_id):
    return [a for a in _access(employee_number) if a["resource_id"] == resource_id]


def _taken(resource_id):
    return len([a for a in find("access", {"resource_id": resource_id}) if a["ended"] is None])


def _open_tickets(employee_number):
    return [t for t in find("tickets", {"employee_number": employee_number}) if t["status"] != "resolved"]


# -- contractors --------------------------------------------------------------------------------


def _open_to(resource, employee):
    if employee["kind"] == "contractor" and not resource["contractors"]:
        fail("contractors_not_allowed", resource["name"] + " is not open to contractors.")


def _contract_lasts(employee):
    least = get("rules")["least_contract_days"]
    if employee["kind"] == "contractor" and days_between(today(), employee["last_day"]) < least:
        fail(
            "contract_ending",
            "The contract ends on " + employee["last_day"] + ", in fewer than " + str(least) + " days.",
        )


# -- tickets' priorities ------------------------------------------------------------------------


def _working_days_ahead(days):
    """The date so many working days after today, counted from Friday at a weekend; after none it is today."""
    if days == 0:
        return today()
    passed = WEEK.index(weekday(today()))
    ahead = min(passed, 4) + days
    return add_days(today(), ahead // 5 * 7 + ahead % 5 - passed)


def _weight(impact, urgency):
    rules = get("rules")
    priority = rules["priorities"][impact][urgency]
    return {
        "impact": impact,
        "urgency": urgency,
        "priority": priority,
        "due": _working_days_ahead(rules["answer_days"][priority]),
    }


# -- looking things up --------------------------------------------------------------------------


def verify_caller(employee_number, pin_digits):
    employee = _employee(employee_number)
    _active(employee)
    pin = employee["pin"]
    if pin is None:
        fail("no_pin", "There is no service PIN on file; the caller has to come in person with the badge.")
    if "".join([pin[position - 1] for position in get("rules")["pin_positions"]]) != pin_digits:
        fail("digits_wrong", "These are not the right digits.")
    shown = _pick(
        employee,
        ["employee_number", "name", "job_title", "department", "site", "kind", "last_day", "email", "extension"],
    )
    return shown | {
        "manager": _name(employee["manager"]),
        "accounts": [
            _pick(a, ["username", "kind", "status", "lock_reason", "mfa"]) for a in _accounts(employee_number)
        ],
        "open_tickets": [
            _pick(t, ["ticket_id", "category", "summary", "impact", "urgency", "priority", "status", "due"])
            for t in _open_tickets(employee_number)
        ],
        "now": now(),
    }


def find_employees(name):
    wanted = name.lower().split(" ")
    hits = []
    for employee in rows("employees"):
        if employee["status"] != "left" and not [word for word in wanted if word not in employee["name"].lower()]:
            hits.append(employee)
    shown = []
    for employee in hits[:20]:
        standard = [a["username"] for a in _accounts(employee["employee_number"]) if a["kind"] == "standard"]
        shown.append(
            _pick(employee, ["employee_number", "name", "job_title", "department", "site", "email", "extension"])
            | {
                "manager_number": employee["manager"],
                "manager": _name(employee["manager"]),
                "username": standard[0] if standard else None,
            }
        )
    return {"employees": shown, "found": len(hits)}


def search_resources(query, kind=None):
    wanted = query.lower().split(" ")
    hits = []
    for resource in rows("resources"):
        text = (resource["name"] + " " + resource["description"]).lower()
        if (kind is None or resource["kind"] == kind) and not [word for word in wanted if word not in text]:
            hits.append(resource)
    shown = [
        r
        | {
            "owner_name": _name(r["owner"]),
            "seats_free": r["seats"] - _taken(r["resource_id"]) if r["seats"] is not None else None,
        }
        for r in hits[:20]
    ]
    return {"resources": shown, "found": len(hits)}


def list_access(employee_number):
    _employee(employee_number)
    days = get("rules")["approval_days"]
    access = []
    for held in _access(employee_number):
        resource = _resource(held["resource_id"])
        access.append(_pick(held, ["access_id", "resource_id", "since", "until"]) | _pick(resource, ["name", "kind"]))
    approvals = []
    for approval in find("approvals", {"employee_number": employee_number}):
        resource = _resource(approval["resource_id"])
        approvals.append(
            _pick(approval, ["approval_id", "resource_id", "status", "asked", "decided", "used"])
            | {
                "name": resource["name"],
                "owner": _name(resource["owner"]),
                "asked_of": _name(approval["approver"]),
                "good_until": add_days(approval["decided"], days) if approval["status"] == "approved" else None,
            }
        )
    return {"access": access, "approvals": approvals}


def find_devices(employee_number=None, kind=None, status=None, site=None):
    if employee_number is not None:
        _employee(employee_number)
    given = {"assigned_to": employee_number, "kind": kind, "status": status, "site": site}
    devices = find("devices", {path: value for path, value in given.items() if value is not None})
    years = get("rules")["laptop_years"]
    day = today()
    shown = [
        d | {"due_for_exchange": d["kind"] == "laptop" and str(int(d["bought"][:4]) + years) + d["bought"][4:] <= day}
        for d in devices[:20]
    ]
    return {"devices": shown, "found": len(devices)}


def search_articles(query):
    wanted = query.lower().split(" ")
    hits = []
    for article in rows("articles"):
        text = (article["title"] + " " + article["text"]).lower()
        if not [word for word in wanted if word not in text]:
            hits.append(article)
    return {"articles": hits[:5], "found": len(hits)}


# -- accounts -----------------------------------------------------------------------------------


def unlock_account(username):
    account = _account(username)
    if account["status"] != "locked":
        fail("not_locked", "This account is not locked.")
    if account["lock_reason"] != "failed_sign_ins":
        fail(
            "locked_for_cause",
            "This account was locked on purpose (" + account["lock_reason"] + "); it is not unlocked here.",
        )
    update("accounts", username, {"status": "enabled", "lock_reason": None})
    return {"username": username, "status": "enabled"}


def reset_mfa(username):
    account = _account(username)
    if account["status"] == "locked":
        fail("account_locked", "This account is locked.")
    if account["mfa"] != "enrolled":
        fail("not_enrolled", "This account has no MFA to reset; it enrols at the next sign-in.")
    last = account["mfa_reset"]
    if last is not None and days_between(last, today()) < get("rules")["mfa_days"]:
        fail("reset_recently", "MFA of this account was reset on " + last + ".")
    update("accounts", username, {"mfa": "pending", "mfa_reset": today()})
    return {"username": username, "mfa": "pending"}


def lock_account(username, reason):
    account = _account(username)
    employee = _employee(account["employee_number"])
    if account["status"] == "locked" and account["lock_reason"] != "failed_sign_ins":
        fail("already_locked", "This account is locked already (" + account["lock_reason"] + ").")
    if reason == "leaver":
        if employee["last_day"] is None:
            fail("no_last_day", "Human Resources have recorded no last day for " + employee["name"] + ".")
        if employee["last_day"] > today():
            fail(
                "too_early",
                "Human Resources have recorded "
                + employee["last_day"]
                + " as the last day of "
                + employee["name"]
                + ".",
            )
    update("accounts", username, {"status": "locked", "lock_reason": reason})
    return {"username": username, "status": "locked", "lock_reason": reason}


# -- access -------------------------------------------------------------------------------------


def request_approval(employee_number, resource_id, reason):
    employee = _employee(employee_number)
    resource = _resource(resource_id)
    _active(employee)
    _open_to(resource, employee)
    if _holds(employee_number, resource_id):
        fail("already_has_it", employee["name"] + " has " + resource["name"] + " already.")
    if find("approvals", {"employee_number": employee_number, "resource_id": resource_id, "status": "requested"}):
        fail("already_asked", "The owner has been asked already and has not decided.")
    owner = _employee(resource["owner"])
    if not _is_active(owner):
        fail("owner_gone", "The owner on record, " + owner["name"] + ", does not work here at present.")
    approval_id = new_id("APR-")
    insert(
        "approvals",
        {
            "approval_id": approval_id,
            "employee_number": employee_number,
            "resource_id": resource_id,
            "approver": resource["owner"],
            "status": "requested",
            "reason": reason,
            "asked": today(),
            "decided": None,
            "used": None,
        },
    )
    return {"approval_id": approval_id, "name": resource["name"], "asked_of": owner["name"], "status": "requested"}


def _usable(approval_id):
    approval = get("approvals", approval_id)
    if approval is None:
        fail("approval_not_found", "There is no approval " + approval_id + ".")
    if approval["status"] != "approved":
        fail("approval_not_given", "This approval is " + approval["status"] + ".")
    if approval["used"] is not None:
        fail("approval_used", "This approval was used on " + approval["used"] + ".")
    if days_between(approval["decided"], today()) > get("rules")["approval_days"]:
        fail("approval_expired", "This approval was given on " + approval["decided"] + " and has expired.")
    return approval


def grant_access(approval_id):
    approval = _usable(approval_id)
    employee = _employee(approval["employee_number"])
    resource = _resource(approval["resource_id"])
    _active(employee)
    if _holds(employee["employee_number"], resource["resource_id"]):
        fail("already_has_it", employee["name"] + " has " + resource["name"] + " already.")
    _open_to(resource, employee)
    _contract_lasts(employee)
    contractor = employee["kind"] == "contractor"
    if contractor and len(_access(employee["employee_number"])) >= get("rules")["most_contractor_access"]:
        fail("contractor_limit", employee["name"] + " has as many groups and seats as a contractor may have.")
    if resource["seats"] is not None and _taken(resource["resource_id"]) >= resource["seats"]:
        fail("no_seat_free", "All " + str(resource["seats"]) + " seats of " + resource["name"] + " are taken.")
    access_id = new_id("ACC-")
    until = employee["last_day"] if contractor else None
    insert(
        "access",
        {
            "access_id": access_id,
            "resource_id": resource["resource_id"],
            "employee_number": employee["employee_number"],
            "since": today(),
            "until": until,
            "ended": None,
        },
    )
    update("approvals", approval_id, {"used": today()})
    return {"access_id": access_id, "name": resource["name"], "until": until}


def end_access(access_id):
    held = get("access", access_id)
    if held is None:
        fail("access_not_found", "There is no access " + access_id + ".")
    if held["ended"] is not None:
        fail("already_ended", "This access was ended on " + held["ended"] + ".")
    update("access", access_id, {"ended": today()})
    return {"access_id": access_id, "name": _resource(held["resource_id"])["name"], "ended": today()}


# -- devices ------------------------------------------------------------------------------------


def report_device(asset_tag, what, last_seen):
    device = _device(asset_tag)
    if device["status"] != "in_use":
        fail("not_in_use", "This device is not in use (" + device["status"] + ").")
    if last_seen > today():
        fail("not_yet", "It cannot have been seen last on a day that is still to come.")
    standard = [a for a in _accounts(device["assigned_to"]) if a["kind"] == "standard"]
    if [a for a in standard if a["lock_reason"] in (None, "failed_sign_ins")]:  # the latter comes off on request
        fail("account_not_locked", "Lock " + standard[0]["username"] + " first, then report the device.")
    update("devices", asset_tag, {"status": what, "last_seen": last_seen})
    return {"asset_tag": asset_tag, "status": what, "encrypted": device["encrypted"]}


def assign_device(asset_tag, employee_number):
    device = _device(asset_tag)
    employee = _employee(employee_number)
    _active(employee)
    if device["status"] != "in_stock":
        fail("not_in_stock", "This device is not in stock (" + device["status"] + ").")
    if not device["encrypted"]:
        fail("not_encrypted", "This device has not been encrypted yet.")
    if find("devices", {"assigned_to": employee_number, "kind": device["kind"], "status": "in_use"}):
        fail("already_has_one", employee["name"] + " has a " + device["kind"] + " in use.")
    _contract_lasts(employee)
    update("devices", asset_tag, {"status": "in_use", "assigned_to": employee_number})
    return {"asset_tag": asset_tag, "model": device["model"], "site": device["site"]}


# -- tickets ------------------------------------------------------------------------------------


def raise_ticket(employee_number, category, impact, urgency, summary):
    _active(_employee(employee_number))
    same = [t for t in _open_tickets(employee_number) if t["category"] == category]
    if same:
        fail("already_open", "Ticket " + same[0]["ticket_id"] + " of the same category is open.")
    ticket_id = new_id("INC")
    ticket = {"ticket_id": ticket_id, "category": category, "team": get("rules")["teams"][category]} | _weight(
        impact, urgency
    )
    insert(
        "tickets",
        ticket
        | {
            "employee_number": employee_number,
            "summary": summary,
            "status": "open",
            "opened": now(),
            "note": None,
        },
    )
    return _pick(ticket, ["ticket_id", "team", "priority", "due"])


def change_ticket(ticket_id, impact=None, urgency=None, status=None, note=None):
    ticket = get("tickets", ticket_id)
    if ticket is None:
        fail("ticket_not_found", "There is no ticket " + ticket_id + ".")
    if ticket["status"] == "resolved":
        fail("ticket_resolved", "This ticket is resolved.")
    given = {"impact": impact, "urgency": urgency, "status": status}
    fields = {name: value for name, value in given.items() if value is not None and value != ticket[name]}
    if not fields and note is None:
        fail("nothing_to_change", "Give another impact, another urgency, another status or a note.")
    after = ticket | fields
    if "impact" in fields or "urgency" in fields:
        fields = fields | _weight(after["impact"], after["urgency"])
    if note is not None:
        fields = fields | {"note": note}
    after = update("tickets", ticket_id, fields)
    return _pick(after, ["ticket_id", "status", "priority", "due"])
