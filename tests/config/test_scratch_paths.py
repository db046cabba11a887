"""No message names a folder that is gone once somebody reads it."""

import tempfile
from contextlib import chdir

import pytest

from pipeline.commands import suggest
from pipeline.config import params, paths
from pipeline.config.errors import BadData

FOLDER = tempfile.gettempdir()
TEXTS = {
    f"a: see {FOLDER}/churn-ab_c1/data/rejected/x.parquet: all": "a: see data/rejected/x.parquet: all",
    f"'{FOLDER}/churn-x/12/orders.csv' cannot": "'orders.csv' cannot",
    f"{FOLDER}/mine/orders.csv": f"{FOLDER}/mine/orders.csv",
    f"{FOLDER}/churn-data.csv": f"{FOLDER}/churn-data.csv",
    "raw/churn-x/orders.csv": "raw/churn-x/orders.csv",
}


@pytest.mark.parametrize("text", TEXTS)
def test_only_folders_of_ours_that_do_not_stay_are_left_out(text):
    assert str(BadData(text)) == TEXTS[text]


def test_suggest_says_where_refused_rows_can_be_seen(tmp_path):
    content = params.read_yaml(paths.PARAMS, params.BadParams)
    columns = {"customer_id": "who", "ts": "day", "amount": "paid"}
    content["data"]["name"] = "another"
    content["sources"] = {"transactions": {"path": "orders.csv", "columns": columns}}
    content["features"]["event_types"] = []
    settings = params.parse(content)
    with chdir(tmp_path):
        (tmp_path / "orders.csv").write_text("who,day,paid\na,2024-01-05,x\nb,2024-01-06,y\n")
        with pytest.raises(BadData) as refusal:
            list(suggest.run(settings))
    assert FOLDER not in str(refusal.value)
    assert "run churn stage ingest and see data/rejected/transactions.parquet: every refused row" in str(refusal.value)
