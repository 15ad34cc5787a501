"""Answers that are lost after the server has done what was asked: nothing is done twice."""

import threading
from collections.abc import Generator

import anyio
import anyio.to_thread
import pytest
from tests.client.conftest import served_in_a_thread
from tests.support.cutting_proxy import CuttingProxy
from tests.support.library_runs import RIGHT, Calls

from toolworld.datasets import load_suite
from toolworld_client import AsyncToolworld, Toolworld, UnreachableError, connection

LOST = 1000


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FIRST_WAIT", 0.0005)


class ProxyThread(threading.Thread):
    """A proxy that loses answers, in a thread of its own."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.proxy = CuttingProxy(url)
        self.ready, self.over = threading.Event(), threading.Event()

    def run(self) -> None:
        """Pass requests on until it is told to stop."""
        anyio.run(self._serve)

    async def _serve(self) -> None:
        async with self.proxy.open():
            self.ready.set()
            await anyio.to_thread.run_sync(self.over.wait)


@pytest.fixture
def proxy() -> Generator[CuttingProxy]:
    with served_in_a_thread(anyio.run(load_suite, ["library"])) as server:
        thread = ProxyThread(server.url)
        thread.start()
        assert thread.ready.wait(10)
        yield thread.proxy
        thread.over.set()
        thread.join(10)


@pytest.mark.timeout(180)
def test_a_call_whose_answer_was_lost_is_made_once(proxy: CuttingProxy) -> None:
    with Toolworld(proxy.url) as world:
        episode = world.episode("library/renew_one")
        before = proxy.answers
        for number in range(LOST):
            result = episode.call("update_contact", patron_id="B2040", email=f"a{number}@example.org")
            assert result.step == number
        assert proxy.answers - before == 2 * LOST
        emails = [event["call"]["arguments"]["email"] for event in episode.log()]
        assert emails == [f"a{number}@example.org" for number in range(LOST)]


def test_a_whole_run_whose_every_second_answer_is_lost_earns_its_reward(proxy: CuttingProxy) -> None:
    with Toolworld(proxy.url) as world:
        episode = world.episode(RIGHT[0].task)
        for turn in RIGHT[0].turns:
            if isinstance(turn, Calls):
                assert episode.call(turn.name, turn.arguments).ok
            else:
                episode.say(turn.text)
        assert (episode.verdict().reward, episode.step) == (1.0, 3)
        branch = episode.fork(2)
        assert branch.verdict("It is due on 23 March.").reward == 0.0  # without a token it is judged once
        episode.close()


async def test_the_same_with_async(proxy: CuttingProxy) -> None:
    async with AsyncToolworld(proxy.url) as world:
        episode = await world.episode(RIGHT[0].task)
        for turn in RIGHT[0].turns:
            if isinstance(turn, Calls):
                assert (await episode.call(turn.name, turn.arguments)).ok
            else:
                await episode.say(turn.text)
        assert len(await episode.log()) == 3 and episode.exchange == 3
        assert (await episode.verdict("It is due on 23 March.")).reward == 1.0


async def test_a_server_that_is_gone_is_named_after_some_tries() -> None:
    with Toolworld("http://127.0.0.1:9") as world, pytest.raises(UnreachableError, match=r"after 6 tries"):
        world.task("library/renew_one")
    async with AsyncToolworld("http://127.0.0.1:9") as there:
        with pytest.raises(UnreachableError, match=r"http://127\.0\.0\.1:9 does not answer"):
            await there.task("library/renew_one")
