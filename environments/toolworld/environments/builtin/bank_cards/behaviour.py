# Northgate Bank: how the tools of the card services desk behave.
#
# An account is a current or a credit account and belongs to one customer; its cards are the holder's own and
# those of additional cardholders. A balance below nothing is owed to the bank.
# Cards are ordered (not yet made, so without digits), active, frozen, blocked or expired.


def _customer(customer_id):
    customer = get("customers", customer_id)
    if customer is None:
        fail("customer_not_found", "There is no customer " + customer_id + ".")
    return customer


def _account(account_id):
    account = get("accounts", account_id)
    if account is None:
        fail("account_not_found", "There is no account " + account_id + ".")
    return account


def _card(card_id):
    card = get("cards", card_id)
    if card is None:
        fail("card_not_found", "There is no card " + card_id + ".")
    return card


def _open_dispute(dispute_id):
    dispute = get("disputes", dispute_id)
    if dispute is None:
        fail("dispute_not_found", "There is no dispute " + dispute_id + ".")
    if dispute["status"] != "open":
        fail("dispute_closed", "Dispute " + dispute_id + " is closed (" + dispute["status"] + ").")
    return dispute


def _only(record, names):
    return {name: record[name] for name in names}


def _money(amount):
    pence = int(round(amount * 100))
    return "£" + str(pence // 100) + "." + ("0" + str(pence % 100) if pence % 100 < 10 else str(pence % 100))


def _days_since(day):
    return days_between(day, today())


def _within(day, days):
    """Tell whether a day, if there was one, lies in the last so many days."""
    return day is not None and _days_since(day) <= days


# -- money on accounts --------------------------------------------------------------------------


def _move(account_id, amount):
    account = _account(account_id)
    update("accounts", account_id, {"balance": round(account["balance"] + amount, 2)})


def _credit(account_id, kind, amount, dispute_id=None, fee_id=None):
    credit_id = new_id("CR")
    insert(
        "credits",
        {
            "credit_id": credit_id,
            "account_id": account_id,
            "kind": kind,
            "amount": amount,
            "date": today(),
            "dispute_id": dispute_id,
            "fee_id": fee_id,
            "taken_back": None,
        },
    )
    _move(account_id, amount)
    return credit_id


# -- looking things up --------------------------------------------------------------------------


def identify_customer(name, date_of_birth=None, postcode=None, mobile_ending=None):
    given = [fact for fact in (date_of_birth, postcode, mobile_ending) if fact is not None]
    if len(given) < get("rules")["facts_needed"]:
        fail("too_few_facts", "Two facts besides the name are needed.")
    for customer in find("customers", {"name": name}, fold=True):
        if _matches(customer, date_of_birth, postcode, mobile_ending):
            return _only(
                customer,
                [
                    "customer_id",
                    "name",
                    "postcode",
                    "mobile",
                    "email",
                    "address",
                    "address_changed",
                    "support",
                    "since",
                ],
            ) | {"now": now()}
    fail("not_identified", "These facts do not identify a customer.")


def _matches(customer, date_of_birth, postcode, mobile_ending):
    if date_of_birth is not None and customer["date_of_birth"] != date_of_birth:
        return False
    if postcode is not None and _plain(customer["postcode"]) != _plain(postcode):
        return False
    return mobile_ending is None or customer["mobile"].endswith(mobile_ending)


def _plain(postcode):
    return postcode.replace(" ", "").lower()


def list_cards(customer_id):
    _customer(customer_id)
    accounts = find("accounts", {"customer_id": customer_id})
    own = [account["account_id"] for account in accounts]
    cards = [card for account_id in own for card in find("cards", {"account_id": account_id})]
    added = [card for card in find("cards", {"customer_id": customer_id}) if card["account_id"] not in own]
    accounts = accounts + [_account(account_id) for account_id in sorted({card["account_id"]: None for card in added})]
    return {
        "accounts": [_shown_account(account, customer_id) for account in accounts],
        "cards": [_shown_card(card) for card in cards + added],
    }


def _shown_account(account, customer_id):
    names = ["account_id", "kind", "sort_code", "account_number", "balance", "band", "credit_limit", "limit_raised"]
    return _only(account, names) | {"holder": account["customer_id"] == customer_id}


def _shown_card(card):
    names = [
        "card_id",
        "account_id",
        "kind",
        "role",
        "network",
        "ending",
        "expires",
        "status",
        "frozen_by",
        "block_reason",
        "replaces",
    ]
    notices = [
        _only(notice, ["countries", "leaving", "returning"])
        for notice in find("travel_notices", {"card_id": card["card_id"]})
    ]
    return _only(card, names) | {
        "cardholder": _customer(card["customer_id"])["name"],
        "travel_notices": [notice for notice in notices if notice["returning"] >= today()],
    }


def list_transactions(card_id, merchant=None, since=None):
    _card(card_id)
    merchants = {row["merchant_id"]: row for row in rows("merchants")}
    disputes = {row["transaction_id"]: row["dispute_id"] for row in rows("disputes", ["transaction_id", "dispute_id"])}
    shown = []
    for transaction in find("transactions", {"card_id": card_id}):
        seller = merchants[transaction["merchant_id"]]
        if merchant is not None and merchant.lower() not in seller["name"].lower():
            continue
        if since is None or transaction["made"] >= since:
            shown.append(_shown_transaction(transaction, seller, disputes))
    shown = sorted(shown, key=lambda row: (row["made"], row["transaction_id"]), reverse=True)
    return {"transactions": shown[: get("rules")["most_shown"]], "found": len(shown)}


def _shown_transaction(transaction, seller, disputes):
    names = ["transaction_id", "kind", "made", "posted", "status", "amount", "currency", "original_amount", "entry"]
    posted = transaction["posted"]
    rules = get("rules")
    return _only(transaction, names) | {
        "merchant": seller["name"],
        "category": seller["category"],
        "country": seller["country"],
        "dispute_by": add_days(posted, rules["dispute_days"]) if posted else None,
        "fraud_by": add_days(posted, rules["fraud_days"]) if posted else None,
        "dispute_id": disputes.get(transaction["transaction_id"]),
    }


def list_disputes(customer_id):
    _customer(customer_id)
    names = [
        "dispute_id",
        "transaction_id",
        "reason",
        "amount",
        "raised",
        "status",
        "decided",
        "evidence_by",
        "evidence",
        "provisional_credit",
    ]
    shown = []
    for dispute in find("disputes", {"customer_id": customer_id}):
        seller = get("merchants", get("transactions", dispute["transaction_id"])["merchant_id"])
        shown.append(_only(dispute, names) | {"merchant": seller["name"]})
    return {"disputes": shown, "declined_in_year": _declined_in_year(customer_id)}


def _declined_in_year(customer_id):
    declined = find("disputes", {"customer_id": customer_id, "status": "declined"})
    return len([dispute for dispute in declined if _within(dispute["decided"], get("rules")["year_days"])])


def list_fees(account_id):
    account = _account(account_id)
    names = ["fee_id", "kind", "date", "amount", "transaction_id", "refunded", "refunded_on", "refund_reason"]
    fees = [_only(fee, names) for fee in find("fees", {"account_id": account_id})]
    return {
        "fees": sorted(fees, key=lambda fee: (fee["date"], fee["fee_id"]), reverse=True),
        "goodwill_used": _goodwill_used(account["customer_id"]),
    }


# -- freezing, blocking, replacing --------------------------------------------------------------


def freeze_card(card_id):
    card = _card(card_id)
    if card["status"] != "active":
        fail("card_not_active", "This card is " + card["status"] + "; only an active card can be frozen.")
    update("cards", card_id, {"status": "frozen", "frozen_by": "customer"})
    return {"card_id": card_id, "status": "frozen"}


def unfreeze_card(card_id):
    card = _card(card_id)
    if card["status"] != "frozen":
        fail("card_not_frozen", "This card is " + card["status"] + ", not frozen.")
    if card["frozen_by"] == "bank":
        fail("frozen_by_bank", "The fraud team froze this card; only they can unfreeze it.")
    update("cards", card_id, {"status": "active", "frozen_by": None})
    return {"card_id": card_id, "status": "active"}


def block_card(card_id, reason):
    card = _card(card_id)
    if card["status"] == "blocked":
        fail("already_blocked", "This card is blocked already (" + card["block_reason"] + ").")
    if card["status"] in ("expired", "ordered"):
        fail("card_not_in_use", "This card is " + card["status"] + "; there is nothing to block.")
    update("cards", card_id, {"status": "blocked", "frozen_by": None, "block_reason": reason})
    return {"card_id": card_id, "status": "blocked", "block_reason": reason}


def order_replacement(card_id, delivery):
    card = _card(card_id)
    holder = _customer(card["customer_id"])
    terms = get("rules")["delivery"][delivery]
    _may_be_replaced(card)
    if delivery != "branch" and _within(holder["address_changed"], get("rules")["new_address_days"]):
        fail(
            "address_too_new",
            "The address changed on " + holder["address_changed"] + "; the card has to be collected at a branch.",
        )
    fee = 0 if holder["support"] else terms["fee"]
    if fee > 0:
        _charge_courier(card["account_id"], fee)
    new_card_id = new_id("K")
    insert(
        "cards",
        {
            "card_id": new_card_id,
            "account_id": card["account_id"],
            "customer_id": card["customer_id"],
            "role": card["role"],
            "kind": card["kind"],
            "network": card["network"],
            "ending": None,
            "expires": None,
            "status": "ordered",
            "frozen_by": None,
            "block_reason": None,
            "replaces": card_id,
            "delivery": delivery,
        },
    )
    return {
        "card_id": new_card_id,
        "replaces": card_id,
        "new_number": card["status"] == "blocked",
        "delivery": delivery,
        "arrives": add_days(today(), terms["days"]),
        "fee": fee,
    }


def _may_be_replaced(card):
    if card["status"] == "frozen":
        fail("card_frozen", "This card is frozen; it has to be unfrozen or blocked first.")
    if card["status"] == "expired":
        fail("card_expired", "This card has expired; it is renewed by itself.")
    if card["status"] == "ordered" or find("cards", {"replaces": card["card_id"]}):
        fail("already_ordered", "A replacement has been ordered already.")


def _charge_courier(account_id, amount):
    insert(
        "fees",
        {
            "fee_id": new_id("F"),
            "account_id": account_id,
            "kind": "courier",
            "date": today(),
            "amount": amount,
            "transaction_id": None,
            "refunded": 0,
            "refunded_on": None,
            "refund_reason": None,
        },
    )
    _move(account_id, -amount)


# -- disputes -----------------------------------------------------------------------------------


def raise_dispute(transaction_id, reason, amount, statement, merchant_contacted=None):
    transaction = get("transactions", transaction_id)
    if transaction is None:
        fail("transaction_not_found", "There is no transaction " + transaction_id + ".")
    _may_be_disputed(transaction, reason)
    contacted = _contact(transaction, reason, merchant_contacted)
    if amount > transaction["amount"]:
        fail("too_much", "The payment was only " + _money(transaction["amount"]) + ".")
    card = _card(transaction["card_id"])
    if reason == "fraud" and card["status"] not in ("blocked", "expired"):
        fail("card_not_blocked", "The card has to be blocked before fraud is raised.")
    rules = get("rules")
    holder = _customer(_account(card["account_id"])["customer_id"])
    evidence_by = add_days(today(), rules["evidence_days_support"] if holder["support"] else rules["evidence_days"])
    dispute_id = new_id("D")
    insert(
        "disputes",
        {
            "dispute_id": dispute_id,
            "transaction_id": transaction_id,
            "customer_id": holder["customer_id"],
            "reason": reason,
            "amount": amount,
            "merchant_contacted": contacted,
            "statement": statement,
            "raised": today(),
            "status": "open",
            "decided": None,
            "evidence_by": evidence_by,
            "evidence": [],
            "provisional_credit": 0,
        },
    )
    return {"dispute_id": dispute_id, "amount": amount, "status": "open", "evidence_by": evidence_by}


def _may_be_disputed(transaction, reason):
    rules = get("rules")
    if transaction["kind"] == "refund":
        fail("not_disputable", "This is a refund; there is nothing to dispute.")
    if transaction["status"] == "pending":
        fail("still_pending", "This payment is pending; it can be disputed once it is posted.")
    if find("disputes", {"transaction_id": transaction["transaction_id"]}):
        fail("already_disputed", "This payment has been disputed before.")
    wrong_entry = reason == "cancelled_recurring" and transaction["entry"] != "recurring"
    wrong_kind = (reason == "cash_not_dispensed") != (transaction["kind"] == "cash") and reason != "fraud"
    if wrong_entry or wrong_kind:
        fail("reason_does_not_fit", "The reason " + reason + " does not fit this transaction.")
    last_day = add_days(transaction["posted"], rules["fraud_days"] if reason == "fraud" else rules["dispute_days"])
    if today() > last_day:
        fail("too_late", "This payment could be disputed for this reason until " + last_day + ".")


def _contact(transaction, reason, merchant_contacted):
    """Give the day that goes on the record: none where the merchant need not be contacted."""
    rules = get("rules")
    if reason == "fraud" or not (transaction["entry"] == "recurring" or reason in rules["contact_first"]):
        return None
    if merchant_contacted is None:
        fail("merchant_not_contacted", "The customer has to contact the merchant first.")
    if _days_since(merchant_contacted) < rules["merchant_days"]:
        fail(
            "merchant_needs_time",
            "The merchant has " + str(rules["merchant_days"]) + " days to answer; these are not over.",
        )
    return merchant_contacted


def add_evidence(dispute_id, kind):
    dispute = _open_dispute(dispute_id)
    if today() > dispute["evidence_by"]:
        fail("too_late", "Evidence could be added until " + dispute["evidence_by"] + ".")
    if [piece for piece in dispute["evidence"] if piece["kind"] == kind]:
        fail("already_on_file", "Evidence of this kind is on the record already.")
    evidence = dispute["evidence"] + [{"kind": kind, "received": today()}]
    update("disputes", dispute_id, {"evidence": evidence})
    return {
        "dispute_id": dispute_id,
        "evidence": [piece["kind"] for piece in evidence],
        "evidence_by": dispute["evidence_by"],
    }


def give_provisional_credit(dispute_id):
    dispute = _open_dispute(dispute_id)
    rules = get("rules")
    if dispute["provisional_credit"] > 0:
        fail("already_credited", "Provisional credit has been given for this dispute.")
    if dispute["amount"] > rules["most_provisional"]:
        fail("over_limit", "Provisional credit is given for at most " + _money(rules["most_provisional"]) + ".")
    if _declined_in_year(dispute["customer_id"]) >= rules["declined_at"]:
        fail(
            "too_many_declined",
            "This customer had "
            + str(_declined_in_year(dispute["customer_id"]))
            + " disputes declined in the last year.",
        )
    suitable = rules["evidence_for"][dispute["reason"]]
    if suitable and not [piece for piece in dispute["evidence"] if piece["kind"] in suitable]:
        fail("evidence_missing", "Evidence is needed first: " + " or ".join(suitable) + ".")
    account_id = _card(get("transactions", dispute["transaction_id"])["card_id"])["account_id"]
    update("disputes", dispute_id, {"provisional_credit": dispute["amount"]})
    credit_id = _credit(account_id, "provisional", dispute["amount"], dispute_id=dispute_id)
    return {"credit_id": credit_id, "dispute_id": dispute_id, "account_id": account_id, "amount": dispute["amount"]}


# -- fees ---------------------------------------------------------------------------------------


def _refunds_in_year(customer_id, reason):
    own = [account["account_id"] for account in find("accounts", {"customer_id": customer_id})]
    fees = [fee for fee in find("fees", {"refund_reason": reason}) if fee["account_id"] in own]
    return [fee for fee in fees if _within(fee["refunded_on"], get("rules")["year_days"])]


def _goodwill_used(customer_id):
    """Give the day of the goodwill refund that stands in the way of another one."""
    days = sorted([fee["refunded_on"] for fee in _refunds_in_year(customer_id, "goodwill")])
    return days[-1] if days else None


def refund_fee(fee_id, amount, reason):
    fee = get("fees", fee_id)
    if fee is None:
        fail("fee_not_found", "There is no fee " + fee_id + ".")
    if fee["refunded"] > 0:
        fail("already_refunded", "This fee was refunded on " + fee["refunded_on"] + ".")
    if amount > fee["amount"]:
        fail("too_much", "The fee was only " + _money(fee["amount"]) + ".")
    if reason == "bank_error" and amount != fee["amount"]:
        fail("not_in_full", "A fee that was the bank's error is refunded in full.")
    customer = _customer(_account(fee["account_id"])["customer_id"])
    if reason != "bank_error" and not _within(fee["date"], get("rules")["fee_days"]):
        fail("fee_too_old", "This fee is from " + fee["date"] + ", too long ago to be refunded for this reason.")
    if reason == "goodwill":
        _check_goodwill(fee, customer, amount)
    if reason == "support_need":
        _check_support(customer, amount)
    update("fees", fee_id, {"refunded": amount, "refunded_on": today(), "refund_reason": reason})
    credit_id = _credit(fee["account_id"], "fee_refund", amount, fee_id=fee_id)
    return {"credit_id": credit_id, "fee_id": fee_id, "refunded": amount}


def _check_goodwill(fee, customer, amount):
    rules = get("rules")
    if fee["kind"] not in rules["goodwill_kinds"]:
        fail("not_refundable", "A " + fee["kind"].replace("_", " ") + " fee is not refunded as goodwill.")
    used = _goodwill_used(customer["customer_id"])
    if used is not None:
        fail("goodwill_used", "This customer had a goodwill refund on " + used + ".")
    if amount > rules["most_goodwill"]:
        fail("over_limit", "At most " + _money(rules["most_goodwill"]) + " can be refunded as goodwill.")


def _check_support(customer, amount):
    rules = get("rules")
    if customer["support"] is None:
        fail("no_support_need", "There is no support need on this customer's record.")
    already = sum([fee["refunded"] for fee in _refunds_in_year(customer["customer_id"], "support_need")])
    if round(already + amount, 2) > rules["most_support"]:
        fail("over_limit", "At most " + _money(rules["most_support"]) + " a year can be refunded for a support need.")


# -- credit limits ------------------------------------------------------------------------------


def change_credit_limit(account_id, new_limit):
    account = _account(account_id)
    if account["kind"] != "credit":
        fail("not_a_credit_account", "This is a current account; it has no credit limit.")
    if new_limit == account["credit_limit"]:
        fail("no_change", "The limit is " + _money(new_limit) + " already.")
    if new_limit < account["credit_limit"]:
        _check_lower(account, new_limit)
        update("accounts", account_id, {"credit_limit": new_limit})
    else:
        _check_rise(account, new_limit)
        update("accounts", account_id, {"credit_limit": new_limit, "limit_raised": today()})
    return {"account_id": account_id, "credit_limit": new_limit, "before": account["credit_limit"]}


def _check_lower(account, new_limit):
    if new_limit < -account["balance"]:
        fail("below_balance", _money(-account["balance"]) + " is owed; the limit cannot be lower.")


def _check_rise(account, new_limit):
    rules = get("rules")
    if new_limit > rules["bands"][account["band"]]:
        fail(
            "above_band",
            "A " + account["band"] + " account has a limit of at most " + _money(rules["bands"][account["band"]]) + ".",
        )
    if new_limit * 100 > account["credit_limit"] * (100 + rules["most_rise_percent"]):
        fail("too_large_a_rise", "The limit can go up by at most " + str(rules["most_rise_percent"]) + "% at a time.")
    if _within(account["limit_raised"], rules["rise_wait_days"]):
        fail("cooling_off", "The limit was raised on " + account["limit_raised"] + "; the next rise has to wait.")
    late = find("fees", {"account_id": account["account_id"], "kind": "late_payment"})
    if [fee for fee in late if _within(fee["date"], rules["late_payment_days"])]:
        fail("recent_late_payment", "A payment was late in the last " + str(rules["late_payment_days"]) + " days.")


# -- travel -------------------------------------------------------------------------------------


def add_travel_notice(card_id, countries, leaving, returning):
    card = _card(card_id)
    rules = get("rules")
    if card["status"] != "active":
        fail("card_not_active", "This card is " + card["status"] + ".")
    if leaving < today() or returning < leaving:
        fail("dates_impossible", "The journey has to begin today or later and end after it began.")
    closed = [country for country in countries if country in rules["no_service"]]
    if closed:
        fail("country_not_served", "Cards do not work in " + closed[0] + ".")
    if _days_since(leaving) < -rules["travel_ahead"]:
        fail("too_far_ahead", "Notices are taken at most " + str(rules["travel_ahead"]) + " days ahead.")
    if days_between(leaving, returning) > rules["travel_days"]:
        fail("too_long", "A notice is for at most " + str(rules["travel_days"]) + " days.")
    if card["expires"] < returning:
        fail("card_expires", "This card expires on " + card["expires"] + ", before the return.")
    notice_id = new_id("TN")
    insert(
        "travel_notices",
        {
            "notice_id": notice_id,
            "card_id": card_id,
            "countries": sorted(countries),
            "leaving": leaving,
            "returning": returning,
        },
    )
    return {
        "notice_id": notice_id,
        "card_id": card_id,
        "countries": sorted(countries),
        "leaving": leaving,
        "returning": returning,
    }
