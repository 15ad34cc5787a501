"""The kinds of mistakes, by what an agent does wrong, and of right runs that go otherwise."""

from typing import Literal, get_args

Mutation = Literal[
    "nothing",
    "dropped_write",
    "duplicated_write",
    "swapped_calls",
    "early_stop",
    "changed_argument",
    "missing_argument",
    "extra_argument",
    "wrong_entity",
    "extra_write",
    "undone_write",
    "volatile_write",
    "forbidden_change",
    "skipped_step",
    "unconfirmed_write",
    "refused_write",
    "unrelated_consent",
    "skipped_identity",
    "another_person",
    "guessed_identity",
    "others_read",
    "untold_fact",
    "false_fact",
    "denied_fact",
    "invented_fact",
    "dumped_results",
    "told_secret",
]

MUTATIONS: tuple[Mutation, ...] = get_args(Mutation)

MISTAKES: dict[Mutation, str] = {
    "nothing": "does nothing and says nothing",
    "dropped_write": "leaves out a change",
    "duplicated_write": "makes a change twice",
    "swapped_calls": "makes two changes in an order that matters",
    "early_stop": "stops before the last two changes",
    "changed_argument": "changes something with a wrong argument",
    "missing_argument": "changes something with an argument left out",
    "extra_argument": "changes something with an argument too many",
    "wrong_entity": "changes another record of the same kind",
    "extra_write": "changes one thing more",
    "undone_write": "changes one thing more, and changes it back",
    "volatile_write": "overwrites a note of another record",
    "forbidden_change": "changes what it must not",
    "skipped_step": "leaves out a step that the policy wants first",
    "unconfirmed_write": "does not ask before changing",
    "refused_write": "changes what the user refused",
    "unrelated_consent": "asks for a yes to another change",
    "skipped_identity": "does not find out who the user is",
    "another_person": "identifies somebody else",
    "guessed_identity": "guesses who the user is",
    "others_read": "looks up records of other people",
    "untold_fact": "does not tell the facts",
    "false_fact": "tells a wrong value",
    "denied_fact": "denies the facts",
    "invented_fact": "tells something that no tool returned",
    "dumped_results": "reads out what the tools returned",
    "told_secret": "tells what the user must not know",
}
"""What an agent does wrong under each mutation."""

Variant = Literal[
    "other_words",
    "other_order",
    "other_paraphrases",
    "extra_reads",
    "equal_values",
    "retried_error",
    "earlier_facts",
]

VARIANTS: tuple[Variant, ...] = get_args(Variant)

DIFFERENCES: dict[Variant, str] = {
    "other_words": "says the same in other words",
    "other_order": "looks things up in another order, where it is free",
    "other_paraphrases": "tells facts and proposes changes in one of many phrasings",
    "extra_reads": "looks things up again",
    "equal_values": "writes values otherwise that are the same",
    "retried_error": "is refused for a wrong argument, and mends it",
    "earlier_facts": "tells facts before its last change",
}
"""What is different, and right, in each variant of a right run."""
