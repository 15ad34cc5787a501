"""A search API of the user's, and pages fetched from where they are; both served by this test."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from tests.support.answered_resource import asked, refusal_of, result_of

from toolworld.environments import Runtime, save_with_resources
from toolworld.ground import JsonObject

ServeApp = Callable[[Any], AbstractAsyncContextManager[str]]


async def _search(request: Request) -> Response:
    if request.headers.get("x-key") != "s3cret":
        return JSONResponse({"error": "no key"}, status_code=401)
    words = request.query_params["q"]
    return JSONResponse({"organic": [{"title": f"About {words}", "link": f"{request.base_url}page", "snippet": words}]})


async def _page(_: Request) -> Response:
    return HTMLResponse("<h1>Quay</h1><table><tr><th>Keeper</th><td>Ann Ives</td></tr></table>")


async def _slow_search(_: Request) -> Response:
    async def parts() -> AsyncGenerator[bytes]:
        yield b'{"results": [{"title": "A", "url": "http://a/", '
        await asyncio.sleep(0.1)
        yield b'"content": "c"}]}'

    return StreamingResponse(parts(), media_type="application/json")


async def _away(_: Request) -> Response:
    return RedirectResponse("/page")


APP = Starlette(
    routes=[Route("/search", _search), Route("/page", _page), Route("/slow", _slow_search), Route("/away", _away)]
)


def _runtime(folder: Path, url: str, **more: bool) -> Runtime:
    settings: JsonObject = {"search_url": f"{url}/search?q={{query}}", "headers": {"x-key": "${SEARCH_KEY}"}, **more}
    return Runtime(save_with_resources({"web": settings}, folder=folder / "environment", near=folder))


async def test_a_search_api_is_asked_with_the_key_of_the_environment_which_is_written_nowhere(
    tmp_path: Path, serve_app: ServeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_KEY", "s3cret")
    async with serve_app(APP) as url:
        web = _runtime(tmp_path, url, private_addresses=True)
        found = await result_of(web, "web_search", query="old quay")
        assert found["results"] == [{"title": "About old quay", "url": f"{url}/page", "snippet": "old quay"}]
        assert (await result_of(web, "web_visit", url=f"{url}/page"))["facts"] == {"Keeper": "Ann Ives"}
    assert "s3cret" not in "".join(path.read_text() for path in (tmp_path / "environment").iterdir())


async def test_pages_of_this_machine_are_refused_and_redirects_are_not_followed(
    tmp_path: Path, serve_app: ServeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_KEY", "s3cret")
    async with serve_app(APP) as url:
        code, message = await refusal_of(_runtime(tmp_path, url), "web_visit", url=f"{url}/page")
        assert code == "page_not_found" and "no public page" in message
        open_web = _runtime(tmp_path / "open", url, private_addresses=True)
        assert (await refusal_of(open_web, "web_visit", url=f"{url}/away"))[0] == "page_not_found"
        for odd in ("file:///etc/passwd", "http://[bad", "http://", "notes"):
            assert (await refusal_of(open_web, "web_visit", url=odd))[0] == "page_not_found"
        code, message = await refusal_of(
            _runtime(tmp_path, url), "web_visit", url=url.replace("127.0.0.1", "localhost")
        )
        assert code == "page_not_found" and "no public host" in message


async def test_a_search_api_that_is_away_or_refuses_is_a_fault_of_the_simulation_and_not_the_agents(
    tmp_path: Path, serve_app: ServeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCH_KEY", "wrong")
    async with serve_app(APP) as url:
        event = await asked(_runtime(tmp_path, url), "web_search", query="quay")
        assert event.failure is not None and event.failure.kind == "simulator" and "401" in str(event.failure.detail)
    event = await asked(_runtime(tmp_path / "away", "http://127.0.0.1:9"), "web_search", query="quay")
    assert event.failure is not None and event.failure.kind == "simulator"


async def test_a_key_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEARCH_KEY", raising=False)
    event = await asked(_runtime(tmp_path, "http://127.0.0.1:9"), "web_search", query="quay")
    assert event.failure is not None and "SEARCH_KEY is not set" in str(event.failure.detail)


async def test_an_answer_that_comes_in_parts_is_read_whole(tmp_path: Path, serve_app: ServeApp) -> None:
    async with serve_app(APP) as url:
        settings: JsonObject = {"search_url": f"{url}/slow?q={{query}}"}
        web = Runtime(save_with_resources({"web": settings}, folder=tmp_path / "e", near=tmp_path))
        assert (await result_of(web, "web_search", query="x"))["results"][0]["snippet"] == "c"
