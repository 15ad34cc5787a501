def _item(item_id):
    item = get("items", item_id)
    if item is None:
        fail("item_not_found", f"There is no item {item_id}.")
    return item


def find_member(name):
    for member in find("members", {"name": name}, fold=True):
        loans = [item["item_id"] for item in find("items", {"lent_to": member["member_id"]})]
        return member | {"loans": loans}
    fail("member_not_found", f"There is no member named {name}.")


def lend_item(member_id, item_id):
    if get("members", member_id) is None:
        fail("member_not_found", f"There is no member {member_id}.")
    item = _item(item_id)
    if item["lent_to"] is not None:
        fail("item_on_loan", f"Somebody has {item['name']} until {item['due']}.")
    lent = update("items", item_id, {"lent_to": member_id, "due": add_days(today(), 14)})
    return {"item_id": item_id, "name": lent["name"], "due": lent["due"]}


def return_item(item_id):
    item = _item(item_id)
    if item["lent_to"] is None:
        fail("item_not_on_loan", f"Nobody has {item['name']}.")
    update("items", item_id, {"lent_to": None, "due": None})
    return {"item_id": item_id, "days_late": max(0, days_between(item["due"], today()))}
