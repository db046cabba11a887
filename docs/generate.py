"""Rewrite the generated parts of README and data dictionary: ``python -m docs.generate``; ``--check`` only looks.

A generated part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; what is around it is written by hand.
What the README shows of the default sample is left as it is where the last run was on other data, or on none.
``--picture`` takes the pictures of the list anew; it needs a Chromium on the machine. ``--plot`` draws the plot
of the playbooks benchmark.
"""

import csv
import json
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks import (
    blend_share_table,
    cancellation_curve_table,
    cluster_table,
    cold_start_table,
    contributions_table,
    features_table,
    feeds_table,
    leaderboard_table,
    levels_table,
    order_curve_table,
    playbooks_plot,
    playbooks_table,
    predicted_range_table,
    quality_table,
    reasons_table,
    scale_table,
    year_ahead_table,
    young_level_table,
)
from pipeline.commands import dictionary
from pipeline.config import params, renamed
from pipeline.config.errors import BadParams
from pipeline.examples.features import Feature, declared
from pipeline.lists import COLUMN_WORDS, RISK_LIST, outbox
from pipeline.playbooks.config import tactics_page
from pipeline.playbooks.rules import rules_page
from pipeline.reasons.causes import CAUSES
from pipeline.scoring.bucket import SCORE_COLUMNS
from pipeline.sources.samples import NOTICES
from pipeline.stages import MODULES
from pipeline.tables import schemas

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
COMMAND = "python -m docs.generate"
# What the README shows comes from a run on this sample.
SAMPLE, SAMPLE_WEEK = "complete_journey", "2018-01-01"

KIND_WORDS = {
    "id": "text, kept as it is written",
    "text": "text",
    "day": "a timestamp or a date; kept as the business day",
    "money": "an amount; kept as whole minor units (cents)",
    "decimal": "a number with up to 3 decimals",
    "integer": "a whole number",
    "number": "a number",
    "flag": "true or false",
}

PLACE_WORDS = {
    "reason_1": "the weightiest evidence of a cause, else what raises the risk most",
    "reason_2": "the next one, told in the same order",
    "reason_3": "the third one, told in the same order",
    "protects_1": "what most speaks for staying",
}
SCORE_WORDS = {
    "customer_id": ("text", "the customer, as the company writes it"),
    "as_of": ("day", "the day the customer was scored for"),
    "churn_probability": ("0–1", "calibrated probability of churn in the outcome window"),
    "risk_percentile": ("0–100", "share of all scored customers with a lower margin, ties counted half"),
    "risk_band": ("text", "the band of `params.yaml: score.bands` the probability falls in"),
    "log_odds": ("log-odds", "what the trees say, before calibration"),
    "base_log_odds": ("log-odds", "their mean; with all contributions it adds up to `margin`"),
    "value": (
        "currency",
        "profit expected in the outcome window from this customer, if he or she stays; below zero at a loss",
    ),
    "value_at_stake": ("currency", "`churn_probability` × `value`"),
    "tier": ("text", "new, one-time, regular or loyal"),
    "last_order_day": ("day", "day of the last purchase before as_of"),
    "usual_order_day": ("day", "the last purchase and the customer's own mean pause; empty after a single one"),
    "next_order_day": (
        "day",
        "by which the next order is as likely as not to have come; empty where that is later than known",
    ),
    "next_order_from_day": ("day", "by which it has come with a probability of 10 %"),
    "next_order_until_day": ("day", "by which it has come with a probability of 90 %"),
    "cancellation_from_day": (
        "day",
        "by which the contract has ended with a probability of 10 %; see `cancellation_day`",
    ),
    "cancellation_day": (
        "day",
        "where churn is a cancellation: by which the contract is as likely as not to have ended; empty where that is "
        "later than known",
    ),
    "expected_order_days_365d": (
        "days",
        "days with an order expected within 365 days of the start of the outcome window; empty until a whole year of "
        "outcomes has been seen, and where churn is no silence",
    ),
    "expected_order_days_365d_from": ("days", "below it they are with a probability of 10 %"),
    "expected_order_days_365d_until": ("days", "above it they are with a probability of 10 %"),
    "expected_value_365d": (
        "currency",
        "profit expected within the same days, with the chance that none comes in it; `value` is that of who stays",
    ),
    "expected_value_365d_from": ("currency", "below it the profit is with a probability of 10 %"),
    "expected_value_365d_until": ("currency", "above it the profit is with a probability of 10 %"),
    "last_contact_day": ("day", "day the company last got in touch before as_of, where `contacts` are known"),
    "name": ("text", "name of the customer, where `customers` has it"),
    "owner": ("text", "who looks after the customer, where `customers` has it"),
    "value_tier": ("text", "top (the most valuable `score.top_value_share`), tail (the less valuable half) or middle"),
    "loss_making": ("yes/no", "cost more than he or she paid in the last 365 days; no where no cost is known"),
    "strategic": ("yes/no", "kept for more than money: `customers` says so, with a reason, and it is not over"),
    "spend_365d": ("currency", "paid in the last 365 days, refunds not taken off"),
    "lifecycle": ("text", "short (bought once so far), medium (bought again, not yet settled) or long (loyal by tier)"),
    "customer_key": ("hash", "what joins the customer to tables and examples"),
}
PART_WORDS = {
    "family": ("text", "{}: the family of features"),
    "text": ("text", "{}: in words, with the customer's own numbers"),
    "contribution": ("log-odds", "{}: how much it adds to the margin"),
    "causes": ("ids", "{}: the causes it speaks for, the likeliest first; [what they are](causes.md)"),
    "kind": ("text", "{}: whether the likeliest cause is avoidable, or part of the natural outflow"),
    "act": ("text", "{}: whether anything can be done about the likeliest cause: yes, partly or no"),
    "team": ("text", "{}: the team that could"),
    "risk_share": ("0–1", "{}: the part of the churn probability it explains; none where it is no evidence"),
}


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def features() -> str:
    """Every declared feature, as ``python -m pipeline.commands.dictionary`` prints it."""
    return dictionary.markdown(declared(params.load(ROOT / "params.yaml").features))


