"""The page in a real browser, offline; and a week with everything a page can show."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from pipeline.decisions.follow_up import LEFT
from pipeline.i18n import ENGLISH, MessageCatalog
from pipeline.lists import Week
from pipeline.lists.audiences import AUDIENCE
from pipeline.lists.comparison import MEASURES
from pipeline.lists.former_customers import FORMER
from pipeline.lists.html_page import html_page
from pipeline.reasons.interviews import guide

CHROMIUM = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else shutil.which("chromium")
ARGUMENTS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
Open = Callable[..., Page]
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="no Chromium on this machine"),
]


class Visit:
    """Opens pages of weeks; in the end nothing may have gone to the console or to the network."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.requests: list[str] = []

    def __call__(self, week: Week, catalog: MessageCatalog = ENGLISH, **options: Any) -> Page:
        file = self.folder / "risk_list.html"
        file.write_text(html_page(week, catalog), encoding="utf-8")
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        self.contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri())
        return page

    def end(self) -> None:
        for context in self.contexts:
            context.close()
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("file://", "blob:"))] == []


def with_history(week: Week) -> Week:
    """The week with what its customers did, and with customers who are no longer scored."""
    ids = week.risk_list["customer_id"]
    months = {f"2017-{month:02d}": [(place * month) % 7 for place in range(len(ids))] for month in range(1, 13)}
    measures = {
        f"{kind}{name}": [None if place % 5 == 4 and kind else 1.25 * place + at for place in range(len(ids))]
        for at, name in enumerate(MEASURES)
        for kind in ("", "usual_", "tier_")
    }
    former = pl.DataFrame(
        [
            {name: f"{name} {place}" for name, kind in FORMER.items() if kind == pl.String()}
            | {
                "customer_id": f"gone-{place}",
                "name": None if place else "Gone & Sons",
                "last_order_day": week.about.as_of,
            }
            for place in range(2)
        ],
        schema=FORMER,
    )
    audiences = pl.DataFrame(
        [{name: f"{name} 1" for name, kind in AUDIENCE.items() if kind == pl.String()} | {"due_day": week.about.as_of}],
        schema=AUDIENCE | {"caution": pl.String()},
    )
    return replace(
        week,
        order_days=pl.DataFrame({"customer_id": ids, **months}),
        figures=pl.DataFrame({"customer_id": ids, **measures}),
        former=former,
        audiences=audiences,
        left=pl.DataFrame([{name: f"{name} 1" for name in LEFT}], schema=LEFT),
        guides=(guide(ENGLISH, ["C25"]),),
        since_last=("Since 25 December 2017: 3 came.", "2 were done."),
    )
