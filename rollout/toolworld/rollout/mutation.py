"""The kinds of mistakes, by what an agent does wrong."""

from typing import Literal, get_args

Mutation = Literal[
    "nothing",
    "dropped_write",
    "changed_argument",
    "extra_write",
    "undone_write",
    "volatile_write",
    "unconfirmed_write",
    "refused_write",
    "unrelated_consent",
    "another_person",
    "guessed_identity",
    "others_read",
    "untold_fact",
    "false_fact",
    "denied_fact",
    "dumped_results",
    "told_secret",
]

MUTATIONS: tuple[Mutation, ...] = get_args(Mutation)

MISTAKES: dict[Mutation, str] = {
    "nothing": "does nothing and says nothing",
    "dropped_write": "leaves out a change",
    "changed_argument": "changes something with a wrong argument",
    "extra_write": "changes one thing more",
    "undone_write": "changes one thing more, and changes it back",
    "volatile_write": "overwrites a note of another record",
    "unconfirmed_write": "does not ask before changing",
    "refused_write": "changes what the user refused",
    "unrelated_consent": "asks for a yes to another change",
    "another_person": "identifies somebody else",
    "guessed_identity": "guesses who the user is",
    "others_read": "looks up records of other people",
    "untold_fact": "does not tell the facts",
    "false_fact": "tells a wrong value",
    "denied_fact": "denies the facts",
    "dumped_results": "reads out what the tools returned",
    "told_secret": "tells what the user must not know",
}
"""What an agent does wrong under each mutation."""
