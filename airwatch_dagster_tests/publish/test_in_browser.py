"""The bulletin in a real browser: no request, no error, no barrier, at the widths of a phone and a desktop."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from airwatch_dagster.publish.content import Bulletin
from airwatch_dagster.publish.findings.page import Links, index_page, month_page
from airwatch_dagster.publish.findings.rates import Rates
from airwatch_dagster.publish.page.archive import ArchiveDay
from airwatch_dagster.publish.page.render import archive, overview, page, state_pages
from airwatch_dagster_tests.builders import monthly_findings
from airwatch_dagster_tests.publish.findings.test_page import CLEAR, OPEN, SITE, report
from airwatch_dagster_tests.publish.page.bulletins import bulletin, troubled_status

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; on Debian: apt-get install chromium"),
]

OPTIONS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


@dataclass
class Opened:
    """A page in the browser, and what it said and asked for."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Opened]
"""Opens a file of the site, or a place in it (``plain.html#s-170310008``), in a window of its own."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pages of a made-up bulletin, also with troubles, in both languages, and of the archive."""
    folder = tmp_path_factory.mktemp("site")
    plain, troubled = bulletin(), bulletin(status=troubled_status())
    files = {"plain.html": page(plain), "troubled.html": page(troubled), "es.html": page(troubled, language="es")}
    files["index.html"] = archive([ArchiveDay(plain.issue_date, 57, "Moderate", "plain.html")])
    files |= _nation(plain) | _findings()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _nation(whole: Bulletin) -> dict[str, str]:
    states = state_pages(whole)
    return {"nation.html": overview(whole, {postal: f"{postal}.html" for postal in states})}


def _findings() -> dict[str, str]:
    """The page of a month in which the air moved, a sensor is found and the pipeline is not judged; and the index."""
    parts = [{**SITE, "area": f"state:{number}", "site_id": f"{number}0310076"} for number in range(17, 30)]
    rows = ({"is_found": True, "area": "us"}, {**CLEAR, "area": "us"}, {**OPEN, "area": "us"}, *parts)
    rates = Rates(["12 months of a state were judged."], "What is found", ("Fault", "Found"), (("stuck", "95 %"),))
    month = month_page(report(*rows, area="us"), links=Links(before="month.html"), rates=rates)
    index = index_page(monthly_findings(*rows), area="United States", is_simulated=True)
    return {"month.html": month.decode(), "months.html": index.decode()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, site: Path) -> Iterator[Open]:
    contexts = []

    def opened(name: str, *, viewport: dict[str, int] = DESKTOP, **options: object) -> Opened:
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.on("console", lambda message: found.errors.append(message.text))
        found.page.on("pageerror", lambda error: found.errors.append(str(error)))
        found.page.on("request", lambda request: found.requests.append(request.url))
        file, _, place = name.partition("#")
        found.page.goto((site / file).as_uri() + f"#{place}" * bool(place))
        return found

    yield opened
    for context in contexts:
        context.close()


PAGES = ("plain.html", "troubled.html", "es.html", "index.html", "nation.html", "month.html", "months.html")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_asks_for_nothing_and_bars_nobody(
    open_page: Open, name: str, viewport: dict[str, int], scheme: str
) -> None:
    found = open_page(name, viewport=viewport, color_scheme=scheme)
    if found.page.locator("details.site").count():
        found.page.locator("details.site").first.locator("summary").click()

    report = Axe().run(found.page, options=RULES)

    assert [one["id"] for one in report.response["violations"]] == [], report.generate_report()
    assert found.errors == []
    assert len(found.requests) == 1
    wide = found.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0, "the page scrolls sideways"


def test_the_search_leaves_the_sites_that_match(open_page: Open) -> None:
    found = open_page("plain.html").page
    sites = found.locator("details.site")
    whole = sites.count()
    name = sites.nth(1).locator("summary").inner_text().split("\n")[0].strip()

    found.fill("#find", name.upper())
    matching = found.locator("details.site:visible").count()
    found.fill("#find", "no such place")
    none_left = found.locator("details.site:visible").count(), found.locator("#nothing").is_visible()
    found.press("#find", "Escape")

    assert (matching, none_left) == (1, (0, True))
    assert found.locator("details.site:visible").count() == whole > 1


def test_the_day_switch_changes_the_map(open_page: Open) -> None:
    found = open_page("plain.html").page

    def shown() -> str:
        return found.locator("figure:has(svg), .area").first.screenshot().hex()

    tomorrow = shown()
    found.locator("label[for=h3]").click()

    assert found.locator("#h3").is_checked()
    assert shown() != tomorrow


def test_a_site_opens_from_the_map_and_by_its_address(open_page: Open) -> None:
    found = open_page("plain.html").page
    dot = found.locator(".area [data-s]").first
    site_id = dot.get_attribute("data-s")

    dot.click(force=True)

    assert found.locator(f"#s-{site_id}").get_attribute("open") is not None
    again = open_page(f"plain.html#s-{site_id}").page
    assert again.locator(f"#s-{site_id}").get_attribute("open") is not None


def test_everything_can_be_reached_and_opened_with_the_keyboard(open_page: Open) -> None:
    found = open_page("plain.html").page
    reached = set()
    for _ in range(60):
        found.keyboard.press("Tab")
        reached.add(found.evaluate("document.activeElement.id || document.activeElement.tagName"))
    summary = found.locator("details.site summary").first
    summary.focus()
    found.keyboard.press("Enter")

    assert {"find", "assist", "A", "SUMMARY"} <= reached
    assert found.locator("details.site").first.get_attribute("open") is not None


def test_without_javascript_the_forecast_and_the_sites_are_there(open_page: Open) -> None:
    found = open_page("plain.html", java_script_enabled=False).page

    found.locator("details.site summary").first.click()

    assert found.locator("h1").is_visible()
    assert found.locator("details.site").first.locator("svg").last.is_visible()
    assert not found.locator("#find").is_visible()


def test_a_printed_page_holds_every_site_and_little_paper(open_page: Open, tmp_path: Path) -> None:
    found = open_page("plain.html").page

    printed = found.pdf(path=str(tmp_path / "bulletin.pdf"), format="Letter")

    sheets = printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") + printed.count(b"/Type/Page\n")
    assert 1 <= sheets <= 6


def test_the_archive_leads_to_a_bulletin(open_page: Open) -> None:
    found = open_page("index.html").page

    found.locator("a[href='plain.html']").first.click()

    assert found.locator("details.site").count() > 1
