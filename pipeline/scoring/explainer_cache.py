"""A model made ready to explain, kept beside the data, so that this is paid once per model and not in every process."""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import trees
from pipeline.model import gbm
from pipeline.reasons import treeshap
from pipeline.reasons.treeshap.explainer import Explainer
from pipeline.reasons.treeshap.regions import RegionModel
from pipeline.tables import storage

# A model comes every few weeks, and some are tried out; what is older is made anew if it is wanted.
MAX_KEPT = 5
DIGEST_BYTES = 32


def explainer(booster: gbm.Booster, folder: Path) -> Explainer:
    """An explainer of these trees, from what is kept in the folder; what is not there yet is made and kept.

    The name of a file is the digest of the trees and of the code that makes tables of them, and it begins with the
    digest of its content: tables of another model, of earlier code, or with a changed byte are never used.
    """
    file = folder / f"{_key(booster)}.npz"
    kept = _read(file)
    if kept is not None:
        return Explainer(booster, tables=kept)
    made = Explainer(booster)
    if made.tables is not None:
        _write(made.tables, file)
        for older in sorted(folder.glob("*"), key=lambda one: one.stat().st_mtime)[:-MAX_KEPT]:
            older.unlink(missing_ok=True)
    return made


def _key(booster: gbm.Booster) -> str:
    code = sorted([*Path(treeshap.__path__[0]).glob("*.py"), Path(trees.__file__)])
    return storage.digest(gbm.to_text(booster) + storage.fingerprint(code))


def _read(file: Path) -> RegionModel | None:
    if not file.is_file():
        return None
    content = file.read_bytes()
    arrays = content[DIGEST_BYTES:]
    if hashlib.sha256(arrays).digest() != content[:DIGEST_BYTES]:
        return None
    os.utime(file)
    return RegionModel.from_arrays(np.load(io.BytesIO(arrays), allow_pickle=False))


def _write(tables: RegionModel, file: Path) -> None:
    arrays, by_name = io.BytesIO(), dict[str, Any](tables.arrays())
    np.savez(arrays, **by_name)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Under a name of its own: `dvc repro` and the weekly job may be at it at the same time.
    own = file.with_suffix(f".{os.getpid()}")
    own.write_bytes(hashlib.sha256(arrays.getvalue()).digest() + arrays.getvalue())
    own.replace(file)
