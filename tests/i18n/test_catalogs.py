"""One language: texts, plural forms and numbers, for whole columns at once."""

import zipfile
from datetime import date

import hypothesis
import polars as pl
import pytest
from hatchling.builders.wheel import WheelBuilder
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.errors import BadParams
from pipeline.i18n import ENGLISH, LANGUAGES, MessageCatalog, language_of, read, shipped
from pipeline.reasons.units import written
from tests.drawing import drawn

# The forms of Polish hang on the last digits, those of Latvian also of large numbers.
MANY_FORMS = {
    "pl": "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    "lv": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n != 0 ? 1 : 2);",
}


def with_forms(language: str, plural: str) -> bytes:
    forms = "".join(f'msgstr[{at}] "form {at}: {{number}}"\n' for at in range(int(plural[9])))
    head = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {plural}\\n"\n\n'
    return f'{head}msgid "{{number}} order"\nmsgid_plural "{{number}} orders"\n{forms}'.encode()


TEXTS = {language: read(language, with_forms(language, forms), "x.po") for language, forms in MANY_FORMS.items()}
OF_MANY_FORMS = {language: (texts, MessageCatalog(language, texts)) for language, texts in TEXTS.items()}

# A number in each unit, as each language writes it; the no-break space stands as an underscore.
WRITTEN = """
    | unit     | value   | en           | nb              | zh_Hans      | ja           |
    | days     | 1       | 1 day        | 1 dag           | 1 天         | 1日          |
    | days     | 0       | 0 days       | 0 dager         | 0 天         | 0日          |
    | orders   | 1       | 1 order      | 1 bestilling    | 1 笔订单     | 注文1件      |
    | orders   | 21      | 21 orders    | 21 bestillinger | 21 笔订单    | 注文21件     |
    | points   | 12345   | 12,345 points | 12_345 poeng   | 12,345 积分  | 12,345ポイント |
    | currency | 1234.5  | 1,235 NOK    | 1_235 NOK       | 1,235 NOK    | 1,235 NOK    |
    | currency | 12.5    | 12.50 NOK    | 12,50 NOK       | 12.50 NOK    | 12.50 NOK    |
    | currency | -1234.4 | -1,234 NOK   | −1_234 NOK      | -1,234 NOK   | -1,234 NOK   |
    | share    | 0.345   | 35 %         | 35 %            | 35%          | 35%          |
    | ratio    | 1.25    | 1.3×         | 1,3×            | 1.3 倍       | 1.3倍        |
    | score    | 8.5     | 8.5          | 8,5             | 8.5          | 8.5          |
    | yes/no   | 1       | yes          | ja              | 是           | はい         |
"""


@pytest.mark.parametrize("case", drawn(WRITTEN), ids=lambda case: f"{case['unit']} {case['value']}")
@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_written_as_each_language_does(case, language):
    table = pl.DataFrame({"x": [float(case["value"]), None]})
    found = table.select(written(case["unit"], pl.col("x"), "NOK", shipped(language)).alias("t"))["t"].to_list()
    assert found == [case[language].replace("_", "\u00a0"), None]


def test_days_are_written_as_each_language_does():
    day = pl.lit(date(2024, 3, 9))
    found = {language: pl.select(shipped(language).day(day)).item() for language in LANGUAGES}
    assert found == {"en": "2024-03-09", "nb": "09.03.2024", "zh_Hans": "2024年3月9日", "ja": "2024/03/09"}
    assert pl.select(ENGLISH.day(pl.lit(None, dtype=pl.Date))).item() is None


@pytest.mark.parametrize("language", MANY_FORMS)
@hypothesis.settings(deadline=None)
@given(numbers=st.lists(st.integers(0, 10**9) | st.integers(0, 130), min_size=1))
def test_the_form_is_that_of_gettext_for_any_number(language, numbers):
    texts, catalog = OF_MANY_FORMS[language]
    count = pl.col("n")
    said = catalog.counted("{number} order", "{number} orders", count, number=count.cast(pl.String))
    expected = [texts.ngettext("{number} order", "{number} orders", n).replace("{number}", str(n)) for n in numbers]
    assert pl.DataFrame({"n": numbers}).select(said.alias("said"))["said"].to_list() == expected


@given(text=st.text(max_size=20))
def test_what_is_filled_in_is_never_taken_for_a_template(text):
    said = ENGLISH.translate("of {name} and {other}", name=text, other=pl.col("x"))
    assert pl.DataFrame({"x": ["{name}"]}).select(said.alias("said")).item() == f"of {text} and {{name}}"


def test_a_text_in_no_catalogue_stays_as_it_is_written():
    assert shipped("ja").text("Send roses {today} (50 % {}") == "Send roses {today} (50 % {}"
    assert shipped("nb").text("") == ""


def test_a_file_that_cannot_be_read_is_answered_in_a_line():
    with pytest.raises(BadParams, match=r"^nb\.po: not readable as a PO file: ") as refused:
        read("nb", b"yes = ja\n", "nb.po")
    assert "\n" not in str(refused.value)


def test_a_translation_with_other_places_is_refused_before_it_is_told():
    wrong = b'msgid ""\nmsgstr ""\n\nmsgid "last order {days} ago"\nmsgstr "siste for {dager} siden"\n'
    with pytest.raises(BadParams, match=r"^nb\.po: 'last order {days} ago': its translation has the places {dager}"):
        read("nb", wrong, "nb.po")


SPOKEN = """
    | code    | language |
    | no      | nb       |
    | nb      | nb       |
    | nn      | -        |
    | zh      | zh_Hans  |
    | zh-Hans | zh_Hans  |
    | zh-SG   | zh_Hans  |
    | zh-Hant | -        |
    | zh_HK   | -        |
    | ja      | ja       |
    | en-GB   | en       |
    | da      | -        |
    | 42      | -        |
"""


@pytest.mark.parametrize("case", drawn(SPOKEN), ids=lambda case: case["code"])
def test_a_customers_language_is_found_only_where_it_is_the_same(case):
    assert (language_of(case["code"]) or "-") == case["language"]


def test_the_wheel_holds_every_catalogue(root, tmp_path):
    built = next(WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"]))
    with zipfile.ZipFile(built) as wheel:
        for language in LANGUAGES[1:]:
            assert wheel.read(f"pipeline/i18n/{language}.po") == (root / f"pipeline/i18n/{language}.po").read_bytes()
