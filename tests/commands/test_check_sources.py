"""``churn check`` is never green where the next stage refuses: each case is run through the stage as well."""

from datetime import date, timedelta

import pytest

from pipeline.commands import check_sources
from pipeline.config import params, paths
from pipeline.config.errors import NotEnoughData, PipelineError, StaleInput
from pipeline.model import data_requirements
from pipeline.stages import run_stage, s1_ingest, s2_examples

START = date(2024, 1, 1)


def shop(folder, days: int, **snapshots: str) -> params.Params:
    """Thirty customers who buy every tenth day."""
    (folder / "raw").mkdir()
    bought = [(n, START + timedelta(days=day)) for n in range(30) for day in range(n % 10, days, 10)]
    rows = "".join(f"c{n:02d},c{n:02d}-{day},d{day},{day},{n}.50\n" for n, day in bought)
    (folder / "raw/orders.csv").write_text(f"customer,order,of_day,day,total\n{rows}")
    content = params.read_yaml(paths.PARAMS, params.BadParams)
    columns = {"customer_id": "customer", "transaction_id": "order", "ts": "day", "amount": "total"}
    content["data"] |= {"name": "shop", "timezone": "UTC"}
    content["sources"] = {"transactions": {"path": "raw/orders.csv", "columns": columns}}
    until = (START + timedelta(days=days)).isoformat()
    content["snapshots"] |= {"as_of": until, "observed_until": until, "first": "2024-02-01", **snapshots}
    content["features"]["event_types"] = []
    content["storage"] |= {"threads": 1, "keep_read_days": 0}
    return params.parse(content)


CASES = {
    "long enough": (400, {}, None),
    "too short for the activity window": (150, {}, NotEnoughData),
    "the data end long before": (400, {"observed_until": "2025-06-01", "as_of": "2025-06-01"}, StaleInput),
    "nobody has bought yet": (400, {"as_of": "2024-01-01", "first": "2023-06-01"}, NotEnoughData),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    settings = paths.PARAMS.read_bytes()
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_bytes(settings)
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_check_refuses_what_a_stage_would(case, folder):
    days, snapshots, refusal = CASES[case]
    settings = shop(folder, days, **snapshots)
    if refusal is None:
        assert next(check_sources.run(settings)).startswith("sources.transactions: raw/orders.csv, 4 of 5")
        list(check_sources.run(settings))
        return
    with pytest.raises(refusal) as of_check:
        list(check_sources.run(settings))
    with pytest.raises(PipelineError) as of_stage:
        run_stage(s1_ingest, settings)
        run_stage(s2_examples, settings)
        data_requirements.refuse_short(START, settings.snapshots, settings.label, settings.data_requirements)
    assert str(of_check.value) == str(of_stage.value)


@pytest.mark.parametrize(("column", "words"), [
    ("customer", "is one and the same on all days of 100% of the 30 customers who bought on several days"),
    ("of_day", "is shared by several customers on one day, 100% of its 400 values"),
    ("order", ""),
])  # fmt: skip
def test_an_id_that_names_no_order_is_pointed_at(column, words, folder):
    settings = shop(folder, 400)
    source = settings.sources.transactions
    changed = source.model_copy(update={"columns": {**source.columns, "transaction_id": column}})
    settings = settings.model_copy(update={"sources": params.Sources(transactions=changed)})
    lines = [line for line in check_sources.run(settings) if line.startswith("WARNING")]
    assert [words in line for line in lines] == [True] * bool(words)