def tables() -> str:
    """The canonical tables and their columns."""
    head = ("column", "what it holds", "kept as", "what it means")
    parts = [
        f"### {each.name}\n\nOne row is {each.row}.\n\n{table(head, [_column(column) for column in each.columns])}"
        for each in schemas.TABLES.values()
    ]
    return "\n".join(parts)


def _column(column: schemas.Column) -> tuple[str, ...]:
    name = f"**`{column.name}`**" if column.required else f"`{column.name}`"
    words = f"{column.description}; never negative" if column.not_negative else column.description
    return name, KIND_WORDS[column.kind], f"`{column.stored}`", words


def scores() -> str:
    """The columns of ``data/scores``."""
    return table(("column", "unit", "what it means"), [(f"`{name}`", *_score_words(name)) for name in SCORE_COLUMNS])


def _score_words(name: str) -> tuple[str, str]:
    if name in SCORE_WORDS:
        return SCORE_WORDS[name]
    place = next(place for place in PLACE_WORDS if name.startswith(f"{place}_"))
    unit, words = PART_WORDS[name.removeprefix(f"{place}_")]
    return unit, words.format(PLACE_WORDS[place])


def risk_list() -> str:
    """The columns of the risk list."""
    rows = [(f"`{name}`", str(kind), COLUMN_WORDS[name]) for name, kind in RISK_LIST.items()]
    return table(("column", "type in Parquet", "what it means"), rows)


def renamed_names() -> str:
    """What was called how one release ago."""
    kinds = {
        "setting of `params.yaml`": renamed.SETTINGS,
        "column, or name in a rule": renamed.COLUMNS,
        "file of a model": renamed.FILES,
        "option": renamed.OPTIONS,
    }
    rows = [(kind, f"`{old}`", f"`{new}`") for kind, names in kinds.items() for old, new in names.items()]
    return table(("kind", "was", "is"), rows)


def caveat() -> str:
    """What the provider of the sample wants said, on one line, so that a search finds it."""
    return f"> {NOTICES[SAMPLE]}\n"


SCORERS = {"model": "model", "rfm_logistic": "RFM logistic regression", "recency_rule": "best recency rule"}
FIGURES = {
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score (less is better)",
    "capture_at_5_percent": "churners in the riskiest 5 %",
    "capture_at_10_percent": "churners in the riskiest 10 %",
    "capture_at_20_percent": "churners in the riskiest 20 %",
}


def quality() -> str | None:
    """The figures of the last evaluation on the sample, the best of each row in bold."""
    ingest, verdict = ROOT / "reports" / "ingest.json", ROOT / "reports" / "verdict.json"
    if not verdict.is_file() or json.loads(ingest.read_text(encoding="utf-8"))["company"] != SAMPLE:
        return None
    figures = json.loads(verdict.read_text(encoding="utf-8"))
    rows = [
        (words, *_side_by_side(figure, [figures[name][figure] for name in SCORERS]))
        for figure, words in FIGURES.items()
    ]
    return f"{figures['verdict']}\n\n{table(('', *SCORERS.values()), rows)}"


