"""The card desk keeps its own books: what the policy promises, the tools hold to."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from tests.support.acting import get, made, refused, rows, value

from toolworld.environments import Runtime, State, builtin_folders, load_folder

TODAY = "2026-06-15"
STATEMENT = "The customer says that this is not right."


@pytest.fixture
def bank_cards() -> Runtime:
    return Runtime(load_folder(builtin_folders()["bank_cards"]))


def days(first: str, second: str) -> int:
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


def books_balance(state: State) -> list[str]:
    """Name every contradiction between cards, payments, disputes, fees and credits."""
    looks = (_account_faults, _card_faults, _payment_faults, _dispute_faults, _provisional_faults, _fee_faults)
    return [fault for look in looks for fault in look(state)]


def _account_faults(state: State) -> Iterator[str]:
    for key, account in rows(state, "accounts"):
        credit = account["kind"] == "credit"
        if credit != (account["credit_limit"] is not None) or credit != (account["band"] is not None):
            yield f"{key} is a {account['kind']} account with the wrong fields"
        if credit and not -account["credit_limit"] <= account["balance"]:
            yield f"{key} is over its limit"
        if credit and account["credit_limit"] > value(state, "rules")["bands"][account["band"]]:
            yield f"{key} has a limit above its band"
        if account["limit_raised"] and account["limit_raised"] < account["opened"]:
            yield f"{key} had its limit raised before it was opened"


def _card_faults(state: State) -> Iterator[str]:
    cards, accounts = dict(rows(state, "cards")), dict(rows(state, "accounts"))
    for key, card in cards.items():
        if (card["status"] == "blocked") != (card["block_reason"] is not None):
            yield f"{key} is {card['status']}, blocked for {card['block_reason']}"
        if (card["status"] == "frozen") != (card["frozen_by"] is not None):
            yield f"{key} is {card['status']}, frozen by {card['frozen_by']}"
        if (card["status"] == "ordered") != (card["ending"] is None):
            yield f"{key} is {card['status']} and ends in {card['record']}"
        if card["status"] != "ordered" and (card["expires"] < TODAY) != (card["status"] == "expired"):
            yield f"{key} is {card['status']} and expires on {card['expires']}"
        account = accounts[card["account_id"]]
        if (card["role"] == "holder") != (card["customer_id"] == account["customer_id"]):
            yield f"{key} is of the wrong role"
        if (card["kind"] == "debit") != (account["kind"] == "current"):
            yield f"{key} is a {card['kind']} card on a {account['kind']} account"
        if card["replaces"] and cards[card["replaces"]]["account_id"] != card["account_id"]:
            yield f"{key} replaces a card of another account"
    replaced = [card["replaces"] for card in cards.values() if card["replaces"]]
    endings = [card["ending"] for card in cards.values() if card["ending"]]
    if len(replaced) != len(set(replaced)) or len(endings) != len(set(endings)):
        yield "two cards replace one, or end in the same digits"


def _payment_faults(state: State) -> Iterator[str]:
    cards, merchants = dict(rows(state, "cards")), dict(rows(state, "merchants"))
    charged = [fee["transaction_id"] for _, fee in rows(state, "fees") if fee["kind"] == "foreign_payment"]
    for key, payment in rows(state, "transactions"):
        pending = payment["status"] == "pending"
        if pending != (payment["posted"] is None) or (pending and days(payment["made"], TODAY) > 4):
            yield f"{key} is {payment['status']} since {payment['made']}"
        if not payment["made"] <= (payment["posted"] or TODAY) <= TODAY:
            yield f"{key} was posted before it was made"
        card = cards[payment["card_id"]]
        if card["status"] in ("ordered", "expired") and payment["made"] > (card["expires"] or ""):
            yield f"{key} was paid with a card that was not in use"
        pounds = payment["currency"] == "GBP"
        if pounds and payment["amount"] != payment["original_amount"]:
            yield f"{key} is in pounds and has two amounts"
        if not pounds and merchants[payment["merchant_id"]]["country"] == "United Kingdom":
            yield f"{key} is in {payment['currency']} in Britain"
        if not pounds and charged.count(key) != (not pending):
            yield f"{key} was charged {charged.count(key)} foreign payment fees"
        if (payment["kind"] == "cash") != (payment["entry"] == "cash_machine"):
            yield f"{key} is {payment['kind']} by {payment['entry']}"


def _dispute_faults(state: State) -> Iterator[str]:
    rules = value(state, "rules")
    disputes = [row for _, row in rows(state, "disputes")]
    if len({row["transaction_id"] for row in disputes}) != len(disputes):
        yield "a payment has been disputed twice"
    for row in disputes:
        key, payment = row["dispute_id"], get(state, "transactions", row["transaction_id"])
        assert payment is not None
        card = get(state, "cards", payment["card_id"])
        assert card is not None
        account = get(state, "accounts", card["account_id"])
        assert account is not None
        if account["customer_id"] != row["customer_id"] or row["amount"] > payment["amount"]:
            yield f"{key} does not fit its payment"
        window = rules["fraud_days"] if row["reason"] == "fraud" else rules["dispute_days"]
        if payment["posted"] is None or not 0 <= days(payment["posted"], row["raised"]) <= window:
            yield f"{key} was raised too early or too late"
        first = payment["entry"] == "recurring" or row["reason"] in rules["contact_first"]
        if (first and row["reason"] != "fraud") != (row["merchant_contacted"] is not None):
            yield f"{key} lacks the day of contact, or has one without need"
        if row["merchant_contacted"] and days(row["merchant_contacted"], row["raised"]) < rules["merchant_days"]:
            yield f"{key} gave the merchant too little time"
        if row["reason"] == "fraud" and card["status"] not in ("blocked", "expired"):
            yield f"{key} is fraud on a card that is {card['status']}"
        if any(not row["raised"] <= piece["received"] <= row["evidence_by"] for piece in row["evidence"]):
            yield f"{key} has evidence from out of time"
        if (row["status"] == "open") != (row["decided"] is None):
            yield f"{key} is {row['status']} and decided {row['decided']}"


def _provisional_faults(state: State) -> Iterator[str]:
    rules = value(state, "rules")
    given_back = [row for _, row in rows(state, "credits") if row["kind"] == "provisional"]
    for key, row in rows(state, "disputes"):
        given = [credit for credit in given_back if credit["dispute_id"] == key]
        if [credit["amount"] for credit in given] != ([row["provisional_credit"]] if row["provisional_credit"] else []):
            yield f"{key} and its credits disagree"
        for credit in given:
            if (credit["taken_back"] is not None) != (row["status"] in ("declined", "withdrawn")):
                yield f"{key} is {row['status']}, its credit taken back {credit['taken_back']}"
            if credit["account_id"] != _account_of(state, row) or credit["amount"] > rules["most_provisional"]:
                yield f"{credit['credit_id']} is on the wrong account or too much"


def _account_of(state: State, dispute: Any) -> str:
    payment = get(state, "transactions", dispute["transaction_id"])
    assert payment is not None
    card = get(state, "cards", payment["card_id"])
    assert card is not None
    return card["account_id"]


def _fee_faults(state: State) -> Iterator[str]:
    rules = value(state, "rules")
    given_back = [row for _, row in rows(state, "credits") if row["kind"] == "fee_refund"]
    goodwill: dict[str, list[str]] = {}
    for key, fee in rows(state, "fees"):
        account = get(state, "accounts", fee["account_id"])
        assert account is not None
        given = [(row["account_id"], row["amount"], row["date"]) for row in given_back if row["fee_id"] == key]
        refund = [(fee["account_id"], fee["refunded"], fee["refunded_on"])] if fee["refunded"] else []
        if given != refund or fee["refunded"] > fee["amount"]:
            yield f"{key} and its credits disagree"
        if (fee["kind"] == "unpaid_item") and account["kind"] != "current":
            yield f"{key} is for an unpaid item on a credit account"
        if fee["kind"] in ("late_payment", "over_limit") and account["kind"] != "credit":
            yield f"{key} is for credit on a current account"
        if fee["refund_reason"] == "goodwill":
            goodwill.setdefault(account["customer_id"], []).append(fee["refunded_on"])
            if fee["kind"] not in rules["goodwill_kinds"] or fee["refunded"] > rules["most_goodwill"]:
                yield f"{key} was refunded against the rules"
    for customer_id, when in goodwill.items():
        if any(days(one, other) <= rules["year_days"] for one in when for other in when if one < other) or len(
            set(when)
        ) < len(when):
            yield f"{customer_id} had goodwill twice in a year"


def moved(before: State, after: State, account_id: str) -> float:
    first, second = get(before, "accounts", account_id), get(after, "accounts", account_id)
    return round(second["balance"] - first["balance"], 2)


def test_the_initial_state_is_a_few_hundred_records_whose_books_balance(bank_cards: Runtime) -> None:
    state = bank_cards.start.state
    assert 300 <= sum(len(rows) for rows in state.baseline.collections.values()) <= 600
    assert books_balance(state) == []


async def test_a_stolen_card_is_blocked_disputed_and_replaced_and_the_books_stay_balanced(bank_cards: Runtime) -> None:
    start = bank_cards.start
    _, snapshot = await made(bank_cards, start, "block_card", card_id="K3111", reason="stolen")
    fraud = {"reason": "fraud", "statement": STATEMENT}
    dispute, snapshot = await made(
        bank_cards, snapshot, "raise_dispute", transaction_id="TX50595", amount=212.4, **fraud
    )
    assert dispute["evidence_by"] == "2026-06-29"
    credit, snapshot = await made(bank_cards, snapshot, "give_provisional_credit", dispute_id=dispute["dispute_id"])
    assert (credit["account_id"], credit["amount"]) == ("A20408", 212.4)
    card, snapshot = await made(bank_cards, snapshot, "order_replacement", card_id="K3111", delivery="courier")
    assert (card["new_number"], card["arrives"], card["fee"]) == (True, "2026-06-17", 12.0)
    assert moved(start.state, snapshot.state, "A20408") == 200.4  # 212.40 credited, 12.00 for the courier
    assert books_balance(snapshot.state) == []


async def test_a_chain_of_writes_keeps_the_books_balanced(bank_cards: Runtime) -> None:
    start = bank_cards.start
    dispute, snapshot = await made(
        bank_cards,
        start,
        "raise_dispute",
        transaction_id="TX50474",
        reason="cancelled_recurring",
        amount=17.99,
        statement=STATEMENT,
        merchant_contacted="2026-06-08",
    )
    dispute_id = dispute["dispute_id"]
    assert await refused(bank_cards, "give_provisional_credit", snapshot, dispute_id=dispute_id) == "evidence_missing"
    _, snapshot = await made(bank_cards, snapshot, "add_evidence", dispute_id=dispute_id, kind="correspondence")
    assert await refused(bank_cards, "give_provisional_credit", snapshot, dispute_id=dispute_id) == "evidence_missing"
    shown, snapshot = await made(bank_cards, snapshot, "add_evidence", dispute_id=dispute_id, kind="cancellation")
    assert shown["evidence"] == ["correspondence", "cancellation"]
    _, snapshot = await made(bank_cards, snapshot, "give_provisional_credit", dispute_id=dispute_id)
    assert moved(start.state, snapshot.state, "A20412") == 17.99
    _, snapshot = await made(bank_cards, snapshot, "refund_fee", fee_id="F6065", amount=8.97, reason="bank_error")
    assert moved(start.state, snapshot.state, "A20426") == 8.97
    _, snapshot = await made(bank_cards, snapshot, "freeze_card", card_id="K3228")
    _, snapshot = await made(bank_cards, snapshot, "unfreeze_card", card_id="K3228")
    _, snapshot = await made(bank_cards, snapshot, "order_replacement", card_id="K3213", delivery="branch")
    _, snapshot = await made(bank_cards, snapshot, "change_credit_limit", account_id="A20430", new_limit=5000)
    trip = {"leaving": "2026-07-20", "returning": "2026-08-09"}
    notice, snapshot = await made(
        bank_cards, snapshot, "add_travel_notice", card_id="K3199", countries=["South Korea", "Japan"], **trip
    )
    assert notice["countries"] == ["Japan", "South Korea"]
    assert books_balance(snapshot.state) == []


async def test_windows_are_counted_from_the_posting(bank_cards: Runtime) -> None:
    shown, _ = await made(bank_cards, bank_cards.start, "list_transactions", card_id="K3225", merchant="nimbus")
    rows = {row["transaction_id"]: (row["dispute_by"], row["fraud_by"]) for row in shown["transactions"]}
    assert rows["TX50210"] == ("2025-09-09", "2026-06-11")  # posted on 12 May 2025
    assert rows["TX50213"] == ("2025-10-02", "2026-07-04")  # posted on 4 June 2025
    newest = [row["made"] for row in shown["transactions"]]
    assert newest == sorted(newest, reverse=True)


async def test_fraud_on_an_expired_card_needs_no_block(bank_cards: Runtime) -> None:
    dispute, snapshot = await made(bank_cards, bank_cards.start, "raise_dispute", **_dispute("TX50217", "fraud", 23.7))
    assert dispute["status"] == "open"
    assert books_balance(snapshot.state) == []


async def test_contact_is_kept_only_where_it_is_asked_for(bank_cards: Runtime) -> None:
    told = {"amount": 18.0, "statement": STATEMENT, "merchant_contacted": "2026-06-14"}
    row, snapshot = await made(
        bank_cards, bank_cards.start, "raise_dispute", transaction_id="TX50542", reason="wrong_amount", **told
    )
    kept = get(snapshot.state, "disputes", row["dispute_id"])
    assert kept is not None
    assert kept["merchant_contacted"] is None


async def test_customers_with_a_support_need_get_time_and_pay_no_courier(bank_cards: Runtime) -> None:
    start = bank_cards.start
    card, snapshot = await made(bank_cards, start, "order_replacement", card_id="K3173", delivery="courier")
    assert (card["new_number"], card["fee"]) == (False, 0)
    payment = (await made(bank_cards, snapshot, "list_transactions", card_id="K3176", merchant="Hallam"))[0]
    bought = payment["transactions"][0]
    row, _ = await made(
        bank_cards,
        snapshot,
        "raise_dispute",
        transaction_id=bought["transaction_id"],
        reason="wrong_amount",
        amount=7.0,
        statement=STATEMENT,
    )
    assert row["evidence_by"] == "2026-07-13"


async def test_goodwill_is_given_once_and_bank_errors_do_not_count(bank_cards: Runtime) -> None:
    _, snapshot = await made(
        bank_cards, bank_cards.start, "refund_fee", fee_id="F6045", amount=2.82, reason="bank_error"
    )
    fees, snapshot = await made(bank_cards, snapshot, "list_fees", account_id="A20424")
    assert fees["goodwill_used"] is None
    _, snapshot = await made(bank_cards, snapshot, "refund_fee", fee_id="F6055", amount=20.0, reason="goodwill")
    fees, snapshot = await made(bank_cards, snapshot, "list_fees", account_id="A20424")  # the other account knows
    assert fees["goodwill_used"] == TODAY
    code = await refused(bank_cards, "refund_fee", snapshot, fee_id="F6051", amount=12.0, reason="goodwill")
    assert code == "goodwill_used"


async def test_a_raised_limit_waits_and_a_lowered_one_does_not(bank_cards: Runtime) -> None:
    lower, snapshot = await made(
        bank_cards, bank_cards.start, "change_credit_limit", account_id="A20430", new_limit=3000
    )
    assert (lower["before"], lower["credit_limit"]) == (4000, 3000)
    _, snapshot = await made(bank_cards, snapshot, "change_credit_limit", account_id="A20430", new_limit=3750)  # 25%
    code = await refused(bank_cards, "change_credit_limit", snapshot, account_id="A20430", new_limit=3800)
    assert code == "cooling_off"


async def test_namesakes_are_told_apart_and_numbers_are_not_shown(bank_cards: Runtime) -> None:
    start, name = bank_cards.start, "declan o'rourke"
    elder, _ = await made(
        bank_cards, start, "identify_customer", name=name, date_of_birth="1968-01-24", postcode="kx53lp"
    )
    younger, _ = await made(bank_cards, start, "identify_customer", name=name, postcode="KX5 8GA", mobile_ending="0815")
    assert elder["customer_id"] != younger["customer_id"]
    assert "date_of_birth" not in elder
    mixed = {"postcode": "KX5 8GA", "date_of_birth": "1968-01-24"}
    assert await refused(bank_cards, "identify_customer", name=name, **mixed) == "not_identified"


async def test_an_additional_cardholder_sees_the_own_card_only(bank_cards: Runtime) -> None:
    start = bank_cards.start
    shown, _ = await made(bank_cards, start, "list_cards", customer_id="N10444")
    assert {card["cardholder"] for card in shown["cards"]} == {"Leo Castellanos"}
    assert [account["holder"] for account in shown["accounts"]] == [True, False]
    shown, _ = await made(bank_cards, start, "list_cards", customer_id="N10431")
    assert {card["cardholder"] for card in shown["cards"]} == {"Pilar Castellanos", "Leo Castellanos"}


def _dispute(transaction_id: str, reason: str, amount: float = 1.0, **more: Any) -> dict[str, Any]:
    told = {"transaction_id": transaction_id, "reason": reason, "amount": amount, "statement": STATEMENT}
    return {**told, **more}


def _trip(card_id: str = "K3196", **more: Any) -> dict[str, Any]:
    return {"card_id": card_id, "countries": ["Japan"], "leaving": "2026-07-01", "returning": "2026-07-20", **more}


REFUSALS: list[tuple[str, str, dict[str, Any]]] = [
    ("identify_customer", "too_few_facts", {"name": "Yuki Tanaka", "postcode": "KX1 9TF"}),
    ("identify_customer", "not_identified", {"name": "Yuki Tanaka", "postcode": "KX1 9TF", "mobile_ending": "0000"}),
    ("list_cards", "customer_not_found", {"customer_id": "N1"}),
    ("list_transactions", "card_not_found", {"card_id": "K1"}),
    ("list_disputes", "customer_not_found", {"customer_id": "N1"}),
    ("list_fees", "account_not_found", {"account_id": "A1"}),
    ("freeze_card", "card_not_found", {"card_id": "K1"}),
    ("freeze_card", "card_not_active", {"card_id": "K3202"}),
    ("unfreeze_card", "card_not_found", {"card_id": "K1"}),
    ("unfreeze_card", "card_not_frozen", {"card_id": "K3111"}),
    ("unfreeze_card", "frozen_by_bank", {"card_id": "K3205"}),
    ("block_card", "card_not_found", {"card_id": "K1", "reason": "lost"}),
    ("block_card", "already_blocked", {"card_id": "K3522", "reason": "lost"}),
    ("block_card", "card_not_in_use", {"card_id": "K3339", "reason": "lost"}),
    ("order_replacement", "card_not_found", {"card_id": "K1", "delivery": "post"}),
    ("order_replacement", "card_frozen", {"card_id": "K3202", "delivery": "post"}),
    ("order_replacement", "card_expired", {"card_id": "K3339", "delivery": "post"}),
    ("order_replacement", "already_ordered", {"card_id": "K3459", "delivery": "post"}),
    ("order_replacement", "already_ordered", {"card_id": "K3568", "delivery": "post"}),
    ("order_replacement", "address_too_new", {"card_id": "K3213", "delivery": "courier"}),
    ("raise_dispute", "transaction_not_found", _dispute("TX1", "fraud")),
    ("raise_dispute", "not_disputable", _dispute("TX50565", "wrong_amount")),
    ("raise_dispute", "still_pending", _dispute("TX50592", "duplicate")),
    ("raise_dispute", "already_disputed", _dispute("TX50571", "fraud")),
    ("raise_dispute", "already_disputed", _dispute("TX50405", "duplicate")),
    ("raise_dispute", "reason_does_not_fit", _dispute("TX50542", "cancelled_recurring")),
    ("raise_dispute", "reason_does_not_fit", _dispute("TX50574", "wrong_amount")),
    ("raise_dispute", "reason_does_not_fit", _dispute("TX50542", "cash_not_dispensed")),
    ("raise_dispute", "too_late", _dispute("TX50210", "fraud")),
    ("raise_dispute", "too_late", _dispute("TX50213", "wrong_amount")),
    ("raise_dispute", "merchant_not_contacted", _dispute("TX50474", "wrong_amount")),
    (
        "raise_dispute",
        "merchant_needs_time",
        _dispute("TX50474", "cancelled_recurring", merchant_contacted="2026-06-09"),
    ),
    ("raise_dispute", "too_much", _dispute("TX50542", "wrong_amount", 86.41)),
    ("raise_dispute", "card_not_blocked", _dispute("TX50542", "fraud")),
    ("add_evidence", "dispute_not_found", {"dispute_id": "D1", "kind": "photos"}),
    ("add_evidence", "dispute_closed", {"dispute_id": "D4104", "kind": "receipt"}),
    ("add_evidence", "too_late", {"dispute_id": "D4126", "kind": "photos"}),
    ("add_evidence", "already_on_file", {"dispute_id": "D4137", "kind": "photos"}),
    ("give_provisional_credit", "dispute_not_found", {"dispute_id": "D1"}),
    ("give_provisional_credit", "dispute_closed", {"dispute_id": "D4104"}),
    ("give_provisional_credit", "already_credited", {"dispute_id": "D4123"}),
    ("give_provisional_credit", "over_limit", {"dispute_id": "D4140"}),
    ("give_provisional_credit", "too_many_declined", {"dispute_id": "D4131"}),
    ("give_provisional_credit", "evidence_missing", {"dispute_id": "D4134"}),
    ("refund_fee", "fee_not_found", {"fee_id": "F1", "amount": 1.0, "reason": "goodwill"}),
    ("refund_fee", "already_refunded", {"fee_id": "F6034", "amount": 1.0, "reason": "bank_error"}),
    ("refund_fee", "too_much", {"fee_id": "F6055", "amount": 22.51, "reason": "bank_error"}),
    ("refund_fee", "not_in_full", {"fee_id": "F6065", "amount": 8.96, "reason": "bank_error"}),
    ("refund_fee", "fee_too_old", {"fee_id": "F6021", "amount": 20.0, "reason": "goodwill"}),
    ("refund_fee", "not_refundable", {"fee_id": "F6073", "amount": 5.38, "reason": "goodwill"}),
    ("refund_fee", "goodwill_used", {"fee_id": "F6057", "amount": 20.0, "reason": "goodwill"}),
    ("refund_fee", "no_support_need", {"fee_id": "F6055", "amount": 22.5, "reason": "support_need"}),
    ("refund_fee", "over_limit", {"fee_id": "F6055", "amount": 20.01, "reason": "goodwill"}),
    ("refund_fee", "over_limit", {"fee_id": "F6057", "amount": 17.51, "reason": "support_need"}),
    ("change_credit_limit", "account_not_found", {"account_id": "A1", "new_limit": 500}),
    ("change_credit_limit", "not_a_credit_account", {"account_id": "A20423", "new_limit": 500}),
    ("change_credit_limit", "no_change", {"account_id": "A20430", "new_limit": 4000}),
    ("change_credit_limit", "below_balance", {"account_id": "A20433", "new_limit": 1100}),
    ("change_credit_limit", "above_band", {"account_id": "A20430", "new_limit": 6050}),
    ("change_credit_limit", "too_large_a_rise", {"account_id": "A20430", "new_limit": 5050}),
    ("change_credit_limit", "cooling_off", {"account_id": "A20518", "new_limit": 2550}),
    ("change_credit_limit", "recent_late_payment", {"account_id": "A20424", "new_limit": 4050}),
    ("add_travel_notice", "card_not_found", _trip("K1")),
    ("add_travel_notice", "card_not_active", _trip("K3202")),
    ("add_travel_notice", "dates_impossible", _trip(leaving="2026-06-14")),
    ("add_travel_notice", "dates_impossible", _trip(returning="2026-06-30")),
    ("add_travel_notice", "country_not_served", _trip(countries=["Finland", "Russia"])),
    ("add_travel_notice", "too_far_ahead", _trip("K3199", leaving="2026-08-15", returning="2026-08-20")),
    ("add_travel_notice", "too_long", _trip("K3199", returning="2026-09-30")),
    ("add_travel_notice", "card_expires", _trip(returning="2026-08-01")),
]


@pytest.mark.parametrize(("tool", "code", "arguments"), REFUSALS)
async def test_the_tools_refuse_what_the_policy_forbids(
    bank_cards: Runtime, tool: str, code: str, arguments: dict[str, Any]
) -> None:
    assert await refused(bank_cards, tool, **arguments) == code


def test_every_documented_error_is_met(bank_cards: Runtime) -> None:
    documented = {(tool.name, error.code) for tool in bank_cards.environment.tools for error in tool.errors}
    assert {(tool, code) for tool, code, _ in REFUSALS} == documented
