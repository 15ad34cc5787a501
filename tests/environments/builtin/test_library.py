"""The library keeps its own books: what the policy promises, the tools hold to."""

import pytest
from tests.support.acting import made, refused

from toolworld.environments import Runtime, State


def books_balance(state: State) -> list[str]:
    """Name every contradiction between copies, loans and reservations."""
    faults: list[str] = []
    lent = [loan["copy_id"] for _, loan in state.rows("loans") if loan["status"] == "open"]
    kept = [row["copy_id"] for _, row in state.rows("reservations") if row["status"] == "ready"]
    for copy_id, copy in state.rows("copies"):
        if lent.count(copy_id) != (copy["status"] == "on_loan"):
            faults.append(f"{copy_id} is {copy['status']} and lent {lent.count(copy_id)} times")
        if kept.count(copy_id) != (copy["status"] == "reserved"):
            faults.append(f"{copy_id} is {copy['status']} and kept {kept.count(copy_id)} times")
    return faults


def test_the_initial_state_is_a_few_hundred_records_whose_books_balance(library: Runtime) -> None:
    state = library.start.state
    assert sum(len(rows) for rows in state.baseline.collections.values()) > 300
    assert books_balance(state) == []


async def test_lending_returning_and_collecting_keep_the_books_balanced(library: Runtime) -> None:
    snapshot = library.start
    loan, snapshot = await made(library, snapshot, "check_out_copy", patron_id="B2235", copy_id="30010078")
    assert loan["due"] == "2026-03-23"
    place, snapshot = await made(
        library, snapshot, "place_reservation", patron_id="B2235", title_id="T031", pickup_branch="central"
    )
    assert (place["status"], place["ahead"]) == ("waiting", 0)
    _, snapshot = await made(library, snapshot, "cancel_reservation", reservation_id="R701")
    shown, snapshot = await made(library, snapshot, "list_reservations", patron_id="B2235")
    assert [row["status"] for row in shown["reservations"]] == ["ready"]
    back, snapshot = await made(library, snapshot, "return_copy", copy_id="30010110")
    assert back["charge"]["amount"] == 12.0
    _, snapshot = await made(library, snapshot, "report_lost", loan_id="L5108")
    assert books_balance(snapshot.state) == []


async def test_the_tools_refuse_what_the_policy_forbids(library: Runtime) -> None:
    assert await refused(library, "find_patron", name="Amira Okafor", postcode="XX1 1XX") == "patron_not_found"
    assert await refused(library, "renew_loan", loan_id="L5105") == "too_many_renewals"
    assert await refused(library, "renew_loan", loan_id="L5110") == "too_long_overdue"
    assert await refused(library, "renew_loan", loan_id="L5114") == "card_expired"
    assert await refused(library, "renew_loan", loan_id="L5115") == "title_reserved"
    assert await refused(library, "check_out_copy", patron_id="B2079", copy_id="30010078") == "card_blocked"
    assert await refused(library, "check_out_copy", patron_id="B2144", copy_id="30010108") == "not_for_children"
    assert await refused(library, "check_out_copy", patron_id="B2235", copy_id="30010057") == "reserved_for_another"
    assert await refused(library, "check_out_copy", patron_id="B2222", copy_id="30010032") == "too_many_loans"
    assert await refused(library, "check_out_copy", patron_id="B2235", copy_id="30010001") == "copy_not_available"
    assert await refused(library, "waive_charge", charge_id="F304", amount=1.0, reason="bereavement") == "not_waivable"
    assert await refused(library, "waive_charge", charge_id="F301", amount=5.01, reason="illness") == "over_limit"
    assert await refused(library, "pay_charge", charge_id="F303", amount=3.26, method="card") == "too_much"
    assert await refused(library, "return_copy", copy_id="30010078") == "not_on_loan"


async def test_a_waiver_cannot_be_split_past_its_limit(library: Runtime) -> None:
    _, snapshot = await made(library, library.start, "waive_charge", charge_id="F301", amount=3.0, reason="illness")
    code = await refused(library, "waive_charge", snapshot, charge_id="F301", amount=2.01, reason="illness")
    assert code == "over_limit"


@pytest.mark.parametrize("form", ["book", "large_print", "audiobook", "dvd"])
async def test_the_catalogue_is_searched_by_words_and_form(library: Runtime, form: str) -> None:
    found, _ = await made(library, library.start, "search_catalogue", query="the", form=form)
    assert found["titles"]
    assert {title["form"] for title in found["titles"]} == {form}
    assert all("the" in (title["title"] + title["author"]).lower() for title in found["titles"])
