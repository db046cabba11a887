"""The list as one web page that needs nothing but itself: it opens from a mail, offline, on a phone or on paper."""

import base64
import hashlib
import json
import math
import re
from importlib.resources import files
from typing import Any, Final

import polars as pl
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from pipeline.lists.audiences import campaigns
from pipeline.lists.cells import expected_words, money_words, rounded
from pipeline.lists.column_words import COLUMN_WORDS
from pipeline.lists.comparison import MEASURES
from pipeline.lists.notices import dominating, waiting
from pipeline.lists.schema import (
    ANSWERS,
    FAMILY_PREFIX,
    FILLED_IN,
    OUTCOMES,
    STATUSES,
    WORK,
    Week,
    band_levels,
)
from pipeline.reasons.interviews import Guide

FAMILY_WORDS: Final = {
    "recency": "Time since last order",
    "frequency": "How often they order",
    "monetary": "How much they spend",
    "engagement": "Interest shown",
    "breadth": "Variety of purchases",
    "tenure": "Time as a customer",
    "service": "Service cases",
    "loyalty": "Loyalty programme",
    "price": "Prices and discounts",
    "contact": "Contact with us",
}
"""Families in the words of people who never heard of them; another family is shown under its own name."""

# A "<" could end the script the data stands in; the two separators end a line in old readers of JavaScript.
_NOT_IN_A_SCRIPT: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def html_page(week: Week) -> str:
    """Render the page.

    All text of the week reaches the page as JSON and is shown as text, never as markup. A content security policy
    forbids every network request and every script but the page's own, so that even a flaw could not call out.
    """
    style, script = _package_text("risk_list.css"), _package_text("risk_list.js")
    return _rendered(
        "risk_list.html.j2",
        about=week.about,
        as_of=f"{week.about.as_of.day} {week.about.as_of:%B %Y}",
        column_words=COLUMN_WORDS,
        tiles=_tiles(week),
        verdict=in_short(week.about.verdict),
        since_last=week.since_last,
        warnings=week.warnings,
        former=[] if week.former is None else week.former.rows(named=True),
        left=[] if week.left is None else week.left.rows(named=True),
        campaigns=campaigns(week.audiences).rows(named=True),
        guides=[(guide.language, guide.heading) for guide in week.guides],
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704
        data=Markup(json_in_script(_page_data(week))),  # noqa: S704 - escaped there
    )


def guide_page(guide: Guide) -> str:
    """What to ask in a talk, as a page to read or to print."""
    style = _package_text("interview_guide.css")
    return _rendered(
        "interview_guide.html.j2",
        guide=guide,
        policy=_policy(style, ""),
        style=Markup(style),  # noqa: S704 - a file of this package
    )


def _rendered(template: str, **values: object) -> str:
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_package_text))
    return environment.get_template(template).render(**values)


def json_in_script(content: object) -> str:
    r"""JSON that stays inside its ``<script>``, whatever it says.

    Examples
    --------
    >>> json_in_script({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    return text.translate(_NOT_IN_A_SCRIPT)


def family_words(name: str) -> str:
    """What people call a family.

    Examples
    --------
    >>> family_words("recency"), family_words("opening_hours")
    ('Time since last order', 'Opening hours')
    """
    return FAMILY_WORDS.get(name, name.replace("_", " ").capitalize())


def in_short(verdict: str) -> tuple[str, str]:
    """The verdict in plain words, and the figures behind it; these are empty where the verdict gives none.

    Examples
    --------
    >>> in_short("Grade F: do not ship. Checked on 9 customers: AUC 0.8 (0.7 to 0.9). Ann answers for it.")
    ('Grade F: do not ship. Ann answers for it.', 'Checked on 9 customers: AUC 0.8 (0.7 to 0.9).')
    >>> in_short("Good.")
    ('Good.', '')
    """
    parts = re.fullmatch(r"(.*?) (Checked on .*\)\.)(.*)", verdict, re.DOTALL)
    return (parts[1] + parts[3], parts[2]) if parts else (verdict, "")


def _package_text(name: str) -> str:
    return files("pipeline.lists").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Allow this style and this script by their hashes, and nothing else."""
    style_hash, script_hash = (
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in (style, script)
    )
    return (
        f"default-src 'none'; style-src {style_hash}; script-src {script_hash}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _tiles(week: Week) -> list[tuple[str, str, str]]:
    """The few numbers above the list: number, what it counts, and a second line."""
    about, listed = week.about, week.risk_list
    to_act = about.listed - int((listed["work"] == "watch").sum())
    money = money_words(math.fsum(listed["value_at_stake"]), about.currency, about.minor_digits)
    return [
        (f"{about.listed:,}", "customers listed", f"of {about.scored:,} scored, {about.eligible:,} eligible"),
        (money, "value at stake", dominating(listed) or "of everyone listed, together"),
        (f"{week.expected_churners:,.0f}", "expected to stop buying", expected_words(about)),
        (f"{to_act:,}", "with something to do", f"{_duties(week)}{about.listed - to_act:,} only to keep an eye on"),
    ]


def _duties(week: Week) -> str:
    duties = int((week.risk_list["work"] == "duty").sum())
    done = f"{duties:,} of them {'a duty' if duties == 1 else 'duties'}, " if duties else ""
    return f"{done}{left}; " if (left := waiting(week.actions)) else done


def _history(week: Week, listed: pl.DataFrame) -> dict[str, Any]:
    """Days with an order by month, and figures beside what is usual, in the order of the list."""
    data: dict[str, Any] = {"months": [], "order_days": [], "measures": [], "figures": []}
    if week.order_days is not None:
        days = listed.join(week.order_days, on="customer_id", how="left", maintain_order="left").drop("customer_id")
        data |= {"months": days.columns, "order_days": days.rows()}
    if week.figures is not None:
        figures = listed.join(week.figures, on="customer_id", how="left", maintain_order="left").drop("customer_id")
        decimals = [pl.col(name).round(week.about.minor_digits if "spend" in name else 1) for name in figures.columns]
        data |= {
            "measures": [name for name in MEASURES if name in figures.columns],
            "figures": figures.select(decimals).rows(),
        }
    return data


def _page_data(week: Week) -> dict[str, Any]:
    """What the script needs: the list column by column, and the steps of each waterfall."""
    listed = rounded(week.risk_list, week.about.minor_digits).drop(*FILLED_IN, "as_of")
    steps = listed.select("customer_id").join(week.waterfalls, on="customer_id", how="left", maintain_order="left")
    families = sorted(name for name in steps.columns if name.startswith(FAMILY_PREFIX))
    return {
        "company": week.about.company,
        "as_of": week.about.as_of,
        "outcomes": OUTCOMES,
        "answers": ANSWERS,
        "currency": week.about.currency,
        "digits": week.about.minor_digits,
        "bands": band_levels(week.actions),
        "statuses": STATUSES,
        "work": WORK,
        "families": [family_words(name.removeprefix(FAMILY_PREFIX)) for name in families],
        "columns": listed.to_dict(as_series=False),
        "steps": steps.select(pl.col("base_log_odds", *families).round(4)).rows(),
        **_history(week, listed.select("customer_id")),
        "former": [] if week.former is None else week.former.select("customer_id", "name").rows(),
    }
