"""Proposals with another sum, telephone number or address than what is wanted get no yes."""

import pytest

from toolworld.environments import Call
from toolworld.rollout.players.contradiction import contradicts

WAIVE = Call(name="waive_charge", arguments={"charge_id": "F1", "amount": 4.5})
PAY = Call(name="pay_charge", arguments={"charge_id": "F2", "amount": 1250, "year": 2020})
CONTACT = Call(name="update_contact", arguments={"phone": "01632 960444", "email": "priya@chaudhry.example"})


@pytest.mark.parametrize(
    ("text", "call", "expected"),
    [
        ("Shall I waive £4.50?", WAIVE, False),
        ("Shall I waive £7.50?", WAIVE, True),
        ("Shall I waive the charge?", WAIVE, False),
        ("You owe £9; of it I would waive 4.50.", WAIVE, False),
        ("That is 1,254.50 pounds together.", WAIVE, False),
        ("May I take €1,250.00?", PAY, False),
        ("May I take 1200 euros?", PAY, True),
        ("I would note +44 1632 960444.", CONTACT, False),
        ("I would note 01632 960445.", CONTACT, True),
        ("Shall I change Old@chaudhry.example to Priya@Chaudhry.example?", CONTACT, False),
        ("Shall I note priya@chaudhury.example?", CONTACT, True),
    ],
)
def test_a_value_of_the_same_form_has_to_be_the_wanted_one(text: str, call: Call, expected: bool) -> None:
    assert contradicts(text, call, [WAIVE, PAY, CONTACT]) is expected
