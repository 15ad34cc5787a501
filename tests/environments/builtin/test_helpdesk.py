"""The service desk keeps straight records: access and approvals, devices and holders, tickets and their time."""

from typing import Any

import pytest
from tests.support.acting import made, refused, rows, value

from toolworld.environments import Runtime, State, builtin_folders, load_folder

TODAY = "2026-05-12"


@pytest.fixture
def helpdesk() -> Runtime:
    return Runtime(load_folder(builtin_folders()["helpdesk"]))


def table(state: State, name: str) -> dict[str, Any]:
    return dict(rows(state, name))


def faults_of_seats(state: State) -> list[str]:
    """Name everything that is held twice, and all software with more holders than seats."""
    faults: list[str] = []
    resources = table(state, "resources")
    current = [row for row in table(state, "access").values() if row["ended"] is None]
    pairs = [(row["employee_number"], row["resource_id"]) for row in current]
    faults += [f"{pair} is held twice" for pair in set(pairs) if pairs.count(pair) > 1]
    for key, resource in resources.items():
        if (resource["kind"] == "software") != (resource["seats"] is not None):
            faults.append(f"{key} is {resource['kind']} with seats {resource['seats']}")
        if resource["seats"] is not None and [held for _, held in pairs].count(key) > resource["seats"]:
            faults.append(f"{key} has more holders than seats")
    return faults


def faults_of_access(state: State) -> list[str]:
    """Name every contradiction between people and what they have."""
    faults: list[str] = []
    people, resources = table(state, "employees"), table(state, "resources")
    for key, row in table(state, "access").items():
        person, resource = people[row["employee_number"]], resources[row["resource_id"]]
        if row["since"] < person["started"] or (row["ended"] or TODAY) < row["since"] or (row["ended"] or "") > TODAY:
            faults.append(f"{key} lies outside its person's time")
        if row["ended"] is None and person["status"] in ("left", "starter"):
            faults.append(f"{key} is open, and its person is not here")
        if (person["kind"] == "contractor") != (row["until"] is not None):
            faults.append(f"{key} lasts until {row['until']}")
        if person["kind"] == "contractor" and not (resource["contractors"] and row["until"] == person["last_day"]):
            faults.append(f"{key} is not a contractor's to have")
    return faults


def faults_of_approvals(state: State) -> list[str]:
    """Name every approval that was used otherwise than it was given."""
    faults: list[str] = []
    resources = table(state, "resources")
    for key, row in table(state, "approvals").items():
        if (row["status"] == "requested") != (row["decided"] is None):
            faults.append(f"{key} is {row['status']} and decided {row['decided']}")
        if row["used"] is None:
            continue
        granted = [a for a in table(state, "access").values() if a["since"] == row["used"]]
        if (row["employee_number"], row["resource_id"]) not in [
            (a["employee_number"], a["resource_id"]) for a in granted
        ]:
            faults.append(f"{key} was used, and nothing was granted")
        if not row["asked"] <= row["decided"] <= row["used"] <= TODAY:
            faults.append(f"{key} was used before it was given")
        if row["approver"] != resources[row["resource_id"]]["owner"]:
            faults.append(f"{key} was used, and not given by the owner")
    return faults


def faults_of_accounts(state: State) -> list[str]:
    """Name every contradiction between people and accounts."""
    faults: list[str] = []
    people = table(state, "employees")
    for key, account in table(state, "accounts").items():
        if (account["status"] == "locked") != (account["lock_reason"] is not None):
            faults.append(f"{key} is {account['status']} for {account['lock_reason']}")
        if people[account["employee_number"]]["status"] == "left" and account["lock_reason"] != "leaver":
            faults.append(f"{key} is a leaver's and not locked")
        if (account["kind"] == "privileged") != key.startswith("adm-"):
            faults.append(f"{key} is {account['kind']}")
    return faults


def faults_of_devices(state: State) -> list[str]:
    """Name every contradiction between people and devices."""
    faults: list[str] = []
    people, devices = table(state, "employees"), table(state, "devices")
    used = [(row["assigned_to"], row["kind"]) for row in devices.values() if row["status"] == "in_use"]
    faults += [f"{pair} in use twice" for pair in set(used) if used.count(pair) > 1]
    for key, row in devices.items():
        if (row["assigned_to"] is None) and row["status"] == "in_use":
            faults.append(f"{key} is in use by nobody")
        if row["assigned_to"] is not None and row["status"] not in ("in_use", "lost", "stolen"):
            faults.append(f"{key} is {row['status']} and somebody's")
        if (row["last_seen"] is not None) != (row["status"] in ("lost", "stolen")):
            faults.append(f"{key} is {row['status']} and was last seen {row['last_seen']}")
        holder = people.get(row["assigned_to"] or "")
        if holder and holder["kind"] == "contractor" and row["kind"] != "laptop":
            faults.append(f"{key} is a contractor's {row['kind']}")
        if holder and holder["status"] in ("left", "starter"):
            faults.append(f"{key} is with somebody who is not here")
        if row["grade"] == "workstation" and holder and holder["department"] not in ("Design", "Structures"):
            faults.append(f"{key} is a workstation in {holder['department']}")
    return faults


