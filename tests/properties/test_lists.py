"""Whatever people and owners are called: cells stay text, files stay in their folder."""

import csv
import io
import unicodedata

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.lists import csv_original, original_text, safe_text
from pipeline.lists.csv_file import csv_bytes
from pipeline.lists.file_names import file_stems

RISKY_START = st.text(alphabet="=+-@＝＋－＠\t\r\n '\u200b\ufeff\x00a", max_size=6)
TEXT = st.one_of(RISKY_START, st.builds(lambda start, rest: start + rest, RISKY_START, st.text()))


@given(TEXT)
@example("' =1")
def test_no_cell_starts_a_formula(text: str) -> None:
    cell = safe_text(text)
    assert cell[:1] not in {*"=+-@＝＋－＠\t\r\n"} - {""} or cell == ""
    assert cell.lstrip()[:1] not in {*"=+-@＝＋－＠"}


@given(TEXT)
def test_the_mark_comes_off_again(text: str) -> None:
    assert original_text(safe_text(text)) == text


@given(st.text(alphabet=st.characters(whitelist_categories=["Lu", "Ll", "Nd"]), min_size=1), st.text())
def test_ordinary_words_are_left_alone(word: str, rest: str) -> None:
    assert safe_text(word + rest) == word + rest


@given(st.lists(TEXT, min_size=1, max_size=5))
@settings(max_examples=50)
def test_csv_keeps_every_text(names: list[str]) -> None:
    frame = pl.DataFrame({"name": names, "churn_probability": 0.5, "value_at_stake": 0.5})
    rows = list(csv.reader(io.StringIO(csv_bytes(frame, 2).decode("utf-8-sig"), newline="")))[1:]
    assert [csv_original(row[0]) for row in rows] == names


OWNER = st.one_of(
    st.none(),
    st.text(),
    st.text(alphabet="aA./\\ é\u0301ﬁ-2", max_size=6),
    st.sampled_from(["CON", "con", "nul", "Unassigned", "unassigned-2"]),
)


@given(st.lists(OWNER, max_size=12))
def test_owner_files_are_safe_and_their_own(owners: list[str | None]) -> None:
    stems = file_stems(owners)
    assert set(stems) == set(owners)
    named = [stem for owner, stem in stems.items() if owner and owner.strip()]
    folded = [unicodedata.normalize("NFKC", stem).casefold() for stem in [*named, "unassigned"]]
    assert len(set(folded)) == len(folded)
    for stem in stems.values():
        assert stem
        assert len(f"{stem}.csv".encode()) <= 255
        assert not set(stem) & {*'/\\:*?"<>|.\x00 '}
        assert stem.isprintable()
        assert stem.casefold() not in {"con", "prn", "aux", "nul"}


@given(st.lists(OWNER, max_size=8), st.randoms())
def test_owner_files_do_not_depend_on_order(owners: list[str | None], random: object) -> None:
    shuffled = owners.copy()
    random.shuffle(shuffled)  # type: ignore
    assert file_stems(shuffled) == file_stems(owners)
