"""The pages over HTTP: for holders of the token only, with headers that keep strangers' texts harmless."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from toolworld.datasets import TaskSuite
from toolworld.server import Episodes, build_app, build_viewer, find_shown, open_episodes, open_site
from toolworld.server.viewer.app import MAX_FORM

TOKEN, CODE = "a-token", "a-code"


@asynccontextmanager
async def client_of(paths: list[Path], **headers: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser on the pages of some paths."""
    async with open_site(find_shown(paths), served=True, may_try=True) as site:
        await site.archive.read_all()
        transport = httpx.ASGITransport(build_viewer(site, TOKEN, code=CODE))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers) as client:
            yield client


async def sign_in(client: httpx.AsyncClient) -> None:
    answer = await client.post("/view/sign-in", data={"token": TOKEN}, headers={"origin": "http://127.0.0.1:8000"})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "path", ["index.html", "environments.html", "live", "runs/careful/x.json", "try/library.html", "nothing"]
)
async def test_without_the_token_nothing_is_shown(shown: list[Path], path: str) -> None:
    async with client_of(shown[:2]) as client:
        answer = await client.get(f"/view/{path}")
        assert answer.status_code == 401
        assert "careful" not in answer.text
        assert 'name="token"' in answer.text


async def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(shown: list[Path]) -> None:
    async with client_of(shown[:1]) as client:
        answer = await client.get("/view/enter", params={"code": CODE})
        cookie = answer.headers["set-cookie"]
        assert TOKEN not in cookie
        assert CODE not in cookie
        assert {"httponly", "samesite=strict", "path=/view"} <= {part.strip().lower() for part in cookie.split(";")}
        assert answer.headers["location"] == "/view/index.html"  # the code is gone from the address
        assert (await client.get("/view/index.html")).status_code == 200


@pytest.mark.parametrize(
    "path", ["/view/enter?code=wrong", "/view/enter", "/view/enter?code=", f"/view/enter?code={TOKEN}"]
)
async def test_a_wrong_code_gives_no_cookie(shown: list[Path], path: str) -> None:
    async with client_of(shown[:1]) as client:
        answer = await client.get(path)
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


async def test_a_bearer_token_is_let_in_and_a_wrong_one_is_not(shown: list[Path]) -> None:
    for header, status in ((f"Bearer {TOKEN}", 200), ("Bearer wrong", 401), (TOKEN, 401)):
        async with client_of(shown[:1], authorization=header) as client:
            assert (await client.get("/view/index.html")).status_code == status


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "null", ""])
async def test_a_form_of_another_page_does_nothing_even_with_the_cookie(shown: list[Path], origin: str) -> None:
    async with client_of(shown[:1]) as client:
        await sign_in(client)
        headers = {"origin": origin} if origin else {}
        answer = await client.post("/view/try/library.html", data={"open": "1"}, headers=headers)
        assert answer.status_code == 403
        assert "tried by hand" not in (await client.get("/view/index.html")).text


async def test_every_answer_has_a_policy_that_lets_no_strangers_script_run(shown: list[Path]) -> None:
    async with client_of(shown) as client:
        await sign_in(client)
        for path in ("index.html", "nothing", "assets/viewer.css", "assets/../app.py", "environments/library.html"):
            answer = await client.get(f"/view/{path}")
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "name", ["../app.py", "..%2fapp.py", "fonts/../../app.py", "", "fonts", "/etc/passwd", "fonts/LICENSE"]
)
async def test_only_files_of_the_pages_own_are_assets(shown: list[Path], name: str) -> None:
    async with client_of(shown[:1]) as client:
        assert (await client.get(f"/view/assets/{name}")).status_code in (303, 401, 404)


