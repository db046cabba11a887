"""A sentence with named parts: one and the same from the code, from a report, and in every language."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.i18n import ENGLISH, LANGUAGES, Figure, Message, counted, in_percent, in_sequence, say, shipped

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
SIMPLE = TEXTS | st.integers(0, 10**9) | st.dates() | st.builds(Figure, st.sampled_from(["1,234.5", "+0.07", "-3"]))
MESSAGES = st.recursive(
    st.builds(lambda part: Message("{a}: {b}", {"a": part, "b": "{a}"}), SIMPLE),
    lambda inner: st.builds(lambda one, two: Message("{a} ({b})", {"a": one, "b": (two, "x")}), inner, inner),
    max_leaves=4,
)


@given(message=MESSAGES)
def test_a_report_keeps_a_message_as_it_is(message: Message) -> None:
    assert Message.from_json(json.loads(json.dumps(message.as_json()))) == message


@given(text=TEXTS)
def test_what_is_filled_in_is_never_taken_for_a_template(text: str) -> None:
    assert str(say("of {name} and {other}", name=text, other="{name}")) == f"of {text} and {{name}}"


WRITTEN = [
    ("en", "2018-01-09: 1,200 of 1,234.5, 12% (a, b)"),
    ("nb", "09.01.2018: 1_200 of 1_234,5, 12_% (a, b)"),
    ("ja", "2018/01/09: 1,200 of 1,234.5, 12% (a、b)"),
    ("zh_Hans", "2018年1月9日: 1,200 of 1,234.5, 12% (a、b)"),
]


@pytest.mark.parametrize(("language", "written"), WRITTEN)
def test_days_numbers_and_shares_are_written_as_each_language_does(language: str, written: str) -> None:
    parts = {"number": 1200, "figure": Figure("1,234.5"), "share": in_percent(0.1234), "all": ("a", "b")}
    told = say("{day}: {number} of {figure}, {share} ({all})", day=date(2018, 1, 9), **parts)
    assert told.in_language(shipped(language)).replace("\u00a0", "_").replace("12 %", "12_%") == written


@pytest.mark.parametrize("number", [0, 1, 2, 1000])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_asks_for_its_form(number: int, language: str) -> None:
    catalog = shipped(language)
    told = counted("{number} customer", "{number} customers", number).in_language(catalog)
    form = catalog.form("{number} customer", "{number} customers", number)
    assert told == form.replace("{number}", catalog.digits(f"{number:,}"))


def test_one_sentence_after_the_other() -> None:
    both = in_sequence(say("A."), "", None, say("B."))
    assert str(both) == "A. B."
    assert isinstance(both, Message)
    assert both.in_language(shipped("ja")) == "A.B."
    assert in_sequence("", None) == ""
    assert in_sequence("alone") == "alone"


def test_a_place_without_a_part_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError, match="name"):
        say("of {name}").in_language(ENGLISH)
