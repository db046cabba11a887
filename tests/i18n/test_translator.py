"""Each reader in their language: reasons, why there is nothing, what to do, and what a customer is sent."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands.check import _translations as notes
from pipeline.config.errors import BadParams
from pipeline.config.params import LanguageSettings, Reasons
from pipeline.config.paths import REPRO
from pipeline.decisions import decision_record, tasks
from pipeline.examples.features.declare import Aggregate, Feature
from pipeline.i18n import IN_ENGLISH, LANGUAGES, build_translator, shipped
from pipeline.i18n.company_catalogs import load_translator as spoken
from pipeline.reasons.renderer import ReasonRenderer, Style
from pipeline.tables import storage
from tests.decisions.week import WEEK, book, context, decide, frame
from tests.drawing import drawn

OWNERS = {"Kari": "nb", "Li": "zh_Hans", "Sato": "ja"}
ALL = build_translator(LanguageSettings(default="en", by_owner=OWNERS, catalogs=None))
READERS = ["Ann", *OWNERS, None]
AGG = Aggregate("sum", "event", "events")


def told(phrase: str, unit: str, value: float) -> list[str]:
    """A reason of one feature, as each of `READERS` reads it."""
    seen = Feature("x", unit, "recency", AGG, "", "up")
    settings = Reasons(max_risk_reasons=3, min_contribution=0.1, common_share=0.35, keep="none")
    renderer = ReasonRenderer([seen], {"x": 0.0}, Style(settings, "NOK", ALL, {"x": phrase}))
    table = pl.DataFrame({"x": [value] * len(READERS)})
    found = renderer.tell(table, np.ones((len(READERS), 1)), pl.Series(READERS))
    return found["reason_1_text"].to_list()


REASONS = """
    | phrase                                                       | unit   | x | Ann                                   | Kari                                          | Li                             | Sato                        |
    | {number=x} in the last {window=30}                           | orders | 1 | 1 order in the last 30 days           | 1 bestilling siste 30 dager                   | 最近 30 天内有 1 笔订单        | 直近30日で注文1件           |
    | {number=x} in the last {window=30}                           | orders | 3 | 3 orders in the last 30 days          | 3 bestillinger siste 30 dager                 | 最近 30 天内有 3 笔订单        | 直近30日で注文3件           |
    | {number=x} {told='card open'} events in the last {window=1}  | items  | 1 | 1 card open event in the last 1 day   | 1 hendelse av typen card open siste 1 dag     | 最近 1 天有 1 次“card open”    | 直近1日の「card open」は1件 |
    | {number=x} {told='card open'} events in the last {window=30} | items  | 2 | 2 card open events in the last 30 days | 2 hendelser av typen card open siste 30 dager | 最近 30 天有 2 次“card open”   | 直近30日の「card open」は2件 |
    | last {told='visit'} {number=x} ago                           | days   | 1 | Last visit 1 day ago                  | Siste besøk for 1 dag siden                   | 上次“拜访”在 1 天前            | 最後の「訪問」は1日前       |
    | our own words: {x}                                           | days   | 2 | Our own words: 2 days                 | Our own words: 2 dager                        | Our own words: 2 天            | Our own words: 2日          |
