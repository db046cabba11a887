"""The page and the workbook in every language: not a word of another one is left, and what is handed back is the same.

A catalogue that puts each of its texts between marks shows what is said past the catalogues: all letters outside.
"""

import gettext
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from playwright.sync_api import Locator, Page, expect

from pipeline.i18n import LANGUAGES, MessageCatalog, say, shipped
from pipeline.lists import OUTCOMES, RISK_LIST, Week, column_of, column_title, publish
from pipeline.lists.column_titles import COLUMNS
from pipeline.lists.html_page import html_page
from pipeline.lists.page_words import COUNTED, WORDS
from pipeline.lists.value_words import OF_THE_LIST
from pipeline.lists.xlsx_file import xlsx_bytes
from pipeline.outcomes import filled_list
from pipeline.outcomes.words import find_word
from tests.lists.visit import IN_A_BROWSER, Open

OTHERS = [language for language in LANGUAGES if language != "en"]
OPEN, CLOSE = "⟦", "⟧"
# What is written alike in every language: files, columns in files, units, names of things.
NAMES = {
    "risk_list",
    "former_customers",
    "interview_guides",
    "html",
    "csv",
    "xlsx",
    "USD",
    "JavaScript",
    "AUC",
    *COLUMNS,
}
# Text, and what is said of elements to those who do not see them.
ALL_SAID = """root => [...root.querySelectorAll("*")].flatMap(one => [
    ...[...one.childNodes].filter(node => node.nodeType === 3).map(node => node.textContent),
    ...["aria-label", "title", "placeholder", "data-words"].map(name => one.getAttribute(name)).filter(Boolean)])"""
LATIN = re.compile(r"[A-Za-z_]\w+", re.ASCII)
SCRIPTS = ("ja", "zh_Hans")
SHORT_MONTHS = ("jan", "feb", "mars", "apr", "mai", "juni", "juli", "aug", "sep", "okt", "nov", "des")
# Names of a company's own playbooks, teams and features, which no catalogue of the package holds.
OWN_WORDS = {
    *("Win", "win", "back", "call", "Welcome", "welcome", "second", "Service", "service", "repair", "Opening", "hours"),
    *("account", "manager", "lead", "audiences", "playbook_1", "gone"),
}
# openpyxl skips the newer form of the data bars, and says so.
XLSX = pytest.mark.filterwarnings("ignore:.* extension is not supported")


