"""All rows of a Parquet file explained block by block, in a process of its own: what do a million rows take in all?

The process reads ``rows.parquet`` and ``model.txt`` of a folder, and writes ``reasons.parquet``: log-odds, sums by
family and the strongest families of each row.
"""

import tempfile
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import processes
from benchmarks.contributions_rows import summarised, synthetic
from pipeline.reasons.treeshap.explainer import Explainer

BLOCK_ROWS = 32_768
ALONE = "from benchmarks.contributions_stream import explain; explain(sys.argv[1])"


def measure(booster: lgb.Booster, rows: int) -> dict[str, float]:
    """Rows, seconds and the most memory, from starting Python to the written file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        booster.save_model(folder / "model.txt")
        write_rows(folder / "rows.parquet", rows)
        cost, _ = processes.run(processes.alone(ALONE, name), folder)
        return {"rows": pq.read_metadata(folder / "reasons.parquet").num_rows, **cost._asdict()}


def write_rows(file: Path, rows: int) -> None:
    """Synthetic rows, as single-precision columns: what a stage of features hands on."""
    writer = None
    for start in range(0, rows, BLOCK_ROWS):
        X, _ = synthetic(min(BLOCK_ROWS, rows - start), seed=start + 2)  # noqa: N806
        block = pa.table({f"x{number}": column for number, column in enumerate(X.T.astype(np.float32))})
        writer = writer or pq.ParquetWriter(file, block.schema, compression="none")
        writer.write_table(block)
    if writer:
        writer.close()


def explain(name: str) -> None:
    """Read, explain and write; at no time more than a block is held."""
    folder = Path(name)
    explainer = Explainer(lgb.Booster(model_file=folder / "model.txt"), method="fast")
    writer = None
    for block in pq.ParquetFile(folder / "rows.parquet").iter_batches(BLOCK_ROWS):
        by_family = summarised(explainer, np.column_stack(block.columns))
        columns = {"log_odds": by_family.margins}
        columns |= {f"family_{number}": values for number, values in enumerate(by_family.sums.T)}
        columns |= {f"reason_{place}": family.astype(np.int8) for place, family in enumerate(by_family.strongest.T)}
        found = pa.table(columns)
        writer = writer or pq.ParquetWriter(folder / "reasons.parquet", found.schema, compression="none")
        writer.write_table(found)
    if writer:
        writer.close()
