"""Runs of two tasks of the library, turn by turn: a right one, and one with a planted mistake."""

from typing import Any, NamedTuple


class Says(NamedTuple):
    """Words for the user."""

    text: str


class Calls(NamedTuple):
    """A call of a tool."""

    name: str
    arguments: dict[str, Any]


Turn = Says | Calls

RENEW_ONE: tuple[Turn, ...] = (
    Says("Of course. What is your name, and your postcode?"),
    Calls("find_patron", {"name": "Amira Okafor", "postcode": "RV3 2LN"}),
    Calls("list_loans", {"patron_id": "B2040"}),
    Says("I would renew Middlemarch for you. Shall I go ahead?"),
    Calls("renew_loan", {"loan_id": "L5101"}),
    Says("I have renewed Middlemarch; please bring it back by 23 March."),
)
RETURN_AND_COLLECT: tuple[Turn, ...] = (
    Calls("get_patron", {"patron_id": "B2118"}),
    Calls("list_loans", {"patron_id": "B2118"}),
    Says("I would take Metropolis back. Shall I go ahead?"),
    Calls("return_copy", {"copy_id": "30010109"}),
    Calls("list_reservations", {"patron_id": "B2118"}),
    Calls("get_title", {"title_id": "T031"}),
    Says("Metropolis is back. I would lend you Howards End until 23 March. Shall I go ahead?"),
    Calls("check_out_copy", {"patron_id": "B2118", "copy_id": "30010057"}),
    Says("Howards End is yours until 23 March."),
)


class Run(NamedTuple):
    """A run of a task, and the reward that it earns through every door."""

    task: str
    turns: tuple[Turn, ...]
    reward: float


def with_another_change(turns: tuple[Turn, ...], change: Calls) -> tuple[Turn, ...]:
    """A run in which the agent, before its last words, makes a change that nobody asked for."""
    return (*turns[:-1], change, turns[-1])


RIGHT = (Run("library/renew_one", RENEW_ONE, 1.0), Run("library/return_and_collect", RETURN_AND_COLLECT, 1.0))
MISTAKEN = (
    Run("library/renew_one", with_another_change(RENEW_ONE, Calls("renew_loan", {"loan_id": "L5102"})), 0.0),
    Run(
        "library/return_and_collect",
        with_another_change(
            RETURN_AND_COLLECT, Calls("update_contact", {"patron_id": "B2118", "email": "g@example.org"})
        ),
        0.0,
    ),
)
RUNS = (*RIGHT, *MISTAKEN)
