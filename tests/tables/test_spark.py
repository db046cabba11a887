"""The recipe of docs/on-a-cluster.md in a real Spark: the probabilities of the list, to the last of its digits."""

import importlib.util
import os
import re
import subprocess
import sys

import polars as pl
import pytest

from pipeline.config import params
from pipeline.config.paths import REPRO
from pipeline.tables import storage
from tests.imports import ROOT

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="`make spark` runs this, where Java is"),
]


def test_spark_gives_the_probabilities_of_the_list(copy_of_shop):
    page = (ROOT / "docs/on-a-cluster.md").read_text(encoding="utf-8")
    ((recipe,),) = [re.findall(r"```python\n(.*?)```", page, re.DOTALL)]
    as_of = params.load().snapshots.as_of
    script = copy_of_shop / "recipe.py"
    script.write_text(recipe.replace("/shared/churn", str(copy_of_shop)).replace("2018-01-01", str(as_of)), "utf-8")
    libraries = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    environment = os.environ | {
        "PYTHONPATH": libraries,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, script], env=environment, cwd=copy_of_shop.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    parts = list((copy_of_shop / "spark_scores").glob("*.parquet"))
    in_spark = pl.concat([pl.read_parquet(part) for part in parts]).sort("customer_key")
    listed = storage.read_buckets(REPRO.scores).sort("customer_key")
    assert in_spark["snapshot"].unique().to_list() == [as_of]
    assert in_spark["customer_key"].to_list() == listed["customer_key"].to_list()
    assert in_spark["churn_probability"].round(6).to_list() == listed["churn_probability"].to_list()
    assert listed["churn_probability"].n_unique() > len(listed) / 4, "else any constant would pass"