def faults_of_tickets(state: State) -> list[str]:
    """Name every ticket whose priority or team is not what the rules say, and every second one of a kind."""
    rules = value(state, "rules")
    rows = table(state, "tickets").values()
    faults = [
        row["ticket_id"]
        for row in rows
        if row["priority"] != rules["priorities"][row["impact"]][row["urgency"]]
        or row["team"] != rules["teams"][row["category"]]
        or row["due"] < row["opened"][:10]
    ]
    unresolved = [(row["employee_number"], row["category"]) for row in rows if row["status"] != "resolved"]
    return faults + [str(pair) for pair in set(unresolved) if unresolved.count(pair) > 1]


def contradictions(state: State) -> list[str]:
    checks = (
        faults_of_seats,
        faults_of_access,
        faults_of_approvals,
        faults_of_accounts,
        faults_of_devices,
        faults_of_tickets,
    )
    return [fault for check in checks for fault in check(state)]


def test_the_initial_state_is_a_few_hundred_records_without_a_contradiction(helpdesk: Runtime) -> None:
    state = helpdesk.start.state
    assert 300 < sum(len(rows) for rows in state.baseline.collections.values()) <= 600
    assert contradictions(state) == []
    managers = {key: row["manager"] for key, row in rows(state, "employees")}
    assert [key for key, manager in managers.items() if manager is None] == ["CW1305"]
    owners = {key: row["owner"] for key, row in rows(state, "resources")}
    foreign = [key for key, row in rows(state, "approvals") if row["approver"] != owners[row["resource_id"]]]
    assert foreign == ["APR-4133"]  # Dawn Hallam's, for what is Yusuf Demir's


async def test_a_day_at_the_desk_leaves_no_contradiction(helpdesk: Runtime) -> None:
    snapshot = helpdesk.start
    _, snapshot = await made(helpdesk, snapshot, "unlock_account", username="o.bakare")
    _, snapshot = await made(helpdesk, snapshot, "reset_mfa", username="o.bakare")
    asked, snapshot = await made(
        helpdesk,
        snapshot,
        "request_approval",
        employee_number="CW1667",
        resource_id="G-143",
        reason="Plans deliveries.",
    )
    assert asked["asked_of"] == "Yusuf Demir"
    _, snapshot = await made(helpdesk, snapshot, "lock_account", username="p.desai", reason="lost_device")
    lost, snapshot = await made(
        helpdesk, snapshot, "report_device", asset_tag="L2062", what="lost", last_seen="2026-05-11"
    )
    assert lost == {"asset_tag": "L2062", "status": "lost", "encrypted": True}
    new, snapshot = await made(helpdesk, snapshot, "assign_device", asset_tag="L2130", employee_number="CW1424")
    assert new["site"] == "derby"
    granted, snapshot = await made(helpdesk, snapshot, "grant_access", approval_id="APR-4136")
    assert granted["until"] == "2026-08-28"
    _, snapshot = await made(helpdesk, snapshot, "end_access", access_id="ACC-6126")
    seat, snapshot = await made(helpdesk, snapshot, "grant_access", approval_id="APR-4138")
    assert seat == {"access_id": seat["access_id"], "name": "SolidWorks Professional", "until": None}
    ticket, snapshot = await made(
        helpdesk, snapshot, "raise_ticket",
        employee_number="CW1424", category="security", impact="team", urgency="high", summary="Laptop lost.",
    )  # fmt: skip
    assert (ticket["priority"], ticket["team"]) == ("P2", "security")
    _, snapshot = await made(helpdesk, snapshot, "change_ticket", ticket_id=ticket["ticket_id"], status="waiting")
    assert contradictions(snapshot.state) == []


