"""Values with a type of their own are read as their texts are: the same rows, the same ids, the same refusals."""

from datetime import date, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import sql
from pipeline.config import params
from pipeline.config.params import Data, Source
from pipeline.tables import intake, schemas
from pipeline.tables.forgotten import Forgotten

TYPED = {
    "who": "BIGINT",
    "basket": "INTEGER",
    "paid": "DECIMAL(12,2)",
    "moment": "TIMESTAMP",
    "__source_file__": "VARCHAR",
}
COLUMNS = {"customer_id": "who", "transaction_id": "basket", "amount": "paid", "ts": "moment"}
DAYS = st.dates(date(1899, 12, 1), date(2200, 2, 1))
MOMENTS = st.datetimes(datetime(1899, 12, 1), datetime(2200, 2, 1))  # noqa: DTZ001, local times of the shop
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**40), 2**40), st.none() | st.integers(0, 99),
        st.none() | st.decimals(-99_999, 99_999, places=2), st.none() | MOMENTS,
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def judged(con: duckdb.DuckDBPyConnection, types: dict[str, str], zone: str | None, data: Data) -> list[tuple]:
    # That the decimal mark is given leaves nothing to find out from texts that a typed column would not say.
    source = Source(path="x", columns=COLUMNS, timezone=zone, decimal=".")
    casts = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in types.items())
    given = f"SELECT {casts} FROM given"
    query = intake.validated_query(schemas.TABLES["transactions"], source, given, types, data, Forgotten())
    return sql.frame(con, query).rows()


@pytest.fixture(scope="module")
def root_data(root) -> Data:
    return params.load(root / "params.yaml").data


@pytest.fixture(scope="module")
def engine():
    with sql.connect(1, 1.0) as con:
        yield con


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from([None, "UTC", "America/Sao_Paulo"]), st.sampled_from(["UTC", "Europe/Oslo"]))
def test_a_type_says_what_its_text_says(engine, root_data, rows, zone, home):
    data = root_data.model_copy(update={"timezone": home})
    engine.execute("CREATE OR REPLACE TEMP TABLE given (who BIGINT, basket INTEGER, paid DECIMAL(12,2), moment TIMESTAMP, "
                   "__source_file__ VARCHAR)")  # fmt: skip
    engine.executemany("INSERT INTO given VALUES (?, ?, ?, ?, 'file')", rows)
    assert judged(engine, TYPED, zone, data) == judged(engine, dict.fromkeys(TYPED, "VARCHAR"), zone, data)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.none() | DAYS, min_size=1, max_size=6))
def test_a_date_is_the_day_its_text_names(engine, root_data, days):
    engine.execute("CREATE OR REPLACE TEMP TABLE given (who BIGINT, basket INTEGER, paid DECIMAL(12,2), moment DATE, "
                   "__source_file__ VARCHAR)")  # fmt: skip
    engine.executemany("INSERT INTO given VALUES (1, 2, 3.5, ?, 'file')", [(day,) for day in days])
    typed = judged(engine, TYPED | {"moment": "DATE"}, None, root_data)
    assert typed == judged(engine, dict.fromkeys(TYPED, "VARCHAR"), None, root_data)


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP"])
def test_no_end_of_time_is_a_day(engine, root_data, kind):
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE given AS SELECT 1 AS who, 2 AS basket, 3.50::DECIMAL(12,2) AS paid, 'infinity'::{kind} AS moment, "
        "'file' AS __source_file__"
    )
    (row,) = judged(engine, TYPED | {"moment": kind}, None, root_data)
    assert row == judged(engine, dict.fromkeys(TYPED, "VARCHAR"), None, root_data)[0]
    assert any(isinstance(value, str) and value.startswith("ts is ") for value in row)
