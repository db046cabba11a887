"""How fast are exact contributions, next to LightGBM's own and next to predicting?

Run as ``python -m benchmarks.contributions [--json FILE]``. One synthetic binary model (60 features, missing values,
300 trees of up to 31 leaves, depth at most 6); the contenders take turns in one process, so that a slow moment of the
machine hits all of them, and the median of the turns is reported.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from pipeline.reasons.treeshap.explainer import Explainer

FEATURES, MISSING, TREES, LEAVES, DEPTH = 60, 0.05, 300, 31, 6


def synthetic(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal features, 5 % of the values missing; log-odds linear in all of them, with one interaction."""
    random = np.random.default_rng(seed)
    weights = np.random.default_rng(0).normal(scale=0.3, size=FEATURES)
    X = random.normal(size=(rows, FEATURES))  # noqa: N806
    log_odds = X @ weights + X[:, 0] * X[:, 1]
    X[random.random(X.shape) < MISSING] = np.nan
    return X, (log_odds + random.logistic(size=rows) > 0).astype(float)


def train(rows: int) -> lgb.Booster:
    """The model that is explained."""
    params = {"objective": "binary", "num_leaves": LEAVES, "max_depth": DEPTH, "learning_rate": 0.05}
    fixed = {"verbose": -1, "num_threads": 2, "deterministic": True, "force_col_wise": True, "seed": 1}
    return lgb.train(params | fixed, lgb.Dataset(*synthetic(rows, seed=1)), TREES)


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(fast_rows: int, slow_rows: int, repeats: int, training_rows: int) -> dict[str, Any]:
    """Times of all contenders, with 1 and 2 threads each, and the largest difference."""
    booster = train(training_rows)
    X, _ = synthetic(fast_rows, seed=2)  # noqa: N806
    few = X[:slow_rows]
    cold = seconds(lambda: Explainer(booster, method="fast").contributions(few))
    tabulate = statistics.median(seconds(lambda: Explainer(booster, method="fast")) for _ in range(3))
    explainer = Explainer(booster, method="fast")
    contenders = {
        "pred_contrib": (slow_rows, lambda n: booster.predict(few, pred_contrib=True, num_threads=n)),
        "contributions": (fast_rows, lambda n: explainer.contributions(X, num_threads=n)),
        "predict": (fast_rows, lambda n: booster.predict(X, num_threads=n)),
    }
    turns: dict[tuple[str, int], list[float]] = {}
    for _ in range(repeats):
        for name, (_, call) in contenders.items():
            for threads in (1, 2):
                turns.setdefault((name, threads), []).append(seconds(partial(call, threads)))
    rates: list[dict[str, Any]] = [
        {"method": name, "threads": threads, "rows_per_second": contenders[name][0] / statistics.median(times)}
        for (name, threads), times in turns.items()
    ]
    for rate in rates:
        rate["times_pred_contrib"] = rate["rows_per_second"] / next(
            other["rows_per_second"]
            for other in rates
            if other["method"] == "pred_contrib" and other["threads"] == rate["threads"]
        )
    difference = np.abs(explainer.contributions(few) - booster.predict(few, pred_contrib=True)).max()
    return {
        "rates": rates,
        "largest_difference": float(difference),
        "first_call_seconds": cold,
        "tabulate_seconds": tabulate,
        "rows": {"fast": fast_rows, "pred_contrib": slow_rows, "repeats": repeats},
    }


def report(result: dict[str, Any]) -> str:
    """The result as a small table."""
    lines = [f"{'method':<14}{'threads':>8}{'rows/s':>12}{'x pred_contrib':>16}"]
    lines += [
        f"{rate['method']:<14}{rate['threads']:>8}{rate['rows_per_second']:>12,.0f}{rate['times_pred_contrib']:>16.1f}"
        for rate in sorted(result["rates"], key=lambda rate: rate["threads"])
    ]
    lines.append(f"largest difference to pred_contrib: {result['largest_difference']:.1e}")
    lines.append(
        f"tabulating the model: {result['tabulate_seconds']:.1f} s; "
        f"first call of all, with what Numba compiles or loads: {result['first_call_seconds']:.1f} s"
    )
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to FILE")
    parser.add_argument("--rows", type=int, default=200_000, help="rows for the fast contenders (default: 200000)")
    parser.add_argument("--slow-rows", type=int, default=3_000, help="rows for pred_contrib (default: 3000)")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each contender (default: 3)")
    parser.add_argument("--training-rows", type=int, default=50_000, help="rows to train on (default: 50000)")
    options = parser.parse_args()
    result = measure(options.rows, options.slow_rows, options.repeats, options.training_rows)
    print(report(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