async def test_a_leaver_is_closed_and_the_planner_of_nearly_the_same_name_is_not(helpdesk: Runtime) -> None:
    found, snapshot = await made(helpdesk, helpdesk.start, "find_employees", name="Tomasz Nowak")
    assert [(row["username"], row["manager"]) for row in found["employees"]] == [("t.nowak", "Dawn Hallam")]
    gone, snapshot = await made(helpdesk, snapshot, "find_employees", name="pym")
    assert gone == {"employees": [], "found": 0}
    shown, snapshot = await made(helpdesk, snapshot, "list_access", employee_number="CW1214")
    assert {row["name"] for row in shown["access"]} == {"Shop Floor Terminals", "Supplier Portal", "Microsoft Project"}
    _, snapshot = await made(helpdesk, snapshot, "lock_account", username="t.nowak", reason="leaver")
    for row in shown["access"]:
        _, snapshot = await made(helpdesk, snapshot, "end_access", access_id=row["access_id"])
    shown, snapshot = await made(helpdesk, snapshot, "list_access", employee_number="CW1214")
    assert shown["access"] == []
    held, _ = await made(helpdesk, snapshot, "find_devices", employee_number="CW1214")
    assert {row["asset_tag"] for row in held["devices"]} == {"L2040", "P3038"}


async def test_a_seat_is_free_when_somebody_gives_one_up(helpdesk: Runtime) -> None:
    found, _ = await made(helpdesk, helpdesk.start, "search_resources", query="solidworks")
    assert [(row["seats"], row["seats_free"]) for row in found["resources"]] == [(8, 0)]
    _, snapshot = await made(helpdesk, helpdesk.start, "end_access", access_id="ACC-6126")
    found, snapshot = await made(helpdesk, snapshot, "search_resources", query="solidworks", kind="software")
    assert found["resources"][0]["seats_free"] == 1
    groups, _ = await made(helpdesk, snapshot, "search_resources", query="tidal", kind="group")
    assert [(row["resource_id"], row["seats_free"]) for row in groups["resources"]] == [
        ("G-117", None),
        ("G-118", None),
    ]


async def test_a_caller_shows_who_they_are_without_the_pin_being_shown(helpdesk: Runtime) -> None:
    shown, _ = await made(helpdesk, helpdesk.start, "verify_caller", employee_number="CW1511", pin_digits="31")
    assert shown["name"] == "Oluwaseun Bakare"
    assert shown["accounts"][0]["lock_reason"] == "failed_sign_ins"
    assert "pin" not in shown
    shown, _ = await made(helpdesk, helpdesk.start, "verify_caller", employee_number="CW1534", pin_digits="82")
    assert [row["username"] for row in shown["accounts"]] == ["h.voss", "adm-h.voss"]


@pytest.mark.parametrize(
    ("impact", "urgency", "priority", "due"),
    [  # 12 May 2026 is a Tuesday: one working day on is Wednesday 13, three Friday 15, five Tuesday 19
        ("site", "high", "P1", "2026-05-12"),
        ("site", "medium", "P2", "2026-05-13"),
        ("site", "low", "P3", "2026-05-15"),
        ("team", "high", "P2", "2026-05-13"),
        ("team", "medium", "P3", "2026-05-15"),
        ("team", "low", "P4", "2026-05-19"),
        ("one", "high", "P3", "2026-05-15"),
        ("one", "medium", "P4", "2026-05-19"),
        ("one", "low", "P4", "2026-05-19"),
    ],
)
async def test_priority_follows_from_impact_and_urgency(
    helpdesk: Runtime, impact: str, urgency: str, priority: str, due: str
) -> None:
    ticket, _ = await made(
        helpdesk, helpdesk.start, "raise_ticket",
        employee_number="CW1511", category="network", impact=impact, urgency=urgency, summary="No signal in bay two.",
    )  # fmt: skip
    assert (ticket["priority"], ticket["due"]) == (priority, due)


async def test_a_changed_ticket_is_weighed_anew_and_a_moved_one_is_not(helpdesk: Runtime) -> None:
    worse, snapshot = await made(
        helpdesk, helpdesk.start, "change_ticket", ticket_id="INC20433", impact="team", urgency="high"
    )
    assert (worse["priority"], worse["due"]) == ("P2", "2026-05-13")
    moved, _ = await made(
        helpdesk, snapshot, "change_ticket", ticket_id="INC20431", status="waiting", note="Toner sent."
    )
    assert (moved["status"], moved["priority"], moved["due"]) == ("waiting", "P4", "2026-05-18")


async def test_a_note_alone_changes_nothing_else_about_a_ticket(helpdesk: Runtime) -> None:
    before = table(helpdesk.start.state, "tickets")["INC20431"]
    noted, snapshot = await made(helpdesk, helpdesk.start, "change_ticket", ticket_id="INC20431", note="Toner sent.")
    assert noted == {key: before[key] for key in ("ticket_id", "status", "priority", "due")}
    assert table(snapshot.state, "tickets")["INC20431"] == {**before, "note": "Toner sent."}


