"""The figures of ``benchmarks/contributions.py`` as tables; all of it computed, so that nothing goes stale."""

from typing import Any

from benchmarks.tables import table

WORDS = {
    "contributions": "ours: contributions of every feature",
    "reasons": "ours: log-odds, sums by family and the strongest families",
    "predict": "LightGBM `predict`, which explains nothing",
    "pred_contrib": "LightGBM `pred_contrib`",
    "shap.TreeExplainer": "`shap.TreeExplainer`",
    "fasttreeshap v1": "fasttreeshap, version 1",
    "fasttreeshap v2": "fasttreeshap, version 2",
    "woodelf": "woodelf",
    "XGBoost, its own": "XGBoost, its own, of a model of its own of that shape",
    "CatBoost, its own": "CatBoost, its own, of a model of its own of that depth",
}
# Sums of single precision are off by more than this.
EXACT = 1e-9


def markdown(result: dict[str, Any]) -> str:
    """Rows a second by contender and shape of the model, and who is not exact."""
    shapes = result["shapes"]
    first = next(iter(shapes.values()))
    rows = [
        (words, *(_rate(measured["rates"][name]) for measured in shapes.values()), _difference(shapes, name))
        for name, words in WORDS.items()
        if name in first["rates"]
    ]
    sizes = result["sizes"]
    size = (
        f"60 features, 5 % of the values missing, 2 threads; medians of {sizes['repeats']} turns of {sizes['fast']:,} "
        f"rows ({sizes['many']:,} for woodelf, XGBoost and CatBoost, {sizes['slow']:,} for the other peers). "
        "In brackets: times `pred_contrib`."
    )
    absent, whole = result["not_installed"], result["whole_file"]
    return (
        f"Rows a second. {size}\n\n{table(('method', *shapes, 'largest difference to `pred_contrib`'), rows)}\n\n"
        f"A file of {whole['rows']:,} rows with the model of {next(iter(shapes))}, from starting Python to the written "
        f"log-odds, sums by family and strongest families: {whole['seconds']:.1f} s, at most "
        f"{whole['peak_mb'] / 1024:.1f} GB.\n"
        + (f"\nNot installed, so left out: {', '.join(absent)}.\n" if absent else "")
    )  # fmt: skip


def _rate(rate: dict[str, float]) -> str:
    return f"{rate['rows_per_second']:,.0f} ({rate['times_pred_contrib']:.1f} ×)"


def _difference(shapes: dict[str, Any], name: str) -> str:
    """Over all shapes; none for what is of another model, or no contribution of a feature."""
    found = [
        measured["largest_difference"][name] for measured in shapes.values() if name in measured["largest_difference"]
    ]
    if not found:
        return ""
    return f"{max(found):.0e}" if max(found) < EXACT else f"**{max(found):.1g}**"