class Marked(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return f"{OPEN}{message}{CLOSE}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"{OPEN}{msgid1 if n == 1 else msgid2}{CLOSE}"


MARKED = MessageCatalog("nb", Marked())


def outside(text: str) -> str:
    """What stands between no marks."""
    depth, kept = 0, []
    for sign in text:
        depth += {OPEN: 1, CLOSE: -1}.get(sign, 0)
        kept.append(sign if depth == 0 and sign != CLOSE else " ")
    return "".join(kept)


def untranslated(texts: list[str]) -> set[str]:
    return {*LATIN.findall(outside(" ".join(texts)))} - NAMES


@pytest.fixture(scope="module")
def said(full_week: Week) -> Week:
    """The full week with texts in Greek, so that all Latin letters are the page's own; and with all it may say."""

    def in_greek(table: pl.DataFrame) -> pl.DataFrame:
        own = [name for name, kind in table.schema.items() if kind == pl.String and name not in OF_THE_LIST]
        ids = {"customer_id", "status", "outcome", "answer", "file", "note", "done_day", "wrong_reason", "state"}
        return table.with_columns(
            pl.when(pl.col(name).is_not_null()).then(pl.lit("Ωμέγα")).alias(name)
            for name in own
            if name not in ids | {"snooze_until_day"}
        )

    tables = {name: in_greek(getattr(full_week, name)) for name in ("risk_list", "former", "left")}
    about = replace(
        full_week.about,
        company="Ωμέγα",
        churn_definition=say("No purchase in the {number} days from {first} to {last}."),
        verdict=say("Grade {letter}: ship.", letter="A"),
        figures=say("Figures"),
        notice="Please note",
    )
    about = replace(about, churn_definition=say("Churn means"))
    return replace(
        full_week,
        about=about,
        warnings=(say("Be careful"),),
        since_last=(say("What was done"), say("Result")),
        guides=(),
        actions=full_week.actions.with_columns(waiting_duty=pl.lit("win back")),
        **tables,
    )


@pytest.mark.parametrize("language", OTHERS)
def test_the_page_says_in_which_language_it_is(week: Week, language: str) -> None:
    assert f'<html lang="{language.replace("_", "-")}">' in html_page(week, shipped(language))


def test_no_word_of_the_page_goes_past_the_catalogues(said: Week) -> None:
    page = html_page(said, MARKED)
    data = json.loads(re.search(r'id="page">(.*?)</script>', page, re.DOTALL).group(1))  # type: ignore[union-attr]
    shell = re.sub(r"<(script|style)\b.*?</\1>|content=\"[^\"]*\"", "", page, flags=re.DOTALL)
    attributes = re.findall(r'(?:aria-label|title|placeholder)="([^"]*)"', shell)
    text = re.sub(r"<[^>]*>", " ", re.sub(r"&\w+;|&#\d+;", " ", shell))
    assert untranslated([*attributes, text]) <= OWN_WORDS
    words = data["words"]
    assert set(words) == {*WORDS, *COUNTED, "dates"}
    assert untranslated([text for name, text in words.items() if name in WORDS]) == set()
    assert untranslated([form for name in COUNTED for form in words[name].values()]) == set()
    assert untranslated([word for called in data["labels"].values() for word in called.values()]) == set()
    assert untranslated(data["families"]) == set()


def test_the_style_has_no_words_of_its_own() -> None:
    style = Path("pipeline/lists/risk_list.css").read_text(encoding="utf-8")
    assert not [text for text in re.findall(r'content: *"([^"]*)"', style) if LATIN.search(text.replace("\\00a0", ""))]


def test_the_script_has_no_words_of_its_own() -> None:
    script = Path("pipeline/lists/risk_list.js").read_text(encoding="utf-8")
    used = set(re.findall(r"WORDS\.(\w+)", script)) | set(re.findall(r'(?:say|pieces|counted)\("(\w+)"', script))
    assert used - {"dates"} <= {*WORDS, *COUNTED}
    code = re.sub(r"^\s*//.*$|\s// .*$", "", script, flags=re.MULTILINE)
    sentences = re.findall(r'"([A-Z][a-z]+ [a-z][^"]*|[a-z]+ [a-z]+ [a-z][^"]*)"', code)
    assert sentences == []


@XLSX
@pytest.mark.parametrize("language", SCRIPTS)
def test_no_latin_word_is_left_in_a_workbook_of_another_script(said: Week, language: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(said, shipped(language))))
    left = {word for text in _cells(book) for word in LATIN.findall(text)}
    assert left - NAMES <= OWN_WORDS | _data_of(said)
    assert all(not LATIN.search(sheet.title) for sheet in book)


def _data_of(week: Week) -> set[str]:
    """Words of a test's own that no catalogue holds."""
    texts = [
        str(value)
        for table in (week.risk_list, week.former, week.left, week.audiences)
        if table is not None
        for row in table.rows()
        for value in row
        if isinstance(value, str)
    ]
    return {word for text in texts for word in LATIN.findall(text.replace("_", " "))} | {
        word for text in texts for word in LATIN.findall(text)
    }


def _cells(book: Any) -> Iterator[str]:
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    yield cell.value
                if cell.comment is not None:
                    yield cell.comment.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_heading_is_known_again(language: str) -> None:
    titles = [column_title(name, language) for name in COLUMNS]
    assert len({title.casefold() for title in titles}) == len(COLUMNS)
    assert [column_of(f" {title.upper()}") for title in titles] == list(COLUMNS)


@XLSX
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workbook_is_handed_back_in_any_language(week: Week, language: str, tmp_path: Path) -> None:
    catalog = shipped(language)
    book = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(week, catalog)))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == [column_title(name, language) for name in RISK_LIST]
    place = list(RISK_LIST).index("outcome") + 1
    (choice, *_) = [one for one in sheet.data_validations.dataValidation if one.type == "list"]
    words = choice.formula1.strip('"').split(",")
    sheet.cell(2, place).value = words[1]
    book.save(tmp_path / "back.xlsx")
    (row,) = filled_list.read(tmp_path / "back.xlsx").rows
    assert row.cells["customer_id"] == week.risk_list["customer_id"][0]
    assert row.cells["as_of"] == "2018-01-01"
    assert len(words) == len(OUTCOMES)
    assert find_word(row.cells["outcome"]) == OUTCOMES[1]


