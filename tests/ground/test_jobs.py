"""Many jobs: bounded, written as they end, resumed, in order, and refused where their file is another's."""

from pathlib import Path

import anyio
import pytest

from toolworld.ground import Checkpoint, JobCounts, JsonObject, Record, RecordError, run_jobs


class Square(Record):
    number: int
    square: int


def number_of(row: JsonObject) -> str:
    return str(row["number"])


def is_odd(result: Square) -> bool:
    return result.number % 2 == 1


async def square(number: int) -> Square:
    await anyio.sleep(0.001 * (number % 3))  # so that they do not end in order
    return Square(number=number, square=number * number)


def opened(path: Path, **settings: int) -> Checkpoint[Square]:
    return Checkpoint(path, Square, number_of, settings)


async def squares(path: Path, numbers: range, **rest: object) -> JobCounts:
    with opened(path) as checkpoint:
        return await run_jobs(numbers, square, checkpoint, key=str, **rest)  # pyright: ignore[reportArgumentType]


async def test_results_are_in_the_order_of_the_jobs_whatever_ended_first(tmp_path: Path) -> None:
    counts = await squares(tmp_path / "s.jsonl", range(20), concurrency=5)
    assert counts == JobCounts(asked=20, delivered=20)
    lines = [f'{{"number":{number},"square":{number * number}}}' for number in range(20)]
    assert (tmp_path / "s.jsonl").read_text().splitlines() == lines


async def test_no_more_jobs_are_taken_than_are_worked_on(tmp_path: Path) -> None:
    taken = running = most = 0

    def numbers() -> object:
        nonlocal taken
        for number in range(30):
            taken += 1
            yield number

    async def watched(number: int) -> Square:
        nonlocal running, most
        running += 1
        most = max(most, running)
        assert taken <= number + 4
        result = await square(number)
        running -= 1
        return result

    with opened(tmp_path / "s.jsonl") as checkpoint:
        await run_jobs(numbers(), watched, checkpoint, key=str, concurrency=4)  # pyright: ignore[reportArgumentType]
    assert most == 4


async def test_what_was_finished_before_an_error_or_a_cancellation_is_there_and_is_not_done_again(
    tmp_path: Path,
) -> None:
    done: list[int] = []

    async def fragile(number: int) -> Square:
        if number == 5 and 5 not in done:
            done.append(5)
            raise ZeroDivisionError
        done.append(number)
        return await square(number)

    with opened(tmp_path / "s.jsonl") as checkpoint, pytest.raises(ZeroDivisionError):
        await run_jobs(range(10), fragile, checkpoint, key=str, concurrency=1)
    with opened(tmp_path / "s.jsonl") as checkpoint:
        counts = await run_jobs(range(10), fragile, checkpoint, key=str, concurrency=1)
    assert counts == JobCounts(asked=10, delivered=5, resumed=5)
    assert sorted(done) == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9]


async def test_a_result_that_does_not_count_any_more_is_made_again(tmp_path: Path) -> None:
    await squares(tmp_path / "s.jsonl", range(4))
    counts = await squares(tmp_path / "s.jsonl", range(4), keep=is_odd)
    assert counts == JobCounts(asked=4, delivered=2, resumed=2)
    assert len((tmp_path / "s.jsonl").read_text().splitlines()) == 4


async def test_jobs_that_are_not_begun_are_counted(tmp_path: Path) -> None:
    seen: list[int] = []

    async def note(number: int, _: Square) -> None:
        seen.append(number)

    counts = await squares(tmp_path / "s.jsonl", range(9), concurrency=1, on_result=note, stop=lambda: len(seen) >= 4)
    assert counts == JobCounts(asked=9, delivered=4, left=5) and seen == [0, 1, 2, 3]


async def test_results_of_other_jobs_stay_behind_those_asked_for(tmp_path: Path) -> None:
    await squares(tmp_path / "s.jsonl", range(3))
    await squares(tmp_path / "s.jsonl", range(2, 5))
    assert [line[10] for line in (tmp_path / "s.jsonl").read_text().splitlines()] == ["2", "3", "4", "0", "1"]


def test_the_last_of_two_lines_with_one_key_counts(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with opened(path) as checkpoint:
        checkpoint.append("3", Square(number=3, square=8))
    path.write_text(path.read_text() + '{"number":3,"square":9}\n')
    with opened(path) as checkpoint:
        assert (len(checkpoint), checkpoint.repeated) == (1, 1)
        assert checkpoint.get("3") == Square(number=3, square=9)
        checkpoint.put_in_order(["3"])
        checkpoint.append("4", Square(number=4, square=16))
    assert path.read_text() == '{"number":3,"square":9}\n{"number":4,"square":16}\n'


def test_a_file_of_other_settings_is_refused_and_new_settings_are_added(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with opened(path, base=10) as checkpoint:
        checkpoint.append("1", Square(number=1, square=1))
    with pytest.raises(RecordError, match=r"s\.jsonl was made with base 10, and now it is 2; use the same settings"):
        opened(path, base=2)
    with opened(path, base=10, digits=3):
        pass
    with pytest.raises(RecordError, match="digits 3, and now it is 4"):
        opened(path, digits=4)


def test_a_file_whose_settings_are_not_known_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"number":3,"square":9}\n')
    with pytest.raises(RecordError, match=r"has no s\.settings\.json beside it"):
        opened(path)


@pytest.mark.parametrize("line", ["[]", "{}", "nonsense", '{"number": [1'])
def test_a_line_that_holds_no_result_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(f'{{"number":3,"square":9}}\n{line}\n{{"number":4,"square":16}}\n')
    (tmp_path / "s.settings.json").write_text("{}")
    with pytest.raises(RecordError, match=r"s\.jsonl:2: this line holds no square"):
        opened(path)
