"""Models, scores and lists are the same bytes on any processor, with any number of threads.

A processor is played by what libraries choose their instructions by: BLAS its kernels, NumPy its loops, the C library
its exponentials and logarithms. Each adds up, or rounds the last bit, in a way of its own.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from pipeline.stages import s3_train, s4_evaluate, s5_score, s6_publish
from tests import flow
from tests.end_to_end.helpers import changed_settings

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(platform.machine().lower() not in {"x86_64", "amd64"}, reason="these are kernels of x86-64"),
]
ROOT = Path(__file__).resolve().parent.parent.parent
STAGES = (s3_train, s4_evaluate, s5_score, s6_publish)
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS")
# Of 2013, 2008 and 2004; the last one has neither wide registers nor a multiplication that adds without rounding.
HASWELL = {"OPENBLAS_CORETYPE": "Haswell"}
NEHALEM = {"OPENBLAS_CORETYPE": "Nehalem"}
PRESCOTT = {
    "OPENBLAS_CORETYPE": "Prescott",
    "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in __cpu_dispatch__ if __cpu_features__[name]),
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4",
}
MADE = ("models", "data/scores", "data/contributions", "data/week", "reports", "exports")
# Which run of MLflow made the model, and whether it is the champion, is no part of the flow without MLflow.
OF_MLFLOW = {"models/run.json", "models/champion.json"}


@pytest.mark.parametrize(
    ("processor", "threads"),
    [
        # The one that is least like this machine; what lies between is left to `make nightly`.
        (PRESCOTT, 2),
        pytest.param(HASWELL, 2, marks=pytest.mark.nightly),
        pytest.param(NEHALEM, 1, marks=pytest.mark.nightly),
        pytest.param(HASWELL, 1, marks=pytest.mark.nightly),
        pytest.param(NEHALEM, 2, marks=pytest.mark.nightly),
        pytest.param(PRESCOTT, 1, marks=pytest.mark.nightly),
    ],
    ids=lambda value: value["OPENBLAS_CORETYPE"] if isinstance(value, dict) else f"threads={value}",
)
def test_any_processor_makes_the_same_files(processor, threads, built_company, tmp_path):
    """Beside what this machine's own kernels made of the same examples."""
    _copy_examples(built_company, tmp_path)
    count = dict.fromkeys(THREADS, str(threads))
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.test_same_on_any_processor", str(threads)],
        cwd=tmp_path, env=os.environ | processor | count | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    here, there = _sums(built_company), _sums(tmp_path)
    differing = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    assert not differing, f"{', '.join(differing)}: not the same with {processor} and {threads} threads"


def _copy_examples(source: Path, target: Path) -> None:
    """What training starts from, and nothing that it makes."""
    for folder in ("data/tables", "data/examples", "data/former"):
        shutil.copytree(source / folder, target / folder)
    (target / "reports").mkdir()
    for file in ("params.yaml", "playbooks.yaml", "data/market.parquet",
                 "reports/ingest.json", "reports/examples.json", "reports/feeds.json"):  # fmt: skip
        shutil.copy(source / file, target / file)


def _sums(folder: Path) -> dict[str, str]:
    files = [file for made in MADE for file in (folder / made).rglob("*") if file.is_file()]
    sums = {str(file.relative_to(folder)): hashlib.md5(file.read_bytes()).hexdigest() for file in files}
    return {name: md5 for name, md5 in sums.items() if name not in OF_MLFLOW}


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        flow.run_untracked(patch, changed_settings(model__num_threads=int(sys.argv[1])), STAGES)
