"""Values with a type of their own are read as their texts are: the same rows, the same ids, the same refusals."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline import sql
from pipeline.config import params
from pipeline.config.params import Data, Source
from pipeline.tables import intake, numbers, schemas
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


PRICES = st.decimals(min_value=-(10**12), max_value=10**12, places=2).map(float)
FRACTIONS = PRICES | st.floats(allow_nan=False) | st.just(float("nan"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | FRACTIONS, min_size=1, max_size=6))
def test_a_fraction_is_what_its_text_says(engine, root_data, amounts):
    engine.execute("CREATE OR REPLACE TEMP TABLE given (who BIGINT, basket INTEGER, paid DOUBLE, moment DATE, "
                   "__source_file__ VARCHAR)")  # fmt: skip
    engine.executemany("INSERT INTO given VALUES (1, 2, ?, '2024-01-05', 'file')", [(amount,) for amount in amounts])
    typed = judged(engine, TYPED | {"paid": "DOUBLE", "moment": "DATE"}, None, root_data)
    assert typed == judged(engine, dict.fromkeys(TYPED, "VARCHAR"), None, root_data)


@settings(max_examples=300, deadline=None)
@given(st.decimals(min_value=-(10**19), max_value=10**19, allow_nan=False).map(lambda number: f"{number:f}"),
       st.sampled_from([0, 2, 3]))  # fmt: skip
@example("99999999999.999999", 3)
@example("9999999999.999999", 2)
@example("-999999999999.9999995", 0)
@example("92233720368547758.07", 2)
@example("0.0049999", 2)
@example("0.0049999999", 2)
def test_amounts_are_rounded_as_by_hand(engine, text, minor_digits):
    """To six decimals, and from there to the minor unit, half away from zero; nothing where 64 bits do not hold it."""
    number = numbers.minor_units("TRY_CAST(text AS {})".format, minor_digits)
    every = numbers.every_digit("TRY_CAST(text AS {})".format)
    row = engine.execute(f"SELECT {number}, {every} FROM (SELECT $1::VARCHAR AS text)", [text]).fetchone()
    with localcontext(prec=60):
        sixth = Decimal(text).quantize(Decimal("1e-6"), ROUND_HALF_UP)
        minor = int((sixth * 10**minor_digits).quantize(Decimal(1), ROUND_HALF_UP))
        ninth = Decimal(text).quantize(Decimal("1e-9"), ROUND_HALF_UP)
    fits = abs(sixth) < 10**18 and -(2**63) <= minor < 2**63
    assert row is not None
    assert row[0] == (minor if fits else None)
    assert Decimal(row[1]) == ninth
    assert row[1] == f"{ninth:f}".replace("-0.000000000", "0.000000000")
