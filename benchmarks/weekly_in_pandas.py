"""The weekly job as notebooks have it, beside ``churn weekly``: pandas, `shap.TreeExplainer` and a loop over the rows.

From the same Parquet files to a list of as many rows; fifty of the features, a model with LightGBM's defaults, no
check of the data, no limits, no contact policy. `train` is run once before, `make_list` is what ``scale.py`` times.
"""

from datetime import date, timedelta
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import shap

from benchmarks import company_files, pandas_features

ACTIVE_DAYS, HORIZON_DAYS, LISTED, REASONS = 120, 60, 500, 3
SENTENCES = {
    "days_since_last_order": "The last order was {:.0f} days ago",
    "orders_90d": "{:.0f} orders in the last 90 days",
    "spend_365d": "Spent {:.2f} in the last 365 days",
    "gap_mean_days": "Usually orders every {:.0f} days",
}
MODEL, LIST = "pandas_model.txt", "pandas_list.csv"


def train(project: str) -> None:
    """A model of those active `HORIZON_DAYS` before the last known day, as `LGBMClassifier` comes."""
    folder = Path(project)
    lines, events = pandas_features.of_files(folder / "raw")
    day = company_files.AS_OF - timedelta(days=company_files.NEW_DAYS + HORIZON_DAYS)
    known = _active(lines, events, day)
    after = lines[(lines["day"] >= pd.Timestamp(day)) & (lines["day"] < pd.Timestamp(day + timedelta(HORIZON_DAYS)))]
    churned = ~known.index.isin(after["customer_key"].unique())
    model = lgb.LGBMClassifier(n_jobs=2, verbose=-1, random_state=1).fit(known, churned)
    model.booster_.save_model(folder / MODEL)


def make_list(project: str) -> None:
    """Read, make features, predict, explain, and write the list."""
    folder = Path(project)
    known = _active(*pandas_features.of_files(folder / "raw"), company_files.AS_OF)
    model = lgb.Booster(model_file=folder / MODEL)
    probability = np.asarray(model.predict(known))
    contributions = shap.TreeExplainer(model)(known).values
    rows = []
    for place, customer in enumerate(known.to_dict("records")):
        strongest = np.argsort(-contributions[place])[:REASONS]
        names = [known.columns[number] for number in strongest]
        texts = [SENTENCES.get(name, name + " is {:.1f}").format(customer[name]) for name in names]
        at_stake = float(probability[place]) * customer["spend_365d"] * HORIZON_DAYS / 365
        rows.append({
            "customer_id": known.index[place], "churn_probability": round(float(probability[place]), 4),
            "value_at_stake": round(at_stake, 2), "playbook": _playbook(customer, float(probability[place]), at_stake),
            **{f"reason_{number}": text for number, text in enumerate(texts, start=1)},
        })  # fmt: skip
    listed = pd.DataFrame(rows).sort_values("value_at_stake", ascending=False).head(LISTED)
    listed.to_csv(folder / LIST, index=False)


def _active(lines: pd.DataFrame, events: pd.DataFrame, day: date) -> pd.DataFrame:
    made = pandas_features.features(lines, events, day)
    return made[made["days_since_last_order"] <= ACTIVE_DAYS]


def _playbook(customer: dict[str, float], probability: float, at_stake: float) -> str:
    if probability < 0.5:
        return ""
    if at_stake > 100:
        return "call"
    return "offer" if customer["orders_365d"] > 1 else "letter"
