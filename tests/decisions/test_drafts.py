"""What is to be sent or said: the facts of this customer, whole sentences only, in the customer's language."""

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import params
from pipeline.config.errors import BadPlaybooks
from pipeline.config.params import LanguageSettings
from pipeline.decisions import drafts
from pipeline.i18n import build_translator, shipped
from pipeline.i18n.catalogs import ENGLISH, places
from pipeline.playbooks.config import restrictions
from pipeline.playbooks.config.draft_facts import FACTS
from pipeline.playbooks.config.playbook import Playbook
from pipeline.playbooks.config.playbooks_file import Playbooks
from tests.company import ROOT
from tests.decisions.week import book
from tests.drawing import drawn

KNOWN = {
    "name": "Ann",
    "owner": "Kim",
    "last_order_day": date(2024, 3, 1),
    "promise_what": "a refund",
    "promise_due_next": date(2024, 2, 1),
    "dispute_since": date(2024, 1, 5),
    "dispute_topic": "an invoice",
    "ticket_topic": "delivery",
    "last_category": "soft drinks",
    "last_product": "lemonade",
}
TYPES = {name: pl.Date if isinstance(value, date) else pl.String for name, value in KNOWN.items()}
CASES = """
    | draft                                                    | unknown          | said                                            |
    | Dear customer.                                           | -                | Dear customer.                                  |
    | Dear {name}. We owe you {promise} by {promise_due_day}!  | -                | Dear Ann. We owe you a refund by 2024-02-01!    |
    | Dear {name}. We owe you {promise} by {promise_due_day}!  | promise_what     | Dear Ann.                                       |
    | Dear {name}. We owe you {promise} by {promise_due_day}!  | name             | We owe you a refund by 2024-02-01!              |
    | Open since {dispute_day}? I am {owner}, at 3.5 % of it.  | dispute_since    | I am Kim, at 3.5 % of it.                       |
    | How was your order of {last_order_day}?                  | last_order_day   | -                                               |
"""


def draft_of(draft: str, *unknown: str, catalog=ENGLISH, **other) -> str | None:
    row = KNOWN | dict.fromkeys(unknown) | other
    return pl.DataFrame([row], schema=TYPES).select(drafts.filled_in(draft, catalog)).item()


@pytest.mark.parametrize("case", drawn(CASES), ids=lambda case: case["said"] + case["unknown"])
def test_a_sentence_about_what_nobody_knows_is_left_out(case):
    assert (draft_of(case["draft"], case["unknown"]) or "-") == case["said"]


def test_an_empty_cell_is_nothing_known():
    assert draft_of("Dear {name}. Thank you.", name="  ") == "Thank you."


def test_languages_without_blanks_between_sentences():
    text = "{name} 様。{last_order_day} のご注文はいかがでしたか？"
    catalog = shipped("ja")
    assert draft_of(text, catalog=catalog) == "Ann 様。2024/03/01 のご注文はいかがでしたか？"
    assert draft_of(text, "last_order_day", catalog=catalog) == "Ann 様。"


def test_each_customer_reads_the_own_language_and_only_tasks_have_drafts():
    draft = "Good day {name}. Something went wrong with us, and I am sorry. What would put it right for you?"
    books = {"right": book("conflict-resolution", draft=draft), "other": book("conflict-resolution")}
    decided = pl.DataFrame([KNOWN | {"playbook": name} for name in ("right", "right", "right", "other", None)])
    translator = build_translator(LanguageSettings(default="en", by_owner={}, catalogs=None))
    codes = pl.Series(["no", None, "de", "no", "no"])
    found = drafts.to_customers(decided, books, translator, codes).to_list()
    assert (
        found[0]
        == "God dag Ann. Noe gikk galt hos oss, og det beklager jeg. Hva må til for at det blir i orden for deg?"
    )
    assert found[1] == found[2] == draft.replace("{name}", "Ann")
    assert found[3:] == [None, None]


def test_a_register_without_names_or_owners_takes_sentences_and_not_the_list():
    books = {"right": book("conflict-resolution", draft="Good day {name}. I am {owner}. What would put it right?")}
    decided = pl.DataFrame({"playbook": ["right"], "last_order_day": [date(2024, 3, 1)]})
    translator = build_translator(LanguageSettings(default="en", by_owner={}, catalogs=None))
    found = drafts.to_customers(decided, books, translator, pl.Series([None], dtype=pl.String))
    assert found.to_list() == ["What would put it right?"]