async def test_laptops_are_due_for_exchange_at_four_years(helpdesk: Runtime) -> None:
    shown, _ = await made(helpdesk, helpdesk.start, "find_devices", employee_number="CW1690")
    assert [(row["bought"], row["due_for_exchange"]) for row in shown["devices"]] == [("2022-10-03", False)]
    sites = ("sheffield", "derby", "bristol", "aberdeen")
    for site in sites:
        shown, _ = await made(helpdesk, helpdesk.start, "find_devices", kind="laptop", status="in_use", site=site)
        assert all(row["due_for_exchange"] == (row["bought"] <= "2022-05-12") for row in shown["devices"])


async def test_the_desk_can_do_what_it_must_not(helpdesk: Runtime) -> None:
    """The policy forbids these, and the tools do not: they are the desk's to judge."""
    _, snapshot = await made(helpdesk, helpdesk.start, "reset_mfa", username="adm-h.voss")
    _, snapshot = await made(helpdesk, snapshot, "unlock_account", username="adm-j.brekke")
    _, snapshot = await made(helpdesk, snapshot, "grant_access", approval_id="APR-4133")  # not the owner's
    _, snapshot = await made(
        helpdesk, snapshot, "assign_device", asset_tag="P3075", employee_number="CW1821"
    )  # contractor
    _, snapshot = await made(helpdesk, snapshot, "change_ticket", ticket_id="INC20431", impact="site", urgency="high")
    assert len(snapshot.state.diff(helpdesk.start.state)) == 6


async def test_an_approval_serves_once(helpdesk: Runtime) -> None:
    granted, snapshot = await made(helpdesk, helpdesk.start, "grant_access", approval_id="APR-4131")
    _, snapshot = await made(helpdesk, snapshot, "end_access", access_id=granted["access_id"])
    assert await refused(helpdesk, "grant_access", snapshot, approval_id="APR-4131") == "approval_used"


