"""Near duplicates and nearest tasks, by the words of their requests."""

from tests.server.viewer.pages.test_changes import task

from toolworld.datasets import Task
from toolworld.server.viewer.pages.tasks import near_duplicates, nearest


def asking(name: str, request: str) -> Task:
    return task().model_copy(update={"id": name, "request": request})


TASKS = [
    asking("a", "Please renew my copy of Middlemarch for another three weeks"),
    asking("b", "Please renew my copy of Middlemarch for another four weeks"),
    asking("c", "I have lost my library card and would like to report it"),
    asking("d", "Renew Middlemarch"),
]


def test_tasks_that_ask_nearly_the_same_are_in_one_group_and_others_are_not() -> None:
    assert [[one.id for one in group] for group in near_duplicates([*TASKS, asking("e", TASKS[0].request)])] == [
        ["a", "b", "e"]
    ]
    assert near_duplicates(TASKS[2:]) == []


def test_the_nearest_tasks_come_first_and_a_task_is_not_its_own_neighbour() -> None:
    found = nearest(TASKS[0], TASKS)
    assert [one.task.id for one in found] == ["b", "d", "c"]
    assert 1 > found[0].words > found[1].words > found[2].words