def _side_by_side(figure: str, values: list[float]) -> list[str]:
    written = [f"{100 * value:.0f} %" if figure.startswith("capture") else f"{value:.3f}" for value in values]
    best = written[values.index(min(values) if figure == "brier" else max(values))]
    return [f"**{text}**" if text == best else text for text in written]


SHOWN = ("rank", "customer_id", "tier", "churn_probability", "value_at_stake", "reason_1", "playbook", "due_day")


def first_lines() -> str | None:
    """The first lines of the list of the sample, in a few of its columns."""
    file = ROOT / "exports" / SAMPLE_WEEK / "risk_list.csv"
    manifest = file.with_name("manifest.json")
    if not file.is_file() or json.loads(manifest.read_text(encoding="utf-8"))["company"] != SAMPLE:
        return None
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row, _ in zip(csv.DictReader(lines), range(4), strict=False)]
    text = "\n".join(",".join(_quoted(row[name]) for name in SHOWN) for row in rows)
    return f"```text\n{','.join(SHOWN)}\n{text}\n```\n"


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell or '"' in cell else cell


def causes() -> str:
    """Every cause, and the features that speak for it."""
    every = declared(params.load(ROOT / "params.yaml").features)
    speaking = ("features that speak for it", "where data cannot show it, ask")
    head = ("id", "cause", "kind", "can we act", "who could", *speaking)
    return table(head, [
        (c.id, c.description, c.kind, c.act, c.who, _names(_speaking(c.id, every)), c.question)
        for c in CAUSES.values()
    ])  # fmt: skip


def _names(features: Sequence[Feature]) -> str:
    return ", ".join(f"`{feature.name}`" for feature in features) or "none"


def _speaking(cause: str, every: list[Feature]) -> list[Feature]:
    """Up to three features that name the cause, those that name it first before the others."""
    speaking = [feature for feature in every if cause in feature.causes and feature.risk != "none"]
    return sorted(speaking, key=lambda feature: feature.causes.index(cause))[:3]


def outbox_fields() -> str:
    """The fields of a message of the outbox, with a sentence on each."""
    return table(("field", "what it is"), [(f"`{name}`", words) for name, words in outbox.OUTBOX.items()])


def rule_names() -> str:
    """The names a rule may speak of, with the committed settings."""
    settings = params.load(ROOT / "params.yaml")
    return rules_page.markdown(settings.score, settings.features)


def stages() -> str:
    """The stages of ``dvc.yaml``, in order."""
    declared_stages = params.read_yaml(ROOT / "dvc.yaml", BadParams)["stages"]
    rows = [
        (str(number), name, stage["desc"].replace("->", "→"), f"`{_file_of(name)}`")
        for number, (name, stage) in enumerate(declared_stages.items(), start=1)
    ]
    return table(("", "stage", "this → that", "in `pipeline/`"), rows)


def _file_of(stage: str) -> str:
    """The file of a stage, below ``pipeline/``; the release is a command, for DVC caches nothing of it."""
    return f"stages/{MODULES[stage].split('.')[-1]}.py" if stage in MODULES else f"commands/{stage}.py"


