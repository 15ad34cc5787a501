"""The fair queue: turns go by the time that accounts have had, and suspects never hold every lane."""

from toolworld.environments.confinement.fair_queue import GOOD_CALLS, MAX_BATCH, Account, FairQueue, Ticket


def proven() -> Account[str]:
    account = Account[str]()
    account.note_good(GOOD_CALLS)
    return account


def turns(tickets: list[Ticket[str]]) -> list[str]:
    return [ticket.job for ticket in tickets if ticket.turn is not None]


async def test_the_account_that_has_had_least_time_is_next() -> None:
    queue = FairQueue[str](2)
    greedy, modest = proven(), proven()
    first = [Ticket(account, "running") for account in (greedy, modest)]
    for ticket in first:
        queue.put(ticket)
    waiting = [Ticket(greedy, "greedy"), Ticket(modest, "modest")]
    third = proven()
    for ticket in [*waiting, Ticket(third, "third")]:
        queue.put(ticket)
    assert queue.waiting == 3
    queue.finish(greedy, 5.0, was_suspect=False)
    assert turns(waiting) == []  # the third had had nothing
    queue.finish(modest, 0.1, was_suspect=False)
    assert turns(waiting) == ["modest"]


async def test_suspects_leave_one_lane_to_the_proven() -> None:
    queue = FairQueue[str](2)
    suspects = [Ticket(Account[str](), f"suspect {number}") for number in range(3)]
    for ticket in suspects:
        queue.put(ticket)
    assert turns(suspects) == ["suspect 0"]
    honest = Ticket(proven(), "honest")
    queue.put(honest)
    assert honest.turn is not None
    queue.finish(suspects[0].account, 1.0, was_suspect=True)
    assert turns(suspects[1:]) == ["suspect 1"]


async def test_calls_of_a_proven_account_are_answered_in_one_turn() -> None:
    queue = FairQueue[str](2)
    account = proven()
    tickets = [Ticket(account, str(number)) for number in range(MAX_BATCH + 3)]
    for ticket in tickets:
        queue.put(ticket)
    assert tickets[0].turn == tickets[:1]  # it came alone
    queue.finish(account, 0.1, was_suspect=False)
    assert tickets[1].turn == tickets[1 : 1 + MAX_BATCH]
    account.note_strike(0.0)
    turn = tickets[1].turn
    assert turn is not None
    queue.put_back(turn)
    queue.finish(account, 0.1, was_suspect=False)
    assert tickets[1].turn == [tickets[1]]  # each alone from now on


async def test_nobody_saves_up_time_by_asking_for_nothing() -> None:
    queue = FairQueue[str](2)
    busy, late = proven(), proven()
    for _ in range(10):
        ticket = Ticket(busy, "busy")
        queue.put(ticket)
        queue.finish(busy, 10.0, was_suspect=False)
    queue.put(Ticket(busy, "busy"))
    queue.put(Ticket(late, "late"))
    assert late.seconds >= 90.0


async def test_a_job_that_is_withdrawn_gets_no_turn() -> None:
    queue = FairQueue[str](2)
    account = proven()
    running, gone, last = (Ticket(account, name) for name in ("running", "gone", "last"))
    for ticket in (running, gone, last):
        queue.put(ticket)
    queue.withdraw(gone)
    queue.finish(account, 0.1, was_suspect=False)
    assert last.turn == [last] and gone.turn is None and queue.waiting == 0


async def test_quarantines_grow_and_end_with_a_good_call() -> None:
    account = proven()
    for now, until in ((0.0, 0.0), (0.0, 0.0), (10.0, 15.0), (20.0, 30.0), (30.0, 50.0)):
        account.note_strike(now)
        assert account.quarantined_until == until
    assert account.is_suspect
    account.note_good(1)
    assert account.is_suspect and account.strikes == 0
    account.note_strike(100.0)
    assert account.quarantined_until == 50.0


async def test_a_job_whose_caller_has_gone_is_not_queued_again() -> None:
    queue = FairQueue[str](2)
    account = proven()
    tickets = [Ticket(account, str(number)) for number in range(4)]
    for ticket in tickets:
        queue.put(ticket)
    queue.finish(account, 0.1, was_suspect=False)
    turn = tickets[1].turn
    assert turn is not None and turn == tickets[1:]
    queue.withdraw(tickets[2])  # its caller is cancelled while somebody else's turn serves it
    queue.put_back(turn)
    queue.finish(account, 0.1, was_suspect=False)
    assert tickets[1].turn == [tickets[1], tickets[3]] and queue.waiting == 0
