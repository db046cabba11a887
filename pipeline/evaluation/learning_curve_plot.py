"""The learning curve as a picture."""

import io

import polars as pl


def picture(curve: pl.DataFrame) -> bytes:
    """A picture (PNG) of the AUC against customers and against snapshots, with 95 % intervals."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    whole = curve.row(-1, named=True)
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2, sharey=True)
    for panel, what, other in zip(panels, ("customers", "snapshots"), ("snapshots", "customers"), strict=True):
        rows = curve.filter(pl.col(other) == whole[other]).sort(what)
        auc = rows["auc"].to_numpy()
        reach = [auc - rows["auc_low"].to_numpy(), rows["auc_high"].to_numpy() - auc]
        panel.errorbar(rows[what].to_list(), auc, yerr=reach, marker="o", capsize=3)
        panel.set_xscale("log", base=2)
        panel.set_xticks(rows[what].to_list(), [f"{number:,}" for number in rows[what]])
        panel.minorticks_off()
        panel.set_xlabel(f"{what} learnt from, with all {whole[other]:,} {other}")
    panels[0].set_ylabel("AUC, with 95 % interval")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    return content.getvalue()
