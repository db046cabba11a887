"""How fast are exact contributions, next to those of others and next to predicting?

Run as ``python -m benchmarks.contributions [--json FILE]``. Synthetic binary models (60 features, missing values) of
several shapes; the contenders take turns in one process, so that a slow moment of the machine hits all of them, and the
median of the turns is reported. Peers that are not installed are named, and left out.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np

from benchmarks import command_line
from benchmarks import contributions_rivals as rivals
from benchmarks import contributions_stream as stream
from benchmarks.contributions_rows import THREADS, summarised, synthetic
from pipeline.reasons.treeshap.explainer import Explainer


class Shape(NamedTuple):
    """Of a model: trees, leaves of each at most, questions in a row at most (-1: any number)."""

    trees: int
    leaves: int
    depth: int


SHAPES = {
    "300 trees of 31 leaves, depth 6": Shape(300, 31, 6),
    "300 trees of 31 leaves, any depth": Shape(300, 31, -1),
    "300 trees of 15 leaves, depth 5": Shape(300, 15, 5),
    "200 trees of 8 leaves, depth 4": Shape(200, 8, 4),
}


class Sizes(NamedTuple):
    """Rows for the fast, the middling and the slow contenders, turns of each, to train on, and of a whole file."""

    fast: int = 200_000
    many: int = 20_000
    slow: int = 3_000
    repeats: int = 5
    training: int = 50_000
    stream: int = 1_000_000


def train(rows: int, shape: Shape) -> lgb.Booster:
    """The model that is explained."""
    params = {"objective": "binary", "num_leaves": shape.leaves, "max_depth": shape.depth, "learning_rate": 0.05}
    fixed = {"verbose": -1, "num_threads": 2, "deterministic": True, "force_col_wise": True, "seed": 1}
    return lgb.train(params | fixed, lgb.Dataset(*synthetic(rows, seed=1)), shape.trees)


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(shape: Shape, sizes: Sizes) -> dict[str, Any]:
    """Rows a second of every contender, as multiples of ``pred_contrib`` too, and how far each is from it."""
    booster = train(sizes.training, shape)
    X, _ = synthetic(sizes.fast, seed=2)  # noqa: N806
    few, many = X[: sizes.slow], X[: sizes.many]
    explainer = Explainer(booster, method="fast")
    contenders: dict[str, tuple[int, Callable[[], Any]]] = {
        "pred_contrib": (len(few), lambda: booster.predict(few, pred_contrib=True, num_threads=THREADS)),
        "contributions": (len(X), lambda: explainer.contributions(X, num_threads=THREADS)),
        "reasons": (len(X), lambda: summarised(explainer, X)),
        "predict": (len(X), lambda: booster.predict(X, num_threads=THREADS)),
        **rivals.explainers(booster, few, many, THREADS),
        **rivals.libraries(shape, synthetic(sizes.training, seed=1), many, THREADS),
    }
    turns: dict[str, list[float]] = {}
    for _ in range(sizes.repeats):
        for name, (_, call) in contenders.items():
            turns.setdefault(name, []).append(seconds(call))
    rates = {name: contenders[name][0] / statistics.median(times) for name, times in turns.items()}
    exact = np.asarray(booster.predict(few, pred_contrib=True))[:, :-1]
    of_same_model = {"contributions": explainer.contributions(few)[:, :-1]} | {
        name: call() for name, (_, call) in contenders.items() if name in rivals.OF_SAME_MODEL
    }
    return {
        "rates": {name: {"rows_per_second": round(rate), "times_pred_contrib": rate / rates["pred_contrib"]}
                  for name, rate in rates.items()},
        "largest_difference": {name: float(np.abs(values[: len(few)] - exact).max())
                               for name, values in of_same_model.items()},
        "tabulate_seconds": statistics.median(seconds(partial(Explainer, booster, "fast")) for _ in range(3)),
    }  # fmt: skip


def report(result: dict[str, Any]) -> str:
    """The result as small tables."""
    lines = []
    for shape, measured in result["shapes"].items():
        lines += [shape, f"{'method':<24}{'rows/s':>12}{'x pred_contrib':>16}{'largest difference':>20}"]
        lines += [
            f"{name:<24}{rate['rows_per_second']:>12,}{rate['times_pred_contrib']:>16.1f}"
            f"{measured['largest_difference'].get(name, float('nan')):>20.1e}"
            for name, rate in measured["rates"].items()
        ]
        lines.append(f"tabulating the model: {measured['tabulate_seconds']:.1f} s")
    if result["not_installed"]:
        lines.append(f"not installed, so left out: {', '.join(result['not_installed'])}")
    return "\n".join(lines)


def main() -> None:
    """Read the options, measure, print."""
    parser = command_line.parser(__doc__)
    for name, default in Sizes()._asdict().items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    options = parser.parse_args()
    sizes = Sizes(*(getattr(options, name) for name in Sizes._fields))
    shapes = {name: measure(shape, sizes) for name, shape in SHAPES.items()}
    whole_file = stream.measure(train(sizes.training, next(iter(SHAPES.values()))), sizes.stream)
    result = {
        "sizes": sizes._asdict(), "shapes": shapes, "whole_file": whole_file, "not_installed": rivals.not_installed(),
    }  # fmt: skip
    print(report(result))
    command_line.write(result, options.json)


if __name__ == "__main__":
    main()
