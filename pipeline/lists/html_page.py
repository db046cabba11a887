"""The list as one web page that needs nothing but itself: it opens from a mail, offline, on a phone or on paper."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from pipeline.i18n import ENGLISH, Field, MessageCatalog, long_day, written
from pipeline.lists.audiences import campaigns
from pipeline.lists.column_words import COLUMN_WORDS
from pipeline.lists.page_data import page_data
from pipeline.lists.tiles import tiles
from pipeline.lists.value_words import table_in_words
from pipeline.lists.week import Week
from pipeline.messages import PLACE
from pipeline.reasons.interviews import Guide

# A "<" could end the script the data stands in; the two separators end a line in old readers of JavaScript.
_NOT_IN_A_SCRIPT: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def html_page(week: Week, catalog: MessageCatalog = ENGLISH) -> str:
    """Render the page.

    All text of the week reaches the page as JSON and is shown as text, never as markup. A content security policy
    forbids every network request and every script but the page's own, so that even a flaw could not call out.

    Parameters
    ----------
    week
        What the page tells.
    catalog
        The language of its reader. Each row is in that of its owner; what the page saves is the same in all.
    """
    style, script = _package_text("risk_list.css"), _package_text("risk_list.js")

    def tell(what: Field) -> str:
        return written(what, catalog)

    return _rendered(
        "risk_list.html.j2",
        _=_translating(catalog),
        counted=_counting(catalog),
        language=html_language(catalog),
        about=week.about,
        as_of=long_day(week.about.as_of, catalog),
        column_words={name: catalog.text(words) for name, words in COLUMN_WORDS.items()},
        tell=tell,
        tiles=tiles(week),
        since_last=week.since_last,
        warnings=week.warnings,
        former=[] if week.former is None else table_in_words(week.former, catalog).rows(named=True),
        left=[] if week.left is None else table_in_words(week.left, catalog).rows(named=True),
        campaigns=table_in_words(campaigns(week.audiences), catalog).rows(named=True),
        guides=[(guide.language, guide.heading) for guide in week.guides],
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704
        data=Markup(json_in_script(page_data(week, catalog))),  # noqa: S704 - escaped there
    )


def html_language(catalog: MessageCatalog) -> str:
    """What browsers call a language.

    >>> html_language(MessageCatalog("zh_Hans"))
    'zh-Hans'
    """
    return catalog.language.replace("_", "-")


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


def _translating(catalog: MessageCatalog) -> Callable[..., Markup]:
    """The ``_`` of the template: a text in the reader's language, what stands in it escaped unless it is markup."""

    def translated(text: str, **parts: object) -> Markup:
        return _filled(catalog.text(text), parts)

    return translated


def _counting(catalog: MessageCatalog) -> Callable[..., Markup]:
    """The ``counted`` of the template: the same for a text that counts."""

    def counted(one: str, many: str, number: int, **parts: object) -> Markup:
        return _filled(catalog.form(one, many, number), {"number": catalog.digits(f"{number:,}"), **parts})

    return counted


def _filled(template: str, parts: dict[str, Any]) -> Markup:
    # An apostrophe ends nothing: no attribute of the template stands between such.
    escaped = str(escape(template)).replace("&#39;", "'")
    return Markup(re.sub(PLACE, lambda place: str(escape(parts[place[1]])), escaped))  # noqa: S704 - escaped above


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