def test_a_place_that_is_no_fact_is_refused():
    wrong = book("conflict-resolution", effect=0.1, draft="Dear {name}, your {categry} is in.")
    with pytest.raises(BadPlaybooks, match=r"x.draft: '\{categry\}' is no fact of a customer"):
        restrictions.check_terms("x", wrong)


def shipped_books() -> dict[str, Playbook]:
    return {
        f"{file.parent.name}/{name}": read
        for file in (ROOT / "playbooks.yaml", *sorted(ROOT.glob("examples/*/playbooks.yaml")))
        for name, read in Playbooks.model_validate(params.read_yaml(Path(file), params.BadParams)).playbooks.items()
    }


def test_whatever_a_person_does_with_a_customer_has_words_for_it():
    without = [
        name for name, read in shipped_books().items() if read.is_task and read.aim != "internal" and not read.drafts
    ]
    assert without == [], "write a draft: what to send or say to the customer"


@given(st.sets(st.sampled_from(sorted(KNOWN))), st.sampled_from(["en", "nb", "ja", "zh_Hans"]))
def test_no_draft_ever_shows_a_place_or_speaks_of_what_is_unknown(unknown, language):
    catalog = shipped(language)
    for name, read in shipped_books().items():
        for draft in read.drafts:
            text = catalog.text(draft)
            assert places(text) == places(draft), f"{name}: the same facts in {language}"
            found = draft_of(text, *unknown, catalog=catalog)
            assert found, f"{name}: something can be said whatever is known"
            assert not re.search(r"[{}]|None", found), (name, found)
            for sentence in re.findall(r"[^.?!。！？]+[.?!。！？]", text):
                is_told = not {FACTS[fact] for fact in places(sentence)} & unknown
                longest = max(re.split(r"\{\w+\}", sentence), key=len).strip()
                assert (longest in found) == is_told, (name, sentence, found)


VARIANTS = (
    "Good day {name}. You asked us about {ticket_topic} on {last_order_day}. Here it is.",
    "Good day {name}. You asked us about {ticket_topic}. Here it is.",
    "Good day {name}. You asked us something. Here it is.",
)
CHOSEN = """
    | unknown                     | said                                                                    |
    | -                           | Good day Ann. You asked us about delivery on 2024-03-01. Here it is.    |
    | last_order_day              | Good day Ann. You asked us about delivery. Here it is.                  |
    | ticket_topic                | Good day Ann. You asked us something. Here it is.                       |
    | ticket_topic last_order_day | Good day Ann. You asked us something. Here it is.                       |
    | name                        | You asked us about delivery on 2024-03-01. Here it is.                  |
"""


@pytest.mark.parametrize("case", drawn(CHOSEN), ids=lambda case: case["unknown"])
def test_the_fullest_variant_of_which_all_is_known_is_used(case):
    row = KNOWN | dict.fromkeys(name for name in case["unknown"].split() if name != "-")
    said = pl.DataFrame([row], schema=TYPES).select(drafts.written(VARIANTS, ENGLISH)).item()
    assert said == case["said"]


@given(st.sets(st.sampled_from(sorted(KNOWN))), st.sampled_from(["en", "nb", "ja", "zh_Hans"]))
def test_a_fact_that_is_not_known_takes_no_sentence_that_could_do_without_it(unknown, language):
    """Of the shipped drafts: the last variant has as many sentences as any other, whatever else is unknown."""
    catalog, extra = shipped(language), {"ticket_topic", "dispute_topic", "last_category"}
    for name, read in shipped_books().items():
        if len(read.drafts) > 1:
            row = KNOWN | dict.fromkeys(unknown | {FACTS[fact] for fact in extra})
            table = pl.DataFrame([row], schema=TYPES)
            assert table.select(drafts.written(read.drafts, catalog)).item() == draft_of(
                catalog.text(read.drafts[-1]), *unknown, catalog=catalog
            ), name
            whole = pl.DataFrame([KNOWN], schema=TYPES).select(drafts.written(read.drafts, catalog)).item()
            assert any(KNOWN[FACTS[fact]] in whole for fact in extra), f"{name} speaks of what is known"


def test_variants_are_read_from_a_file_and_checked_one_by_one():
    wrong = book("conflict-resolution", effect=0.1, draft=("Dear {name}.", "Your {categry} is in."))
    with pytest.raises(BadPlaybooks, match=r"x.draft: '\{categry\}' is no fact of a customer"):
        restrictions.check_terms("x", wrong)
