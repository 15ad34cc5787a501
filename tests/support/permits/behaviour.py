ZONES_SHOWN = 5


def _resident(resident_id):
    resident = get("residents", resident_id)
    if resident is None:
        fail("resident_not_found", f"There is no resident {resident_id}.")
    return resident


def _permit(permit_id):
    permit = get("permits", permit_id)
    if permit is None:
        fail("permit_not_found", f"There is no permit {permit_id}.")
    return permit


def _price(zone, months):
    full = round(zone["monthly"] * months, 2)
    return round(full * 0.9, 2) if months >= 6 else full


def find_resident(surname):
    found = find("residents", {"surname": surname}, fold=True)
    if not found:
        fail("resident_not_found", f"There is no resident named {surname}.")
    permits = find("permits", {"holder.resident_id": found[0]["resident_id"]})
    return found[0] | {"permits": [permit["permit_id"] for permit in permits]}


def show_permit(permit_id):
    permit = _permit(permit_id)
    zone = get("zones", permit["zone"])
    return {
        "permit_id": permit["permit_id"],
        "plate": permit["plate"],
        "status": permit["status"],
        "until": permit["until"],
        "zone": zone["name"],
    }


def list_zones():
    zones = sorted(rows("zones"), key=lambda zone: zone["zone_id"])
    return {
        "zones": [{"zone_id": z["zone_id"], "name": z["name"], "monthly": z["monthly"]} for z in zones[:ZONES_SHOWN]]
    }


def issue_permit(resident_id, zone_id, plate, months=1, kind="resident"):
    resident = _resident(resident_id)
    zone = get("zones", zone_id)
    if zone is None:
        fail("zone_not_found", f"There is no zone {zone_id}.")
    active = [p for p in find("permits", {"plate": plate}) if p["status"] == "active"]
    if active:
        fail("plate_has_permit", f"The plate {plate} has the permit {active[0]['permit_id']}.")
    office = get("office")
    if office["issued"] >= office["limit"]:
        fail("no_more_permits", "The office issues no more permits this year.")
    set("office", office | {"issued": office["issued"] + 1})
    permit = insert(
        "permits",
        {
            "permit_id": new_id("P"),
            "zone": zone_id,
            "plate": plate,
            "kind": kind,
            "status": "active",
            "until": add_days(today(), 30 * months),
            "holder": {"resident_id": resident["resident_id"], "name": resident["surname"]},
        },
    )
    return {"permit_id": permit["permit_id"], "until": permit["until"], "price": _price(zone, months)}


def cancel_permit(permit_id):
    permit = _permit(permit_id)
    if permit["status"] != "active":
        fail("permit_not_active", f"The permit is {permit['status']}.")
    left = days_between(today(), permit["until"])
    update("permits", permit_id, {"status": "cancelled", "until": today()})
    return {"permit_id": permit_id, "status": "cancelled", "days_left": max(0, left)}


def change_plate(permit_id, plate):
    permit = _permit(permit_id)
    if permit["status"] in ("expired", "cancelled"):
        fail("permit_not_active", f"The permit is {permit['status']}.")
    changed = update("permits", permit_id, {"plate": plate})
    return {"permit_id": changed["permit_id"], "plate": changed["plate"]}
