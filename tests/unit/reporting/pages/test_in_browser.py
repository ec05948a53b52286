"""Every kind of report in a real browser, Debian's Chromium, with the network off."""

from __future__ import annotations

import shutil

import pytest

from cetransfer.reporting.pages.comparison.page import comparison_page
from cetransfer.reporting.pages.paper2023 import paper2023_page
from cetransfer.reporting.pages.screening.page import screening_page
from cetransfer.reporting.pages.screening.stored import read_screening
from cetransfer.reporting.pages.sweep import sweep_page
from cetransfer.reporting.pages.write import write_report
from cetransfer.tracking.lineage.facts import REPORT_PAGE
from cetransfer.tracking.lineage.graph import Graph, Node

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
HOSTILE = "</script><img src=x onerror=alert(1)><script>alert(2)</script>"
PHONE = {"width": 375, "height": 800}
DESK = {"width": 1200, "height": 900}


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        # the sandbox does not work as root, and the pages are our own
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def graph():
    made = Graph()
    made.add(Node("d", "data", HOSTILE), made.add(Node("c", "comparison", HOSTILE)))
    return made


@pytest.fixture
def comparison(stored, graph):
    return comparison_page(stored, [HOSTILE], graph, [])


@pytest.fixture
def swept(sweep, trials):
    sweep["sweep"] = HOSTILE
    return sweep_page(sweep, trials, [HOSTILE])


@pytest.fixture
def repeated(paper, folds, graph):
    return paper2023_page(paper, folds, [HOSTILE], graph)


@pytest.fixture
def screened(screen, candidates, graph):
    found = read_screening(candidates, screen)
    # long enough to be filtered
    found.candidates["dropped_by"] = ""
    found.candidates.loc[0, "formula"] = HOSTILE
    return screening_page(found, [HOSTILE], graph)


@pytest.fixture
def open_page(chromium, tmp_path):
    """Call with a page, a colour scheme and a size to see it; ends by asking for complaints."""
    complaints, contexts = [], []

    def open_one(page, scheme="light", size=DESK):
        folder = tmp_path / "report"
        write_report(page, {}, folder)
        context = chromium.new_context(color_scheme=scheme, viewport=size, offline=True)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: complaints.append(dialog.message))
        tab.on("request", lambda request: asked(request.url))
        tab.goto((folder / REPORT_PAGE).as_uri())
        return tab

    def asked(address):
        if not address.startswith(("file:", "data:")):
            complaints.append(address)

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


KINDS = ("comparison", "swept", "repeated", "screened")


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_accessible_in_light_and_dark(open_page, request, kind):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    page = request.getfixturevalue(kind)
    for scheme in ("light", "dark"):
        tab = open_page(page, scheme)
        found = axe.Axe().run(tab).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_fits_a_phone_and_has_its_figures(open_page, request, kind):
    page = request.getfixturevalue(kind)
    tab = open_page(page, size=PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert tab.locator("figure svg[role=img]").count() == len(page.drawings)
    for drawing in page.drawings:
        box = tab.locator(f"#figure-{drawing.name} svg").bounding_box()
        assert box["width"] > 200
        assert box["height"] > 60


def test_dark_pages_have_dark_figures(open_page, comparison):
    colours = {}
    for scheme in ("light", "dark"):
        tab = open_page(comparison, scheme)
        colours[scheme] = tab.evaluate(
            "[document.body, document.querySelector('#figure-strategies svg path')].map("
            "each => [getComputedStyle(each).backgroundColor, getComputedStyle(each).fill])"
        )
    assert colours["light"][0][0] == "rgb(255, 255, 255)"
    assert colours["dark"][0][0] == "rgb(22, 25, 29)"
    assert colours["light"][1] != colours["dark"][1]


def test_a_table_is_sorted_and_filtered_from_the_keyboard(open_page, screened):
    tab = open_page(screened)
    table = tab.locator("#table-shortlist")
    column = [each.text_content() for each in table.locator("thead th").all()].index(
        "formation energy (eV/atom)"
    )

    def energies():
        cells = table.locator(f"tbody tr:visible td:nth-child({column + 1})")
        return [float(each) for each in cells.all_text_contents()]

    button = table.locator("thead th button").nth(column)
    button.focus()
    tab.keyboard.press("Enter")
    assert energies() == sorted(energies())
    assert table.locator("thead th").nth(column).get_attribute("aria-sort") == "ascending"
    tab.keyboard.press("Enter")
    assert energies() == sorted(energies(), reverse=True)
    assert table.locator("thead th[aria-sort]").count() == 1
    before = len(energies())
    field = table.get_by_label("Show rows that contain")
    field.fill("bazro3 found")
    assert len(energies()) == 1
    assert table.locator("[role=status]").text_content() == f"1 of {before} rows"
    field.fill("no such compound")
    assert energies() == []
    field.fill("")
    assert len(energies()) == before


def test_the_contents_lead_to_every_part_by_the_keyboard(open_page, comparison):
    tab = open_page(comparison)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    for link in tab.locator("nav a").all():
        target = link.get_attribute("href")
        assert tab.locator(f"h2{target}").count() == 1


def test_a_report_prints(open_page, comparison):
    tab = open_page(comparison, "dark")
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not tab.locator("nav").is_visible()
    assert tab.pdf(format="A4").startswith(b"%PDF")
