"""Qini curves under cost, and what was promised beside what was measured, as a picture."""

import io

from pipeline.readout.uplift_comparison import LEARNER, SIMPLE, UpliftComparison

COLUMNS = {LEARNER: "learner", SIMPLE: "simple_effects"}


def picture(comparison: UpliftComparison, currency: str) -> bytes:
    """A picture (PNG): to the left what either order keeps less its cost, to the right its calibration by fifths.

    Parameters
    ----------
    comparison
        What is drawn.
    currency
        ISO code.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    share = comparison.curves["share"].to_numpy()
    for (name, column), marker, style in zip(COLUMNS.items(), "os", ("-", "--"), strict=True):
        kept = comparison.curves[column].to_numpy()
        left.plot(100 * share, kept, style, label=f"in the order of the {name}")
        fifths = comparison.fifths[name]
        promised = [100 * one.promised for one in fifths]
        ends = [(one.measured.mean - one.measured.low, one.measured.high - one.measured.mean) for one in fifths]
        right.errorbar(
            promised,
            [100 * one.measured.mean for one in fifths],
            yerr=[[100 * low for low, _ in ends], [100 * high for _, high in ends]],
            marker=marker, linestyle="none", capsize=3, label=name,
        )  # fmt: skip
    left.axhline(0, color="black", linewidth=0.5)
    left.set_xlabel("customers contacted, in percent")
    left.set_ylabel(f"value kept less cost, {currency} per customer of all")
    left.legend()
    right.axline((0, 0), slope=1, color="black", linewidth=0.5)
    right.set_xlabel("promised: how much more often they stay, in points")
    right.set_ylabel("measured, with 95 % interval")
    right.legend()
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    return content.getvalue()