async def test_a_tool_is_tried_in_a_form_and_what_it_changed_is_shown(shown: list[Path]) -> None:
    async with client_of(shown[:1], origin="http://127.0.0.1:8000") as client:
        await sign_in(client)
        opened = await client.post("/view/try/library.html", data={"open": "1"})
        page = opened.headers["location"]
        bad = await client.post(page, data={"tool": "pay_charge", "a.charge_id": "F301", "a.amount": "much"})
        assert bad.status_code == 422
        assert "amount takes a number" in bad.text
        assert 'value="F301"' in bad.text  # what was filled in is not lost
        refused = await client.post(page, data={"tool": "get_patron", "a.patron_id": "nobody"})
        assert "refused" in (await client.get(refused.headers["location"].partition("#")[0])).text
        made = await client.post(page, data={"tool": "renew_loan", "a.loan_id": "L5101"})
        assert made.status_code == 303
        shown_page = (await client.get(made.headers["location"].partition("#")[0])).text
        assert '<ins><span class="away">now </span>' in shown_page
        assert "2 calls so far" in shown_page


async def test_a_tool_or_an_episode_that_is_not_there_is_a_page_that_says_so(shown: list[Path]) -> None:
    async with client_of(shown[:1], origin="http://127.0.0.1:8000") as client:
        await sign_in(client)
        for path, data in (
            ("try/nowhere.html", {"open": "1"}),
            ("try/library/nobody.html", {"tool": "get_patron"}),
        ):
            answer = await client.post(f"/view/{path}", data=data)
            assert answer.status_code == 404, path
            assert "There is no such page" in answer.text


async def test_a_form_that_is_too_large_is_refused(shown: list[Path]) -> None:
    async with client_of(shown[:1], origin="http://127.0.0.1:8000") as client:
        await sign_in(client)
        opened = await client.post("/view/try/library.html", data={"open": "1"})
        answer = await client.post(opened.headers["location"], content=b"a=" + b"x" * MAX_FORM)
        assert answer.status_code == 400


async def test_a_run_is_there_as_json_whole(shown: list[Path]) -> None:
    async with client_of(shown[3:], authorization=f"Bearer {TOKEN}") as client:
        page = (await client.get("/view/index.html")).text
        address = page.partition('<a href="runs/')[2].partition(".html")[0]
        found = json.loads((await client.get(f"/view/runs/{address}.json")).content)
        assert len(found["trajectory"]["log"][0]["result"]["long"]) == 1_000_000
        assert found["verdict"]["outcome"] == "fail"


@pytest.mark.parametrize(
    "query", ["after=x", "after=99999999999999999999-1", "after=-1--1", "env=" + "x" * 5_000, "q=%00%ff", "set=%3Cb%3E"]
)
async def test_an_odd_address_is_a_page_all_the_same(shown: list[Path], query: str) -> None:
    async with client_of(shown[:1], authorization=f"Bearer {TOKEN}") as client:
        assert (await client.get(f"/view/index.html?{query}")).status_code == 200


async def test_a_server_shows_its_episodes_to_holders_of_its_token_and_to_nobody_without_one(
    library_suite: TaskSuite,
) -> None:
    async with open_episodes(library_suite.runtimes, library_suite.tasks) as episodes:
        await _see_episode(episodes)


async def _see_episode(library_episodes: Episodes) -> None:
    episode = await library_episodes.open("library", task="library/renew_one")
    for token, status in ((TOKEN, 200), (None, 403)):
        transport = httpx.ASGITransport(build_app(library_episodes, token))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            home = await client.get("/", headers={"authorization": f"Bearer {TOKEN}"}, follow_redirects=True)
            assert home.status_code == status
            assert ("library/renew_one" in home.text) == (status == 200)
            control = await client.get(f"/episodes/{episode.id}", headers={"authorization": f"Bearer {TOKEN}"})
            assert control.status_code == 200


async def test_a_browser_too_many_is_told_so(shown: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolworld.server.viewer.app.MAX_WATCHERS", 0)
    async with client_of(shown[:1]) as client:
        await sign_in(client)
        assert (await client.get("/view/live")).status_code == 503
