"""One id, however it is written: the same in Python and in the query engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import sql
from pipeline.sources import ids, number_evidence, number_formats

ODD = st.text(st.sampled_from("aZ09 =\"'.,eE+-@\xa0\u2003\ufeff\u200béß"), max_size=9)


@pytest.fixture(scope="module")
def engine():
    with sql.connect(1, 0.5) as connection:
        yield connection


@given(text=ODD, case=st.sampled_from(["exact", "casefold"]))
def test_python_and_the_engine_mean_the_same_customer(engine, text, case):
    (found,) = engine.execute(f"SELECT {ids.id_query('given', case)} FROM (SELECT ? AS given)", [text]).fetchone()
    assert found == ids.canonical_id(text, case)


@given(text=ODD)
def test_an_id_that_is_written_rightly_stays_as_it_is(text):
    once = ids.canonical_id(ids.canonical_id(text))
    assert ids.canonical_id(once) == once


@given(text=st.text(st.sampled_from("0123456789.,' \u202f-($€"), max_size=10))
def test_python_and_the_engine_see_the_same_evidence(engine, text):
    (bits,) = engine.execute(
        f"SELECT {number_evidence.evidence_query('given')} FROM (SELECT ? AS given)", [text]
    ).fetchone()
    assert bits == number_evidence.evidence([text])


@given(text=st.text(st.sampled_from("0123456789.,' \u202f-+($)€"), max_size=10), mark=st.sampled_from([".", ","]))
def test_python_and_the_engine_call_the_same_texts_numbers(engine, text, mark):
    pattern = number_formats.number_pattern(mark, "' ," if mark == "." else "' .", number_formats.any_signs())
    query = f"SELECT regexp_full_match({number_formats.canonical_query('given')}, ?) FROM (SELECT ? AS given)"
    (matches,) = engine.execute(query, [pattern, text]).fetchone()
    assert matches or not number_formats.is_number(text, mark)
