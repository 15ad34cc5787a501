"""The simulation agrees with what queueing theory knows, before it is asked what nobody has measured."""

import pytest
from tests.simulation.model import Layout, Times, simulate

TIMES = Times(client=0.1, call=0.2, commit=0.1, database_commit=0.1, database_event=0.05, wait=0.5)


def test_a_client_alone_takes_the_sum_of_all_times() -> None:
    found = simulate(TIMES, Layout(clients=1, servers=1, cores=4))
    assert found.rate == pytest.approx(1000 / (0.1 + 0.2 + 0.1 + 0.15 + 0.5), rel=0.03)
    assert found.batch == 1


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
@pytest.mark.parametrize(("clients", "servers", "cores"), [(16, 1, 2), (64, 4, 8)])
def test_clients_are_as_many_as_calls_that_are_under_way(store: str, clients: int, servers: int, cores: int) -> None:
    """Little's law, with the median for the mean: times vary little here."""
    found = simulate(TIMES, Layout(clients=clients, servers=servers, cores=cores, store=store))  # type: ignore[arg-type]
    assert found.rate / 1000 * found.p50 == pytest.approx(clients, rel=0.15)


@pytest.mark.parametrize("cores", [1, 2])
def test_cores_that_are_busy_all_the_time_bound_the_rate(cores: int) -> None:
    found = simulate(TIMES, Layout(clients=64, servers=8, cores=cores))
    needed = 0.1 + 0.2 + 0.05 + (0.1 + 0.1) / found.batch
    assert found.rate == pytest.approx(cores * 1000 / needed, rel=0.05)


def test_one_file_has_one_writer_and_a_database_many() -> None:
    """Where commits wait for the disk, servers on one file wait for each other, and those on a database do not."""
    slow = Times(client=0.01, call=0.05, commit=0.05, wait=5)
    layouts = [Layout(clients=32, servers=8, cores=64, store=store) for store in ("sqlite", "postgres")]
    file, database = (simulate(slow, layout, seconds=8) for layout in layouts)
    assert file.rate == pytest.approx(1000 / 5.05 * file.batch, rel=0.1)
    assert database.rate > 3 * file.rate


def test_more_servers_do_more_until_the_database_is_what_is_busy() -> None:
    few, many, more = (
        simulate(TIMES, Layout(clients=512, servers=servers, cores=2, apart=True, database_cores=1), seconds=2)
        for servers in (1, 4, 16)
    )
    assert many.rate > 3 * few.rate
    assert more.rate < 1000 / 0.05 and more.batch > 1  # an event needs 0.05 ms of the database's only core


def test_equal_seeds_give_equal_outcomes_and_others_others() -> None:
    layout = Layout(clients=8, servers=2, cores=2)
    assert simulate(TIMES, layout, seconds=1, seed=3) == simulate(TIMES, layout, seconds=1, seed=3)
    assert simulate(TIMES, layout, seconds=1, seed=3) != simulate(TIMES, layout, seconds=1, seed=4)
