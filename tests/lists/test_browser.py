"""The page in a real browser, offline: what people see is what the frame says, and every control does its work."""

import math
import re
from collections.abc import Callable, Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.lists import Week
from pipeline.lists.page_data import family_words
from pipeline.outcomes import filled_list
from tests.lists.visit import IN_A_BROWSER, Open, Visit
from tests.profiles import some_by_day

MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def longer_week(make_week: Callable[..., Week]) -> Week:
    """More rows than are drawn at once, and few enough to look at all of them."""
    return make_week(450)


@pytest.fixture(scope="module")
def same_page(browser: Browser, week: Week, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page of the week, opened once, for tests that leave it as they found it."""
    visit = Visit(browser, tmp_path_factory.mktemp("page"))
    yield visit(week)
    visit.end()


@pytest.fixture(scope="module")
def same_longer_page(browser: Browser, longer_week: Week, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    visit = Visit(browser, tmp_path_factory.mktemp("page"))
    yield visit(longer_week)
    visit.end()


# ---------------------------------------------------------------------------------- what a reader should see of a value
def sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def words(text: str) -> str:
    return (text[:1].upper() + text[1:]).replace("_", " ")


def percent(probability: float) -> str:
    p = round(probability, 4)
    return "<1%" if p < 0.01 else ">99%" if p > 0.99 else f"{math.floor(p * 100 + 0.5)}%"


def day(value: date) -> str:
    return f"{value.day} {MONTHS[value.month]} {value.year}"


def as_is(value: object) -> str:
    return str(value)


IN_A_ROW: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("rank", "customer_id", "name", "owner", "tier", "risk_band", "action", "who"), as_is),
    **dict.fromkeys(("churn_probability", "previous_probability"), percent),
    "value_at_stake": lambda value: f"USD\u00a0{value:,.2f}",
    "reason_1": sentence,
    "channel": words,
    "status": words,
    "due_day": day,
}
WHEN_OPEN: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("reason_1", "reason_2", "reason_3", "protects", "action", "caution", "change"), sentence),
    **dict.fromkeys(
        (
            "due_day",
            "since_week",
            "last_order_day",
            "usual_order_day",
            "next_order_day",
            "cancellation_day",
            "last_contact_day",
        ),
        day,
    ),
    **dict.fromkeys(("channel", "playbook"), words),
    "who": as_is,
    "draft": as_is,
    **dict.fromkeys(("reason_1_kind", "reason_1_act", "reason_1_team"), as_is),
}
# every field of every row of a kind, in one trip to the browser
FIELDS = """rows => rows.map(row => Object.fromEntries(
    [...row.querySelectorAll("[data-field]")].map(field => [field.dataset.field, field.textContent])))"""


def truth(week: Week) -> list[dict[str, Any]]:
    return week.risk_list.sort("rank").rows(named=True)


def told(row: dict[str, Any], shown: dict[str, Callable[[Any], str]]) -> dict[str, str]:
    return {name: show(row[name]) for name, show in shown.items() if row[name] is not None}


def ranks(page: Page) -> list[int]:
    return [int(text) for text in page.locator("tr.row [data-field=rank]").all_text_contents()]


def shown_ranks(page: Page, expected: list[int]) -> None:
    """Wait for the list to settle (the search waits for a pause in the typing), then compare."""
    expect(page.locator("tr.row")).to_have_count(min(len(expected), 200))
    assert ranks(page) == expected[:200]


# ----------------------------------------------------------------------------------------------------------------- rows
def test_every_row_says_what_the_frame_says(week: Week, open_page: Open) -> None:
    page = open_page(week)
    rows = page.locator("tr.row").evaluate_all(FIELDS)
    assert rows == [told(row, IN_A_ROW) for row in truth(week)]


def test_bars_are_as_long_as_the_probability(week: Week, same_page: Page) -> None:
    page = same_page
    share = "bars => bars.map(bar => bar.firstChild.getBoundingClientRect().width / bar.getBoundingClientRect().width)"
    found = page.locator("tr.row .bar").evaluate_all(share)
    assert found == pytest.approx(week.risk_list["churn_probability"].to_list(), abs=0.01)


def test_every_open_row_says_what_the_frame_says(week: Week, open_page: Open) -> None:
    page = open_page(week)
    for row in truth(week):
        page.get_by_label(f"Details of {row['name'] or row['customer_id']}", exact=True).click()
    found = page.locator("tr.detail").evaluate_all(FIELDS)
    standing = page.locator("tr.detail dd[data-field=status]").all_text_contents()
    for row, fields, status in zip(truth(week), found, standing, strict=True):
        expected = {"last_contact_day": "none known", "status": words(row["status"])} | told(row, WHEN_OPEN)
        if row["reason_1_act"] == "no":
            del expected["reason_1_team"]
        assert fields == expected
        since = "listed" if row["status"] == "new" else "listed since"
        assert status == f"{words(row['status'])}, {since} {day(row['since_week'])}"


def test_every_row_of_a_long_list(longer_week: Week, open_page: Open) -> None:
    page = open_page(longer_week)
    assert page.locator("tr.row").count() == 200
    expect(page.locator("#shown")).to_have_text("450 customers")
    while page.locator("#more").is_visible():
        page.locator("#more").evaluate("button => button.click()")
    assert page.locator("tr.row").evaluate_all(FIELDS) == [told(row, IN_A_ROW) for row in truth(longer_week)]


def test_rows_appear_while_scrolling(longer_week: Week, open_page: Open) -> None:
    page = open_page(longer_week)
    page.locator("tr.row").nth(199).scroll_into_view_if_needed()
    expect(page.locator("tr.row").nth(224)).to_be_attached()


def test_far_from_the_screen_nothing_is_drawn_and_all_comes_back(long_week: Week, open_page: Open) -> None:
    page = open_page(long_week)
    first = page.locator("tr.row").first
    first.locator(".open").click()
    page.locator("[data-fill=note]").fill("rang twice")
    page.locator("#search").focus()
    for _ in range(60):
        page.mouse.wheel(0, 2500)
        page.wait_for_timeout(20)
    expect(page.locator("td.space").first).to_be_attached()
    assert page.locator("tr.row").count() < 700
    there = ranks(page)
    assert there[0] > 500 and there == list(range(there[0], there[0] + len(there)))
    page.mouse.wheel(0, -1_000_000)
    expect(first.locator("[data-field=rank]")).to_have_text("1")
    expect(page.locator("[data-fill=note]")).to_have_value("rang twice")
    expect(page.locator("tr.row").nth(40)).to_be_attached()
    assert ranks(page)[:40] == list(range(1, 41))


def test_a_row_shows_what_was_bought_and_what_is_usual(full_week: Week, open_page: Open) -> None:
    page = open_page(full_week)
    for place, row in enumerate(truth(full_week)):
        page.locator("tr.row .open").nth(place).click()
        panel = page.locator("tr.detail")
        days = full_week.order_days.row(by_predicate=pl.col("customer_id") == row["customer_id"])[1:]
        said = panel.locator("svg.timeline").get_attribute("aria-label")
        assert (
            said == f"Days with an order in each of 12 months, from Jan 2017 to Dec 2017: {', '.join(map(str, days))}."
        )
        tall = panel.locator("svg.timeline rect").evaluate_all(
            "bars => bars.map(bar => Number(bar.getAttribute('height')))"
        )
        assert tall == pytest.approx([number / max(*days, 1) * 40 for number in days])
        numbers = full_week.figures.row(by_predicate=pl.col("customer_id") == row["customer_id"])[1:]
        shown = panel.locator(".figures td:not(:empty)").all_text_contents()
        assert [text == "–" for text in shown] == [number is None for number in numbers]
        assert [float(text) for text in shown if text != "–"] == pytest.approx(
            [n for n in numbers if n is not None], abs=0.5
        )
        page.locator("tr.row .open").nth(place).click()


def test_on_a_phone_the_first_customer_stands_on_the_first_screen(week: Week, open_page: Open) -> None:
    page = open_page(week, viewport={"width": 390, "height": 844})
    box = page.locator("tr.row").first.bounding_box()
    assert box["y"] + box["height"] < 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_came_of_a_former_customer_is_handed_back_with_the_rest(full_week: Week, open_page: Open, tmp_path: Path):
    page = open_page(full_week)
    page.get_by_label("What came of it: Gone & Sons").click()
    page.locator("#former [data-fill=outcome]").select_option("done")
    expect(page.locator("#former [data-fill=wrong_reason]")).to_have_count(0)
    with page.expect_download() as saved:
        page.locator("#save").click()
    saved.value.save_as(tmp_path / "back.json")
    (row,) = filled_list.read(tmp_path / "back.json").rows
    assert (row.cells["customer_id"], row.cells["outcome"]) == ("gone-0", "done")


def test_long_list_stays_quick(long_week: Week, open_page: Open) -> None:
    page = open_page(long_week)
    took = page.evaluate("""() => { const start = performance.now();
        for (const head of document.querySelectorAll("th button")) head.click();
        document.body.offsetHeight; return performance.now() - start; }""")
    assert took < 8 * 500, "eight sorts of 3,000 rows, on a slow and busy machine"


# ------------------------------------------------------------------------------------------------- search, filter, sort
def test_search_narrows_by_any_text(week: Week, open_page: Open) -> None:
    page = open_page(week)
    search = page.get_by_label("Search the list")
    found = week.risk_list.filter(pl.col("name") == "Café Moreau")["rank"].to_list()
    for query in ("cafe", "MOREAU café"):  # no accents needed, any order
        search.fill(query)
        shown_ranks(page, found)
    expect(page.locator("#shown")).to_contain_text("1 of 12 customers, USD")
    search.fill("late deliver december")
    parts = pl.concat_str(pl.col("reason_1", "reason_2", "reason_3"), separator=" ", ignore_nulls=True)
    shown_ranks(page, week.risk_list.filter(parts.str.contains("late deliveries in December"))["rank"].to_list())
    search.fill("no such customer")
    expect(page.get_by_text("No customer fits this search.")).to_be_visible()
    page.get_by_role("button", name="Clear the search and the filters").click()
    shown_ranks(page, list(range(1, 13)))
    expect(search).to_be_focused()


@pytest.mark.parametrize("name", ["risk_band", "tier", "playbook", "owner", "status"])
def test_filter(week: Week, same_page: Page, name: str) -> None:
    page = same_page
    select = page.locator(f"[data-filter={name}]")
    options = select.locator("option").all_text_contents()[1:]
    values = week.risk_list[name].unique().to_list()
    assert len(options) == len(values)
    for value in values:
        kept = week.risk_list.filter(pl.col(name).eq_missing(value))["rank"].to_list()
        plain = f"(no {name})" if value is None else words(value) if name in ("playbook", "status") else value
        select.select_option(label=f"{plain} ({len(kept)})")
        shown_ranks(page, kept)
    page.get_by_role("button", name="Clear", exact=True).click()
    shown_ranks(page, list(range(1, 13)))


def test_filters_that_filter_nothing_are_left_out(make_week: Callable[..., Week], open_page: Open) -> None:
    page = open_page(make_week(4, edits={place: {"owner": None, "tier": "loyal"} for place in range(4)}))
    names = page.locator("[data-filter]").evaluate_all("all => all.map(one => one.dataset.filter)")
    assert not {"owner", "tier"} & set(names)
    assert "playbook" in names


def test_search_and_filters_work_together(week: Week, open_page: Open) -> None:
    page = open_page(week)
    page.locator("[data-filter=owner]").select_option(label="Anna Meyer (3)")
    page.get_by_label("Search the list").fill("sonnental OR")
    expect(page.locator("tr.row")).to_have_count(0)
    page.get_by_label("Search the list").fill("ortega")
    found = week.risk_list.filter(pl.col("name") == "Ortega Catering", pl.col("owner") == "Anna Meyer")
    shown_ranks(page, found["rank"].to_list())


@pytest.mark.parametrize(
    ("heading", "column", "falls"),
    [
        ("Value at stake", "value_at_stake", True),
        ("Churn risk", "churn_probability", True),
        ("Due", "due_day", False),
        ("Status", "status", False),
    ],
)
def test_sort_by_heading(longer_week: Week, same_longer_page: Page, heading: str, column: str, falls: bool) -> None:
    page = same_longer_page
    head = page.locator(f"th[data-sort={column}]")
    rounded = longer_week.risk_list.with_columns(
        pl.col("churn_probability").round(4), pl.col("value_at_stake").round(2), pl.col("status").str.replace("_", " ")
    )
    head.get_by_role("button", name=heading).focus()
    for descending in (falls, not falls):
        page.keyboard.press("Enter")
        order = rounded.sort(column, "rank", descending=[descending, False], nulls_last=True)
        shown_ranks(page, order["rank"].to_list())
        assert head.get_attribute("aria-sort") == ("descending" if descending else "ascending")
    assert page.locator("th[aria-sort]").count() == 1


# ---------------------------------------------------------------------------------------------------------- an open row
def test_a_row_opens_with_mouse_and_keyboard(week: Week, open_page: Open) -> None:
    page = open_page(week)
    first, button = page.locator("tr.row").first, page.locator("tr.row .open").first
    expect(button).to_have_attribute("aria-expanded", "false")
    first.locator("td.reason").click()
    expect(button).to_have_attribute("aria-expanded", "true")
    assert page.locator("tr.detail").get_attribute("id") == button.get_attribute("aria-controls")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(page.locator("tr.detail")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("tr.row .open").nth(1)).to_have_attribute("aria-expanded", "true")


def test_an_open_row_stays_open_through_a_search(week: Week, open_page: Open) -> None:
    page = open_page(week)
    page.locator("tr.row").nth(1).click()
    page.get_by_label("Search the list").fill(str(week.risk_list["name"][1]))
    expect(page.locator("tr.row")).to_have_count(1)
    expect(page.locator("tr.detail")).to_have_count(1)


def test_the_three_reasons_are_told(week: Week, open_page: Open) -> None:
    page = open_page(week)
    row = next(row for row in truth(week) if row["reason_3"])
    page.locator("tr.row").nth(row["rank"] - 1).click()
    reasons = page.locator("tr.detail ol.reasons li").all_text_contents()
    assert reasons == [sentence(row[f"reason_{place}"]) for place in (1, 2, 3)]


@pytest.mark.parametrize("granted", [True, False], ids=["clipboard", "marked"])
def test_a_draft_is_copied_as_it_stands(week: Week, open_page: Open, granted: bool) -> None:
    page = open_page(week, permissions=["clipboard-read", "clipboard-write"] if granted else ["clipboard-read"])
    if not granted:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: {writeText: () => Promise.reject()}})")
    row = next(row for row in truth(week) if row["draft"] is not None)
    page.locator("tr.row").nth(row["rank"] - 1).locator(".open").click()
    page.locator("tr.detail .copy").click()
    expect(page.locator("tr.detail .copy")).to_have_text("Copied")
    if granted:
        assert page.evaluate("navigator.clipboard.readText()") == row["draft"]
    else:
        assert page.evaluate("String(getSelection())") == row["draft"]
    expect(page.locator("tr.detail .copy")).to_have_text("Copy")


def test_waterfall_adds_up(week: Week, open_page: Open) -> None:
    page = open_page(week)
    for row in truth(week):
        page.locator("tr.row").nth(row["rank"] - 1).locator(".open").click()
        drawing = page.locator("tr.detail svg").evaluate("""svg => ({
            bars: [...svg.querySelectorAll("rect")].map(bar =>
                [bar.x.baseVal.value, bar.width.baseVal.value, bar.className.baseVal]),
            names: [...svg.querySelectorAll(".step-label")].map(label => label.textContent),
            ends: [...svg.querySelectorAll(".end-mark")].map(mark => mark.cx.baseVal.value),
            words: svg.textContent, spoken: svg.getAttribute("aria-label")})""")
        assert_adds_up(
            drawing, week.waterfalls.row(by_predicate=pl.col("customer_id") == row["customer_id"], named=True)
        )
        assert drawing["words"].count(percent(row["churn_probability"])) == 1
        assert percent(row["churn_probability"]) in drawing["spoken"]
        assert "Typical customer" in drawing["words"] and "This customer" in drawing["words"]
        page.locator("tr.row").nth(row["rank"] - 1).locator(".open").click()


def assert_adds_up(drawing: dict[str, Any], waterfall: dict[str, Any]) -> None:
    """Bars run from end to end without a gap, each as long as its family's share and in its direction."""
    start, end = drawing["ends"]
    scale = (end - start) / (waterfall["log_odds"] - waterfall["base_log_odds"])
    pushes = {family_words(name[7:]): push for name, push in waterfall.items() if name.startswith("family_") and push}
    largest = sorted(pushes, key=lambda name: -abs(pushes[name]))
    named = largest if len(largest) <= 8 else largest[:7]
    if len(largest) > 8:
        pushes["2 smaller influences"] = sum(pushes[name] for name in largest[7:])
        named.append("2 smaller influences")
    assert drawing["names"] == named
    at = start
    for name, (left, width, kind) in zip(named, drawing["bars"], strict=True):
        assert kind == ("raises" if pushes[name] > 0 else "lowers")
        begin, to = (left, left + width) if kind == "raises" else (left + width, left)
        assert begin == pytest.approx(at, abs=1.1)  # a bar is at least one pixel wide
        assert to - begin == pytest.approx(pushes[name] * scale, abs=1.1)
        at = to
    assert at == pytest.approx(end, abs=1.1)
    assert scale > 0


def test_raw_scores_are_not_told(week: Week, open_page: Open) -> None:
    page = open_page(week)
    page.locator("tr.row").first.click()
    said = page.locator("body").inner_text()
    assert "log-odds" not in said and "log_odds" not in said
    assert "-1.3" not in said and "−1.3" not in said


# ---------------------------------------------------------------------------------------------------- hostile, odd, old
def test_a_name_is_text_and_never_runs(make_week: Callable[..., Week], open_page: Open) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028\"'&amp;"
    texts = dict.fromkeys(
        ("name", "owner", "tier", "reason_1", "protects", "action", "who", "caution", "playbook"), evil
    )
    week = make_week(3, edits={0: texts}, company=evil, notice=evil)
    page = open_page(week)
    page.locator("tr.row").filter(has_text="alert(1)").click()
    assert page.locator("tr.row [data-field=name]").filter(has_text="alert(1)").text_content() == evil
    assert page.locator("body img, tbody script").count() == 0
    assert page.locator(".company").text_content() == evil


def test_unknown_currency_is_still_told(make_week: Callable[..., Week], open_page: Open) -> None:
    for currency, digits, spelled in (("JPY", 0, "{:,.0f}"), ("€€€€", 2, "{:,.2f}")):
        week = make_week(2, currency=currency, minor_digits=digits)
        page = open_page(week)
        found = page.locator("[data-field=value_at_stake]").all_text_contents()
        assert found == [f"{currency}\u00a0{spelled.format(value)}" for value in week.risk_list["value_at_stake"]]


def test_nobody_to_act_on(make_week: Callable[..., Week], open_page: Open) -> None:
    page = open_page(make_week(0))
    expect(page.get_by_text("Nobody to act on this week.")).to_be_visible()
    assert page.locator("table").count() == 0


def test_without_javascript_the_page_says_where_the_list_is(week: Week, open_page: Open) -> None:
    page = open_page(week, java_script_enabled=False)
    expect(page.get_by_text("The same list is in the files risk_list.csv")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()


def test_with_javascript_it_does_not(same_page: Page) -> None:
    assert same_page.get_by_text("needs JavaScript").count() == 0


def test_print_shows_every_row_in_full(longer_week: Week, open_page: Open) -> None:
    page = open_page(longer_week)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("tr.row").count() == 450
    expect(page.locator("#tools")).to_be_hidden()
    expect(page.locator("#glossary dl")).to_be_visible()


def test_the_next_ten_to_act_on_are_one_printed_page(longer_week: Week, open_page: Open) -> None:
    page = open_page(longer_week)
    to_act = [row for row in truth(longer_week) if row["work"] != "watch"]
    page.locator("#to-calls").click()
    expect(page.locator("#list")).to_be_hidden()
    calls = page.locator("tr.call")
    assert [calls.nth(at).get_attribute("data-id") for at in range(calls.count())] == [
        row["customer_id"] for row in to_act[:10]
    ]
    for at, row in enumerate(to_act[:10]):
        said = calls.nth(at).inner_text()
        for part in (
            row["draft"],
            sentence(row["action"]),
            sentence(row["reason_1"]),
            percent(row["churn_probability"]),
        ):
            assert part in said, (part, said)
        assert f"by {day(row['due_day'])}" in said and "object" not in said
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1
    page.locator("#to-list").click()
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator("#calls")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_next_ten_fit_any_screen(longer_week: Week, open_page: Open, width: int) -> None:
    page = open_page(longer_week, viewport={"width": width, "height": 800})
    page.locator("#to-calls").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    first = page.locator("tr.call").first
    assert first.inner_text().count("☐") == 2
    narrow = [box["width"] for box in (cell.bounding_box() for cell in first.locator("th, td").all()) if box]
    assert min(narrow) > 100, "no column is squeezed"


def test_the_next_ten_follow_the_filters_and_say_when_there_is_nobody(longer_week: Week, open_page: Open) -> None:
    page = open_page(longer_week)
    owner = next(row["owner"] for row in truth(longer_week) if row["owner"])
    number = sum(row["owner"] == owner for row in truth(longer_week))
    page.locator("[data-filter=owner]").select_option(label=f"{owner} ({number})")
    page.locator("#to-calls").click()
    own = [row for row in truth(longer_week) if row["work"] != "watch" and row["owner"] == owner]
    assert [one.get_attribute("data-id") for one in page.locator("tr.call").all()] == [
        r["customer_id"] for r in own[:10]
    ]
    page.locator("#to-list").click()
    page.locator("#clear").click()
    page.locator("#search").fill("keep an eye on this customer")
    expect(page.locator("#shown")).to_contain_text("of 450")
    page.locator("#to-calls").click()
    expect(page.locator("#no-calls")).to_be_visible()
    assert page.locator("tr.call").count() == 0


# --------------------------------------------------------------------------------------------------------- for everyone
@pytest.mark.parametrize("width", [390, 768, 1024, 1280, 1920])
def test_nothing_is_cut_off_at_any_width(same_page: Page, width: int) -> None:
    page = same_page
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("tr.row").nth(1).locator(".open").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # text that runs out of its box: single lines that are wider than their cell
    wide = page.locator("td span, td dd, th button, .tiles li, .panel section").evaluate_all(
        """all => all.filter(one => one.offsetParent && one.getBoundingClientRect().right
            > one.closest("td, th, ul").getBoundingClientRect().right + 0.5).map(one => one.textContent)"""
    )
    assert wide == []
    page.locator("tr.row").nth(1).locator(".open").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(week: Week, open_page: Open, scheme: str) -> None:
    page = open_page(week, color_scheme=scheme)
    for row in range(4):
        page.locator("tr.row").nth(row).locator(".open").click()
    page.locator("#glossary summary").click()
    weak = page.evaluate(CONTRAST)
    assert weak == []


# WCAG 2.2, 1.4.3: text has a contrast of 4.5 to the first opaque ground behind it
CONTRAST = """() => {
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = (one) => {
        for (; one; one = one.parentElement) {
            const colour = parse(getComputedStyle(one).backgroundColor);
            if (colour.length < 4 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const weak = [];
    for (const one of document.querySelectorAll("body *")) {
        const said = [...one.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
        if (!said || !one.getClientRects().length || /script|option|title/i.test(one.tagName)) continue;
        const style = getComputedStyle(one);
        const ink = parse(one instanceof SVGElement ? style.fill : style.color);
        const [a, b] = [light(ink), light(ground(one))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) weak.push(`${contrast.toFixed(2)} ${said}`);
    }
    return weak;
}"""


def test_what_is_filled_in_is_kept_marked_and_saved_as_a_file_to_hand_back(open_page: Open, week: Week, tmp_path: Path):
    page = open_page(week)
    first, second = week.risk_list["customer_id"][0], week.risk_list["customer_id"][1]
    expect(page.locator("#save")).to_be_hidden()
    page.locator("tr.row .open").nth(0).click()
    panel = page.locator("tr.detail").nth(0)
    panel.locator("[data-fill=outcome]").select_option("done")
    panel.locator("[data-fill=answer]").select_option("accepted")
    panel.locator("[data-fill=done_day]").fill(str(week.about.as_of))
    panel.locator("[data-fill=note]").fill(" =Cheerful, <b>calls back</b> ")
    page.locator("tr.row .open").nth(1).click()
    page.locator("tr.detail").nth(1).locator("[data-fill=snooze_until_day]").fill("2030-01-01")
    expect(page.locator("tr.row").nth(0).locator(".filled")).to_have_text("Done")
    expect(page.locator("#filled")).to_have_text("2 rows filled in")
    page.reload()
    expect(page.locator("tr.row").nth(0).locator(".filled")).to_have_text("Done")
    page.locator("tr.row .open").nth(0).click()
    expect(page.locator("[data-fill=note]")).to_have_value("=Cheerful, <b>calls back</b>")
    with page.expect_download() as saved:
        page.locator("#save").click()
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    assert file.name == f"outcomes_{week.about.as_of}.json"
    saved_rows = {row.cells["customer_id"]: row.cells for row in filled_list.read(file).rows}
    assert set(saved_rows) == {first, second}
    assert saved_rows[first] == {
        "customer_id": first, "as_of": str(week.about.as_of), "outcome": "done", "done_day": str(week.about.as_of),
        "answer": "accepted", "wrong_reason": "", "snooze_until_day": "", "note": "=Cheerful, <b>calls back</b>",
    }  # fmt: skip
    assert saved_rows[second]["snooze_until_day"] == "2030-01-01"
    page.locator("[data-fill=outcome]").select_option("")
    for name in ("done_day", "note"):
        page.locator(f"[data-fill={name}]").fill("")
    page.locator("[data-fill=answer]").select_option("")
    expect(page.locator("#filled")).to_have_text("1 row filled in")


# ------------------------------------------------------------------------------------------------------- for everybody
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("screen", some_by_day(["1280-light", "1280-dark", "390-dark", "390-light"]))
def test_axe_finds_nothing(full_week: Week, open_page: Open, screen: str) -> None:
    width, scheme = screen.split("-")
    page = open_page(full_week, bypass_csp=True, color_scheme=scheme, viewport={"width": int(width), "height": 800})
    for details in page.locator("details").all():
        details.evaluate("one => { one.open = true; }")
    for button in page.locator(".open").all()[:3]:
        button.click()
    page.evaluate(AXE)
    for place in ("list", "calls"):
        if place == "calls":
            page.locator("#to-calls").click()
        violations = page.evaluate("() => axe.run().then(found => found.violations)")
        assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in violations] == []