def benchmark(name: str, markdown: Callable[[Any], str]) -> str | None:
    """The tables of a benchmark, from the figures it left."""
    file = RESULTS / f"{name}.json"
    return markdown(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


Parts = dict[str, Callable[[], str | None]]
PAGES: dict[str, Parts] = {
    "README.md": {"first lines": first_lines, "caveat": caveat, "quality": quality},
    "docs/tutorial.md": {"stages": stages},
    "docs/data-dictionary.md": {"tables": tables, "features": features, "scores": scores, "risk list": risk_list},
    "docs/causes.md": {"causes": causes},
    "docs/tactics.md": {"tactics": tactics_page.markdown},
    "docs/rules.md": {"names": rule_names},
    "docs/crm.md": {"outbox": outbox_fields},
    "docs/renamed.md": {"renamed": renamed_names},
    "docs/performance.md": {
        "features": partial(benchmark, "features", features_table.markdown),
        "contributions": partial(benchmark, "contributions", contributions_table.markdown),
        "scale": partial(benchmark, "scale", scale_table.markdown),
        "cluster": partial(benchmark, "cluster", cluster_table.markdown),
    },
    "docs/decisions/blend-share.md": {"blend share": partial(benchmark, "blend_share", blend_share_table.markdown)},
    "docs/cold-start-benchmark.md": {
        "cold start": partial(benchmark, "cold_start", cold_start_table.markdown),
        "young level": partial(benchmark, "young_level", young_level_table.markdown),
    },
    "docs/model-quality.md": {
        "order_curve": partial(benchmark, "order_curve", order_curve_table.markdown),
        "cancellation_curve": partial(benchmark, "cancellation_curve", cancellation_curve_table.markdown),
        "year_ahead": partial(benchmark, "year_ahead", year_ahead_table.markdown),
    },
    "docs/feeds-benchmark.md": {"feeds benchmark": partial(benchmark, "feeds", feeds_table.markdown)},
    "docs/leaderboard.md": {
        "leaderboard": partial(benchmark, "leaderboard", leaderboard_table.markdown),
        "reasons": partial(benchmark, "reasons", leaderboard_table.reasons),
    },
    "docs/reasons-benchmark.md": {"reasons benchmark": partial(benchmark, "reasons", reasons_table.markdown)},
    "docs/playbooks-benchmark.md": {"playbooks benchmark": partial(benchmark, "playbooks", playbooks_table.markdown)},
    "docs/quality-benchmark.md": {
        "quality benchmark": partial(benchmark, "quality", quality_table.markdown),
        "levels": partial(benchmark, "levels", levels_table.markdown),
        "predicted range": partial(benchmark, "predicted_range", predicted_range_table.markdown),
    },
}


def filled(page: str, parts: Parts) -> str:
    """A page with every generated part made anew; a part that cannot be made now stays as it is."""
    for name, make in parts.items():
        marked = re.compile(f"(?<=<!-- begin {name} -->\n).*?(?=<!-- end {name} -->)", re.DOTALL)
        if len(marked.findall(page)) != 1:
            raise ValueError(f"exactly one part must stand between <!-- begin {name} --> and <!-- end {name} -->")
        content = make()
        if content is not None:
            start, end = next(marked.finditer(page)).span()
            page = f"{page[:start]}\n{content}\n{page[end:]}"
    return page


def stale(root: Path = ROOT) -> dict[Path, str]:
    """The pages that are not what they should be, and what they should be."""
    pages = {root / name: parts for name, parts in PAGES.items()}
    wanted = {page: filled(page.read_text(encoding="utf-8"), parts) for page, parts in pages.items()}
    return {page: text for page, text in wanted.items() if page.read_text(encoding="utf-8") != text}


# What a picture shows: size, colours, medium; and what is done before it is taken.
PICTURES: Final = {
    "risk_list": {"viewport": {"width": 1280, "height": 800}},
    "risk_list_dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "risk_list_phone": {"viewport": {"width": 390, "height": 844}},
    "risk_list_print": {"viewport": {"width": 1120, "height": 790}},
}


def take_pictures() -> None:
    """The list of the sample as people see it: opened, in the dark, on a phone, the next ten on paper; 256 colours."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    switches = (
        "no-sandbox",
        "disable-gpu",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
    )
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path=shutil.which("chromium"), args=[f"--{switch}" for switch in switches]
        )
        for name, options in PICTURES.items():
            file = ROOT / "docs" / "images" / f"{name}.png"
            page = browser.new_page(**options)
            page.goto((ROOT / "exports" / SAMPLE_WEEK / "risk_list.html").as_uri())
            if name == "risk_list_print":
                page.locator("#to-calls").click()
                page.emulate_media(media="print")
            elif name != "risk_list_phone":
                page.locator("#table tbody tr").first.click()
            page.mouse.move(5, 5)
            page.wait_for_timeout(500)
            page.screenshot(path=file)
            with Image.open(file) as picture:
                smaller = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            smaller.save(file, optimize=True)
        browser.close()


def draw_plot() -> None:
    """What the allocation keeps, by budget, from the figures of the last benchmark."""
    result = json.loads((RESULTS / "playbooks.json").read_text(encoding="utf-8"))
    playbooks_plot.plot(result, ROOT / "docs" / "images" / "playbooks-benchmark.svg")


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    if arguments == ["--picture"]:
        take_pictures()
        return 0
    if arguments == ["--plot"]:
        draw_plot()
        return 0
    for page, text in (outdated := stale()).items():
        if arguments == ["--check"]:
            sys.stderr.write(f"{page.relative_to(ROOT)} is out of date; run: {COMMAND}\n")
        else:
            page.write_text(text, encoding="utf-8")
    return 1 if outdated and arguments == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
