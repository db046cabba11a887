"""A company whose owners read different languages: their lists hold it, in every file, and the rest is as it was."""

import csv
import json
import re
import zipfile
from datetime import date

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.stages import s5_score, s6_publish
from pipeline.tables import storage
from tests.flow import run_untracked

pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("languages")]
WEEK = date(2024, 7, 1)
KANJI = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
ENGLISH = re.compile(r"\b(the|days|order|orders|nothing|because|ago|last)\b")
TEXTS = [
    "reason_1_text",
    "reason_2_text",
    "reason_3_text",
    "protects_1_text",
    "action",
    "caution",
    "why_not",
    "why_this",
]


def with_languages(company) -> None:
    file = company / "raw/customers.csv"
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*rows[0], "speaks"])
        writer.writeheader()
        writer.writerows(row | {"speaks": ("no", "ja", "de")[at % 3]} for at, row in enumerate(rows))


@pytest.fixture
def weeks(company, monkeypatch) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All decisions in English, and once more with Bo reading Japanese."""
    with_languages(company)
    settings = params.load()
    sources = settings.sources.model_dump(exclude_unset=True)
    sources["customers"]["columns"]["language"] = "speaks"
    settings = settings.model_copy(update={"sources": params.Sources.model_validate(sources)})
    run_untracked(monkeypatch, settings)
    english = pl.read_parquet(REPRO.week(WEEK) / "actions.parquet")
    words = params.LanguageSettings(default="en", by_owner={"Bo": "ja"}, catalogs=None)
    run_untracked(monkeypatch, settings.model_copy(update={"language": words}), (s5_score, s6_publish))
    return english, pl.read_parquet(REPRO.week(WEEK) / "actions.parquet")


def test_each_owner_reads_their_language_in_every_file(weeks):
    english, mixed = weeks
    owner = storage.read_buckets(REPRO.scores).select("customer_id", "owner")
    both = english.join(mixed, on="customer_id", suffix="_mixed").join(owner, on="customer_id")
    others, own = both.filter(pl.col("owner").ne_missing(pl.lit("Bo"))), both.filter(pl.col("owner") == "Bo")
    assert len(own) > 5 and len(others) > 5
    for name in TEXTS:
        assert others[name].equals(others[f"{name}_mixed"], null_equal=True), f"{name}: others read what they read"
        assert (own[name].is_null() == own[f"{name}_mixed"].is_null()).all()
        for text in own[f"{name}_mixed"].drop_nulls():
            assert KANJI.search(text) and not ENGLISH.search(text), f"{name}: {text}"
    for name in ("playbook", "channel", "who", "tier", "risk_band", "cost", "due_day", "segment"):
        assert both[name].equals(both[f"{name}_mixed"], null_equal=True), f"{name}: no language decides anything"
    _files_hold(pl.read_parquet(REPRO.week(WEEK) / "risk_list.parquet"))
    told = storage.read_json(REPRO.week(WEEK) / "run_report.json")["languages"]
    assert set(told["customers"]) == {"ja", "nb"} and set(told["without_catalogue"]) == {"de"}


def _files_hold(listed: pl.DataFrame) -> None:
    """What a Japanese owner reads is the same in CSV, with the mark Excel knows UTF-8 by, in XLSX and in HTML."""
    week = REPRO.week(WEEK)
    texts = listed.filter(pl.col("owner") == "Bo")["reason_1"].drop_nulls().to_list()
    assert texts
    content = (week / "by_owner/Bo.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    assert [row["reason_1"] for row in rows if row["reason_1"]] == texts
    with zipfile.ZipFile(week / "risk_list.xlsx") as book:
        inside = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    page = (week / "risk_list.html").read_text(encoding="utf-8")
    for text in texts:
        assert text in inside
        assert json.dumps(text, ensure_ascii=False)[1:-1] in page
