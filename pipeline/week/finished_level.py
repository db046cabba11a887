"""What the last finished list of a young shop says of the level of the next one; see `pipeline.model.level_update`."""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit, logit

from pipeline.config.paths import Paths
from pipeline.model import level_update
from pipeline.model.calibration import Calibration
from pipeline.model.calibration_residual import CalibrationResidual, miss
from pipeline.model.fingerprint import fingerprint
from pipeline.model.level_update import LevelUpdate
from pipeline.outcomes.maturity import SURE, OldList
from pipeline.tables import storage
from pipeline.week import matured_lists, retrain_signs

Array = npt.NDArray[np.float64]


def read(paths: Paths) -> LevelUpdate | None:
    """What `write` has put beside the model of a week; None where it has not."""
    file = paths.models / level_update.FILE
    return LevelUpdate.from_dict(storage.read_json(file)) if file.is_file() else None


def write(paths: Paths, company: str, day: date) -> LevelUpdate | None:
    """Put the level that is known on a day beside the model that will score then, where it is the packaged prior.

    Parameters
    ----------
    paths
        Of the week: its model, its tables, and the published weeks.
    company
        Weeks of others are passed over.
    day
        The day of the new list. Of a window that ends later nothing is looked at.

    Returns
    -------
    LevelUpdate or None
        None where the model has learnt its level from outcomes of its own, and while no list of it is over.
    """
    lasting_error = storage.read_json(paths.model_card).get("prior", {}).get("lasting_error")
    if lasting_error is None:
        return None
    over = matured_lists.last_over(paths, company, day)
    if over is None or over[0].as_of not in retrain_signs.of_model(paths.exports, company, day, fingerprint(paths)):
        return None
    missed = missed_by(*over)
    if missed is None:
        return None
    curve = Calibration.from_dict(storage.read_json(paths.calibration)["in_use"])
    update = level_update.learn(curve, lasting_error, missed)
    storage.write_json(update.as_dict(), paths.models / level_update.FILE)
    return update


def missed_by(old: OldList, churned: pl.DataFrame) -> CalibrationResidual | None:
    """What the curve of a list, before any shift of that week, missed of everybody scored.

    Who was given something counts as well, as wherever a level is learnt: it is that of a shop that does what it does.
    Those given nothing are the calm ones, whose outcomes tell of the slope. None where everybody did the same.
    """
    known = old.decided.join(churned, on="customer_id", how="inner").filter(pl.col("churned").is_not_null())
    if known.is_empty():
        return None
    ordered = known.sort("churn_probability", "churned")
    log_odds = _log_odds(ordered["churn_probability"], (old.expected.get("level") or {}).get("shift", 0.0))
    return miss(old.as_of, log_odds, ordered["churned"].to_numpy().astype(np.int8))


def without_shift(scored: pl.DataFrame, update: LevelUpdate | None) -> pl.DataFrame:
    """The scored with probabilities on the level the model was trained to.

    A week is held against the last one by these: that the level learns from outcomes is no change of the customers.
    """
    if update is None:
        return scored
    own = expit(_log_odds(scored["churn_probability"], update.shift))
    return scored.with_columns(pl.Series("churn_probability", own))


def _log_odds(probability: pl.Series, shift: float) -> Array:
    moved: Array = logit(probability.clip(SURE, 1 - SURE).to_numpy()) - shift
    return moved
