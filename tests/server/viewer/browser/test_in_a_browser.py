"""The pages in a real Chromium, by clicks and keys as people use them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.browser import NARROW, WIDE, shown_at, window
from tests.support.shown_runs import command


def first_failed(page: Page) -> None:
    """Click on the first run of the table, which failed."""
    page.locator("[data-row] a").first.click()
    expect(page.locator(".run-head.fail")).to_be_visible()


def test_a_newcomer_finds_out_by_clicks_why_a_run_failed_and_which_call_did_it(browser: Browser, pages: str) -> None:
    with window(browser, pages) as watched:
        page = watched.open("index.html?set=hasty")
        reason = page.locator("[data-row] .reason").first.inner_text()  # no click: the reason stands in the table
        assert "left undone" in reason
        first_failed(page)  # one click: the reason is the first sentence
        assert "left undone" in page.locator(".run-head .why").inner_text()
        page.locator(".check.fail .jump", has_text="step").first.click()  # two: at the call that did it
        target = page.locator(".step:target")
        expect(target).to_be_in_viewport()
        expect(target.locator(".blame").first).to_be_visible()
        expect(target.locator("details.call")).to_have_attribute("open", "")
        watched.check()


def test_which_check_fails_most_stands_on_the_first_page_and_a_click_shows_those_runs(
    browser: Browser, pages: str
) -> None:
    with window(browser, pages) as watched:
        page = watched.open("index.html")
        bar = page.locator(".failing a").first
        name, count = bar.locator("span").inner_text(), bar.locator("b").inner_text()
        bar.click()
        expect(page.locator("[data-tally]")).to_contain_text(f"{count} runs")
        expect(page).to_have_url(re.compile(f"check={name}"))
        watched.check()


def test_what_changed_between_two_agents_is_two_clicks_away_and_a_third_shows_where_two_runs_part(
    browser: Browser, pages: str
) -> None:
    with window(browser, pages) as watched:
        page = watched.open("index.html")
        page.get_by_role("link", name="careful and hasty").click()
        expect(page.locator("h1")).to_have_text("careful and hasty")
        assert "does worse on" in page.locator(".why").inner_text()
        page.locator(".flip").first.click()
        expect(page.get_by_text("here they part")).to_be_visible()
        expect(page.locator(".col-head")).to_have_count(2)
        watched.check()


def test_a_call_unfolds_to_all_of_it_and_its_diff_stands_beside_it(browser: Browser, pages: str) -> None:
    with window(browser, pages) as watched:
        page = watched.open("index.html?set=hasty")
        first_failed(page)
        step = page.locator(".step:has(.change)").first
        expect(step.locator(".change ins").first).to_be_visible()
        expect(step.locator(".unfolded")).to_be_hidden()
        step.locator("summary").first.click()
        expect(step.locator(".unfolded h4", has_text="Arguments")).to_be_visible()
        step.get_by_text("Raw event").click()
        expect(step.locator(".raw pre")).to_contain_text('"simulator"')
        step.get_by_role("link", name="State after step").click()
        expect(page.locator("tr[data-changed]").first).to_be_visible()
        expect(page.locator("tr[data-changed] del").first).to_be_visible()
        watched.check()


def test_the_table_is_filtered_as_one_types_and_the_address_keeps_it(browser: Browser, pages: str) -> None:
    with window(browser, pages) as watched:
        page = watched.open("index.html")
        total = page.locator("[data-tally]").inner_text()
        page.get_by_label("Outcome").select_option("pass")
        expect(page.locator("[data-row] .outcome.fail")).to_have_count(0)
        page.get_by_label("Find").fill("middlemarch")
        expect(page).to_have_url(re.compile("q=middlemarch"))
        expect(page.locator("[data-row]").first).to_contain_text("Middlemarch")
        page.reload()
        expect(page.get_by_label("Find")).to_have_value("middlemarch")
        page.get_by_role("link", name="Clear", exact=True).click()
        expect(page.locator("[data-tally]")).to_have_text(total)
        page.get_by_label("Find").fill("nothing is like this")
        expect(page.get_by_text("No run is like that.")).to_be_visible()
        watched.check()


def test_a_tree_of_forks_is_walked(browser: Browser, pages: str) -> None:
    with window(browser, pages) as watched:
        page = watched.open("index.html")
        page.get_by_role("link", name="Forks", exact=True).click()
        page.locator("main table a").first.click()
        expect(page.locator(".tree .lane")).to_have_count(4)
        page.locator(".tree .terminus").nth(2).click()
        expect(page.locator(".run-head")).to_be_visible()
        page.get_by_role("link", name="its forks").click()
        page.locator("tr", has=page.get_by_role("link", name="early")).get_by_role("link", name="compare").click()
        expect(page.get_by_text("here they part")).to_be_visible()
        watched.check()


def test_a_tool_is_tried_by_hand(browser: Browser, pages: str) -> None:
    with window(browser, pages) as watched:
        page = watched.open("environments/library.html")
        page.get_by_role("link", name="Try its tools by hand").click()
        page.get_by_role("button", name="Open an episode").click()
        page.locator(".try .coll-list a", has_text="renew_loan").click()
        page.get_by_label("loan_id").fill("L5101")
        page.get_by_role("button", name="Call renew_loan").click()
        expect(page.locator(".ledger .change ins").first).to_be_visible()
        expect(page.locator(".ledger .tool")).to_have_text("renew_loan")
        watched.check()


def test_keys_walk_over_turns_changes_and_runs(browser: Browser, pages: str) -> None:
    with window(browser, pages) as watched:
        page = watched.open("index.html?set=hasty")
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(page.locator("[data-cursor]")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator(".run-head")).to_be_visible()
        first = page.url
        page.keyboard.press("f")
        expect(page.locator(".step.blamed[data-cursor]")).to_be_visible()
        page.keyboard.press("u")
        expect(page.locator(".ledger .call .unfolded").first).to_be_visible()
        page.keyboard.press("]")
        page.wait_for_url(lambda url: url != first)
        page.keyboard.press("t")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        watched.check()


def test_who_reads_keeps_cursor_and_focus_when_more_runs_come_in(
    browser: Browser, shown: list[Path], tmp_path: Path
) -> None:
    growing = Path(shutil.copytree(shown[0], tmp_path / "growing"))
    with shown_at([growing]) as base, window(browser, base) as watched:
        page = watched.open("index.html")
        expect(page.locator("[data-live-note]")).to_have_text("live")
        page.keyboard.press("j")
        page.keyboard.press("j")
        address = page.locator("[data-cursor] a").first.get_attribute("href")
        tally = page.locator("[data-tally]").inner_text()
        for name in ("trajectories.jsonl", "verdicts.jsonl"):
            more = (shown[1] / name).read_text(encoding="utf-8").splitlines(keepends=True)[:3]
            with (growing / name).open("a", encoding="utf-8") as file:
                file.writelines(more)
        expect(page.locator("[data-tally]")).not_to_have_text(tally)
        expect(page.locator("[data-cursor] a").first).to_have_attribute("href", str(address))
        expect(page.locator("[data-cursor] a").first).to_be_focused()
        watched.check()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_hostile_run_runs_nothing_breaks_nothing_and_can_still_be_read(
    browser: Browser, pages: str, size: dict[str, int]
) -> None:
    with window(browser, pages, size=size) as watched:
        page = watched.open("index.html?set=hostile")
        watched.check()
        page.locator("[data-row] a").first.click()
        expect(page.locator(".run-head")).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        expect(page.locator(".words").first).to_be_visible()
        assert "U+202E" in page.locator("main").inner_text()
        watched.check()
        page.get_by_role("link", name="State at the end").click()
        expect(page.locator(".coll-box").first).to_be_visible()
        watched.check()


def test_without_scripts_everything_can_be_read_and_filtered(browser: Browser, pages: str) -> None:
    with window(browser, pages, java_script_enabled=False) as watched:
        page = watched.open("index.html")
        page.get_by_label("Outcome").select_option("fail")
        page.get_by_role("button", name="Filter").click()
        expect(page).to_have_url(re.compile("outcome=fail"))
        page.locator("[data-row] a").first.click()
        page.locator("details.call summary").first.click()
        expect(page.locator("details.call .unfolded").first).to_be_visible()


def test_a_folder_of_pages_filters_and_compares_without_a_server(
    browser: Browser, shown: list[Path], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    done = subprocess.run(command("view", *map(str, shown), "--out", str(site)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "index.html" in done.stdout
    with window(browser, site.as_uri() + "/") as watched:
        page = watched.open("index.html")
        page.get_by_label("Outcome").select_option("fail")
        page.get_by_label("Set").select_option("hasty")
        expect(page.locator("[data-row] .outcome.pass")).to_have_count(0)
        expect(page.locator("[data-tally]")).to_contain_text("0 % passed")
        page.locator("[data-row] a").first.click()
        page.locator("details.call summary").first.click()
        expect(page.locator(".call .unfolded").first).to_be_visible()
        page.get_by_role("link", name="Runs", exact=True).click()
        page.get_by_role("link", name="careful and hasty").click()
        page.locator(".flip").first.click()
        expect(page.get_by_text("here they part")).to_be_visible()
        watched.check()