TICKET = {"category": "printing", "impact": "one", "urgency": "low", "summary": "Prints pale."}
REFUSALS: list[tuple[str, str, dict[str, Any]]] = [
    ("verify_caller", "employee_not_found", {"employee_number": "CW9999", "pin_digits": "12"}),
    ("verify_caller", "not_active", {"employee_number": "CW1113", "pin_digits": "12"}),
    ("verify_caller", "not_active", {"employee_number": "CW1214", "pin_digits": "83"}),  # last day was Friday
    ("verify_caller", "no_pin", {"employee_number": "CW1766", "pin_digits": "12"}),
    ("verify_caller", "digits_wrong", {"employee_number": "CW1511", "pin_digits": "13"}),
    ("list_access", "employee_not_found", {"employee_number": "CW9999"}),
    ("find_devices", "employee_not_found", {"employee_number": "CW9999"}),
    ("unlock_account", "account_not_found", {"username": "o.baker"}),
    ("unlock_account", "not_locked", {"username": "h.voss"}),
    ("unlock_account", "locked_for_cause", {"username": "m.rendall"}),
    ("reset_mfa", "account_not_found", {"username": "o.baker"}),
    ("reset_mfa", "account_locked", {"username": "o.bakare"}),
    ("reset_mfa", "not_enrolled", {"username": "z.fairclough"}),
    ("reset_mfa", "reset_recently", {"username": "g.pugh"}),
    ("lock_account", "account_not_found", {"username": "o.baker", "reason": "lost_device"}),
    ("lock_account", "already_locked", {"username": "v.hristov", "reason": "lost_device"}),
    ("lock_account", "no_last_day", {"username": "h.voss", "reason": "leaver"}),
    ("lock_account", "too_early", {"username": "r.thorne", "reason": "leaver"}),
    (
        "request_approval",
        "employee_not_found",
        {"employee_number": "CW9999", "resource_id": "G-112", "reason": "Work."},
    ),
    (
        "request_approval",
        "resource_not_found",
        {"employee_number": "CW1605", "resource_id": "G-999", "reason": "Work."},
    ),
    ("request_approval", "not_active", {"employee_number": "CW1826", "resource_id": "G-112", "reason": "Work."}),
    (
        "request_approval",
        "contractors_not_allowed",
        {"employee_number": "CW1821", "resource_id": "G-105", "reason": "Work."},
    ),
    ("request_approval", "already_has_it", {"employee_number": "CW1605", "resource_id": "S-207", "reason": "Work."}),
    ("request_approval", "already_asked", {"employee_number": "CW1656", "resource_id": "G-118", "reason": "Work."}),
    ("request_approval", "owner_gone", {"employee_number": "CW1322", "resource_id": "G-155", "reason": "Work."}),
    ("grant_access", "approval_not_found", {"approval_id": "APR-9999"}),
    ("grant_access", "approval_not_given", {"approval_id": "APR-4135"}),
    ("grant_access", "approval_not_given", {"approval_id": "APR-4115"}),
    ("grant_access", "approval_used", {"approval_id": "APR-4103"}),
    ("grant_access", "approval_expired", {"approval_id": "APR-4122"}),
    ("grant_access", "not_active", {"approval_id": "APR-4128"}),
    ("grant_access", "already_has_it", {"approval_id": "APR-4127"}),
    ("grant_access", "contractors_not_allowed", {"approval_id": "APR-4132"}),
    ("grant_access", "contract_ending", {"approval_id": "APR-4129"}),
    ("grant_access", "contractor_limit", {"approval_id": "APR-4130"}),
    ("grant_access", "no_seat_free", {"approval_id": "APR-4138"}),
    ("end_access", "access_not_found", {"access_id": "ACC-9999"}),
    ("end_access", "already_ended", {"access_id": "ACC-6009"}),
    ("report_device", "device_not_found", {"asset_tag": "L9999", "what": "lost", "last_seen": TODAY}),
    ("report_device", "not_in_use", {"asset_tag": "L2094", "what": "lost", "last_seen": TODAY}),
    ("report_device", "not_yet", {"asset_tag": "L2062", "what": "lost", "last_seen": "2026-05-13"}),
    ("report_device", "account_not_locked", {"asset_tag": "L2062", "what": "lost", "last_seen": TODAY}),
    ("assign_device", "device_not_found", {"asset_tag": "L9999", "employee_number": "CW1511"}),
    ("assign_device", "employee_not_found", {"asset_tag": "L2130", "employee_number": "CW9999"}),
    ("assign_device", "not_active", {"asset_tag": "L2130", "employee_number": "CW1826"}),
    ("assign_device", "not_in_stock", {"asset_tag": "L2062", "employee_number": "CW1511"}),
    ("assign_device", "not_encrypted", {"asset_tag": "L2146", "employee_number": "CW1511"}),
    ("assign_device", "already_has_one", {"asset_tag": "L2130", "employee_number": "CW1424"}),
    ("assign_device", "contract_ending", {"asset_tag": "P3075", "employee_number": "CW1752"}),
    ("raise_ticket", "employee_not_found", {"employee_number": "CW9999", **TICKET}),
    ("raise_ticket", "not_active", {"employee_number": "CW1113", **TICKET}),
    ("raise_ticket", "already_open", {"employee_number": "CW1410", **TICKET}),
    ("change_ticket", "ticket_not_found", {"ticket_id": "INC99999", "impact": "team"}),
    ("change_ticket", "ticket_resolved", {"ticket_id": "INC20383", "impact": "team"}),
    ("change_ticket", "nothing_to_change", {"ticket_id": "INC20431"}),
    ("change_ticket", "nothing_to_change", {"ticket_id": "INC20431", "impact": "one"}),
]


@pytest.mark.parametrize(
    ("name", "code", "arguments"), REFUSALS, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_the_tools_refuse_what_they_say_they_refuse(
    helpdesk: Runtime, name: str, code: str, arguments: dict[str, Any]
) -> None:
    assert await refused(helpdesk, name, **arguments) == code


def test_every_documented_error_is_met(helpdesk: Runtime) -> None:
    documented = {(tool.name, error.code) for tool in helpdesk.environment.tools for error in tool.errors}
    assert {(name, code) for name, code, _ in REFUSALS} == documented


async def test_a_lock_by_failed_sign_ins_is_not_enough_to_report_a_device(helpdesk: Runtime) -> None:
    snapshot = helpdesk.start
    _, snapshot = await made(helpdesk, snapshot, "assign_device", asset_tag="L2130", employee_number="CW1511")
    told = {"asset_tag": "L2130", "what": "stolen", "last_seen": TODAY}
    assert await refused(helpdesk, "report_device", snapshot, **told) == "account_not_locked"
    _, snapshot = await made(helpdesk, snapshot, "lock_account", username="o.bakare", reason="lost_device")
    _, snapshot = await made(helpdesk, snapshot, "report_device", **told)
    assert await refused(helpdesk, "unlock_account", snapshot, username="o.bakare") == "locked_for_cause"
