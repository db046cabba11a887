"""The page as text: nothing in it can call out or run what a customer is called."""

import base64
import hashlib
import json
import re
from collections.abc import Callable

import pytest

from pipeline.lists import COLUMN_WORDS, Week
from pipeline.lists.html_page import html_page, json_in_script

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u2028\"'&"


def inline(page: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)


def test_policy_allows_only_the_pages_own_code(week: Week) -> None:
    page = html_page(week)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1).replace("&#39;", "'")  # type: ignore
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (code,) = inline(page, tag)
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_names_no_place_to_fetch_from(week: Week) -> None:
    page = html_page(week).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(
        r"https?:|//[a-z]|\b(src|href|action)=|url\(|@import|fetch\(|XMLHttp|WebSocket|innerHTML|eval\(", page
    )


def test_says_what_every_reader_must_know(make_week: Callable[..., Week]) -> None:
    page = html_page(make_week(3, company="A & B", notice="<b>caveat</b>"))
    about = make_week(3).about
    for text in (
        about.churn_definition,
        about.verdict,
        "1 January 2018",
        "A &amp; B",
        "&lt;b&gt;caveat&lt;/b&gt;",
        "of 8 scored, 10 eligible",
    ):
        assert text in page
    assert page.count("not proof") == 1
    for name, words in COLUMN_WORDS.items():
        assert f"<dt>{name}</dt><dd>{words}</dd>".replace("'", "&#39;") in page


def test_no_notice_leaves_no_box(make_week: Callable[..., Week]) -> None:
    assert 'class="notice"' not in html_page(make_week(3, notice=""))


def test_totals(week: Week) -> None:
    page = html_page(week)
    tiles = re.findall(r"<li><strong>(.*?)</strong> <span class=\"what\">(.*?)</span>", page)
    total = week.risk_list["value_at_stake"].sum()
    assert tiles == [
        ("12", "customers listed"),
        (f"USD {total:,.2f}" if total < 10_000 else f"USD {total:,.0f}", "value at stake"),
        (f"{week.risk_list['churn_probability'].sum():.0f}", "expected to leave"),
        (str((week.risk_list["work"] == "task").sum()), "with something to do"),
    ]
    assert "of everyone listed, if nothing is done; 3 to 9, 19 times of 20" in page


def test_evil_text_stays_inside_the_data(make_week: Callable[..., Week]) -> None:
    week = make_week(2, edits={0: {"name": EVIL, "owner": EVIL}}, company=EVIL, verdict=EVIL)
    page = html_page(week)
    assert page.count("</script>") == 2
    assert "<img" not in page
    data = re.search(r'<script type="application/json" id="page">(.*?)</script>', page, re.DOTALL).group(1)  # type: ignore
    assert EVIL in json.loads(data)["columns"]["name"]
    assert "\u2028" not in data


@pytest.mark.parametrize("content", [{"x": float("nan")}, {"x": float("inf")}])
def test_data_that_no_browser_reads_is_refused(content: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_in_script(content)


def test_empty_list_needs_no_script(make_week: Callable[..., Week]) -> None:
    page = html_page(make_week(0))
    assert '<p class="plain nobody">Nobody to act on this week.</p>' in page
    assert inline(page, "script") == []