def test_whoever_reads_another_language_has_a_page_and_a_workbook_in_it(week: Week, tmp_path: Path) -> None:
    mixed = replace(week, others=(shipped("ja"), shipped("nb")))
    folder, alone = publish(mixed, tmp_path / "mixed", replace=False), publish(week, tmp_path / "alone", replace=False)
    more = {file.name for file in folder.iterdir()} - {file.name for file in alone.iterdir()}
    assert more == {"risk_list_ja.html", "risk_list_ja.xlsx", "risk_list_nb.html", "risk_list_nb.xlsx"}
    assert (folder / "risk_list.html").read_bytes() == (alone / "risk_list.html").read_bytes()
    assert '<html lang="ja">' in (folder / "risk_list_ja.html").read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------- in a real browser
def in_a_browser(test: Any) -> Any:
    for mark in IN_A_BROWSER:
        test = mark(test)
    return test


def everything(page: Page) -> list[str]:
    """What the page says with its first rows open, with a filter that fits nobody, and as the next ten."""
    for button in page.locator("tr.row .open").all()[:4]:
        button.click()
    first = said_in(page.locator("body"))
    page.locator("#search").fill("zzz")
    expect(page.locator("#nothing")).to_be_visible()
    nothing = said_in(page.locator("body"))
    page.locator("#clear").click()
    page.locator("#to-calls").click()
    return [*first, *nothing, *said_in(page.locator("#calls"))]


def said_in(part: Locator) -> list[str]:
    texts = part.evaluate(ALL_SAID)
    return [text for text in texts if not text.lstrip().startswith(("{", "//"))]


@in_a_browser
def test_nothing_the_page_draws_goes_past_the_catalogues(said: Week, open_page: Open) -> None:
    assert untranslated(everything(open_page(said, MARKED))) <= OWN_WORDS | {"januar", *SHORT_MONTHS}


@in_a_browser
@pytest.mark.parametrize("language", SCRIPTS)
def test_no_latin_word_is_left_on_a_page_of_another_script(said: Week, open_page: Open, language: str) -> None:
    texts = everything(open_page(said, shipped(language)))
    left = {word for text in texts for word in LATIN.findall(text)} - NAMES - _data_of(said)
    assert left <= OWN_WORDS


@in_a_browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_page_saves_is_the_same_in_every_language(
    week: Week, open_page: Callable[..., Page], language: str, tmp_path: Path
) -> None:
    page = open_page(week, shipped(language))
    page.locator("tr.row .open").first.click()
    page.locator("[data-fill=outcome]").select_option("not_done")
    page.locator("[data-fill=answer]").select_option("unreachable")
    page.locator("[data-fill=snooze_until_day]").fill("2018-02-01")
    with page.expect_download() as saved:
        page.locator("#save").click()
    saved.value.save_as(tmp_path / "back.json")
    assert json.loads((tmp_path / "back.json").read_text(encoding="utf-8")) == {
        "company": "complete_journey",
        "as_of": "2018-01-01",
        "rows": [
            {
                "customer_id": week.risk_list["customer_id"][0],
                "outcome": "not_done",
                "answer": "unreachable",
                "snooze_until_day": "2018-02-01",
            }
        ],
    }
    (row,) = filled_list.read(tmp_path / "back.json").rows
    assert (row.cells["outcome"], row.cells["answer"]) == ("not_done", "unreachable")


@in_a_browser
@pytest.mark.parametrize(
    ("language", "day", "percent"),
    [("nb", "1. jan. 2018", "31 %"), ("ja", "2018年1月1日", "31%"), ("zh_Hans", "2018年1月1日", "31%")],
)
def test_days_and_numbers_are_written_as_the_language_does(
    make_week: Callable[..., Week], open_page: Open, language: str, day: str, percent: str
) -> None:
    edits = {
        0: {"churn_probability": 0.31, "risk_band": "medium", "status": "new", "since_week": make_week(1).about.as_of}
    }
    page = open_page(make_week(1, edits=edits), shipped(language))
    page.locator("tr.row .open").click()
    expect(page.locator("[data-field=since_week]")).to_have_text(day)
    expect(page.locator("tr.row [data-field=churn_probability]")).to_have_text(percent)
    expect(page.locator("tr.row [data-field=risk_band]")).to_have_text(shipped(language).text("medium"))