"""


@pytest.mark.parametrize("case", drawn(REASONS), ids=lambda case: f"{case['phrase']} {case['x']}")
def test_a_reason_is_told_to_each_owner_in_their_language(case):
    found = told(case["phrase"], case["unit"], float(case["x"]))
    assert found == [case["Ann"], case["Kari"], case["Li"], case["Sato"], case["Ann"]]


def test_why_nothing_is_done_is_told_in_the_language_of_the_owner():
    rows = [{"owner": owner, "sent_7d": 9} for owner in READERS]
    found = decide(frame(*rows), {"call": book(channel="phone")}, context())
    assert {row["why_not"] for row in found} == {
        "nothing, because all teams together have been in touch 2 times or more within 7 days (contact.max_per_week)"
    }, "in English where nobody asks for more"
    rule = context()
    there = [row["why_not"] for row in decide(frame(*rows), {"call": book(channel="phone")}, speaking(rule))]
    assert there[1].startswith("ingen tiltak, fordi alle team til sammen har vært i kontakt 2 ganger eller mer")
    assert there[2].startswith("不采取行动：各团队 7 天内已合计联系 2 次或以上")
    assert there[3].startswith("対応なし：全チーム合計で7日以内に2回以上連絡済みです")
    assert there[0] == there[4] == found[0]["why_not"]


def speaking(rule):
    return type(rule)(rule.as_of, rule.guards, rule.contact, rule.score, ALL)


def handed(books, *rows):
    decided = pl.DataFrame(decide(frame(*rows), books, speaking(context())), infer_schema_length=None)
    told_why = decision_record.with_record(
        decided.with_columns(pl.lit("medium").alias("lifecycle"), pl.lit(None, dtype=pl.String).alias("market")),
        books,
        ALL,
    )
    return tasks.handed(told_why.with_columns(pl.col("caution").cast(pl.String)), books, WEEK, ALL).to_dicts()


THANKS = {
    "action": "Thank for the second purchase, and say who is there for questions.",
    "caution": "A thank-you only; nothing to buy in the same message.",
}


def test_what_to_do_and_what_to_mind_are_told_in_the_language_of_the_owner():
    rows = [{"owner": owner, "disputes_open": 1} for owner in READERS]
    found = handed({"x": book("thank-you-email", **THANKS)}, *rows)
    assert found[0]["action"] == found[4]["action"] == THANKS["action"]
    assert [row["action"] for row in found[1:4]] == [
        shipped(language).text(THANKS["action"]) for language in OWNERS.values()
    ]
    assert found[1]["caution"] == "Bare en takk; ingenting å kjøpe i samme melding. Husk: åpne tvister: 1."
    assert found[3]["caution"] == "お礼のみ。同じ連絡で販売はしない。 注意：未解決の係争：1件。"
    assert found[1]["why_this"] == "grunn: «Last order 40 days ago»"


def test_a_draft_is_in_the_customers_language_and_the_action_in_the_owners():
    draft = "Tell the customer how it ended."
    spoken_by = ["no", "zh-CN", "ja", "de", None]
    rows = [{"owner": "Kari"} for _ in spoken_by]
    books = {"x": book("conflict-resolution", draft=draft)}
    decided = pl.DataFrame(decide(frame(*rows), books, speaking(context())), infer_schema_length=None)
    known = decided.with_columns(pl.Series("language", spoken_by), pl.col("caution").cast(pl.String))
    found = tasks.handed(known, books, WEEK, ALL)["draft"].to_list()
    assert found == ["Fortell kunden hvordan det gikk.", "告知客户结果。", "結果をお客様に伝える。", draft, draft]
    assert tasks.spoken(known) == {"customers": {"ja": 1, "nb": 1, "zh_Hans": 1}, "without_catalogue": {"de": 1}}


@given(owners=st.lists(st.sampled_from([*READERS, "Kari "])), usual=st.sampled_from(LANGUAGES))
def test_everybody_is_in_one_group_and_reads_what_the_group_reads(owners, usual):
    translator = build_translator(LanguageSettings(default=usual, by_owner=OWNERS, catalogs=None))
    readers = pl.Series("owner", owners, dtype=pl.String)
    groups = list(translator.groups(readers, len(owners)))
    assert sum(own.sum() for _, own in groups) == len(owners)
    said = pl.DataFrame({"owner": readers}).select(translator.translate("yes").alias("said"))["said"].to_list()
    for catalog, own in groups:
        assert all(said[at] == catalog.text("yes") for at in np.flatnonzero(own)) or len(owners) == 1


def test_a_company_has_texts_of_its_own(tmp_path):
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    (tmp_path / "nb.po").write_text(f'{head}msgid "Send roses"\nmsgstr "Send roser"\n\nmsgid "yes"\nmsgstr "jepp"\n')
    found = spoken(LanguageSettings(default="nb", by_owner={}, catalogs=str(tmp_path))).usual
    assert [found.text(text) for text in ("Send roses", "yes", "no")] == ["Send roser", "jepp", "nei"]
    (tmp_path / "norsk.po").write_text(head)
    with pytest.raises(BadParams, match=r"norsk\.po: is named after no language; name it en\.po or nb\.po or"):
        spoken(LanguageSettings(default="nb", by_owner={}, catalogs=str(tmp_path)))
    with pytest.raises(BadParams, match=r"language\.catalogs: .* holds no PO file; write one, or null"):
        spoken(LanguageSettings(default="nb", by_owner={}, catalogs=str(tmp_path / "nowhere")))


def test_nothing_is_asked_of_who_reads_english_only():
    assert pl.select(IN_ENGLISH.translate("yes").alias("said")).item() == "yes", "not even a column of owners"


def test_what_stays_as_it_is_written_is_known_before_a_list_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    books = {
        "thanks": book("thank-you-email", **THANKS),
        "own": book(action="Send roses"),
        "mail": book("sms-email-offer-alert"),
    }
    words = LanguageSettings(default="en", by_owner={"Sato": "ja", "Kairi": "nb"}, catalogs=None)
    as_written = "tells own, mail as written; docs/words.md says how to translate"
    assert list(notes(words, books)) == [f"language: ja {as_written}", f"language: nb {as_written}"]
    assert list(notes(words.model_copy(update={"by_owner": {}}), books)) == []
    storage.write_parquet(pl.DataFrame({"owner": ["Sato", None]}), storage.bucket_file(REPRO.scores, 0))
    assert list(notes(words, books))[-1] == "language.by_owner: 'Kairi' is the owner of no customer scored"
