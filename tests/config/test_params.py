"""Settings: the committed file is right and explained, and every mistake is answered in one line."""

import copy
import re
from itertools import pairwise

import pytest

from pipeline.config import overlay, params
from pipeline.config.errors import BadParams
from pipeline.drift.kinds import KINDS

# In the committed settings, who is scored bought something in the last 90 days; the window of 30 days comes on top.
LATE = {"kind": "overdue", "gap_days": 0, "horizon_days": 30,
        "overdue": {"times": 2.0, "min_days": 14, "max_days": 90, "one_time_days": 60}}  # fmt: skip


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("features.window_days", [7], "unknown key 'features.window_days'; did you mean 'windows_days'?"),
        ("featurs", {}, "unknown key 'featurs'; did you mean 'features'?"),
        ("sources.events.colums", {}, "unknown key 'sources.events.colums'; did you mean 'columns'?"),
        ("snapshots.every_days", 0, "snapshots.every_days: input should be greater than or equal to 1, found 0"),
        ("snapshots.every_days", 1, None),
        ("label.gap_days", -1, "label.gap_days: input should be greater than or equal to 0, found -1"),
        ("label.gap_days", 0, None),
        ("label.kind", "churn", "label.kind: input should be 'inactivity', 'cancellation' or 'overdue', found 'churn'"),
        ("label.kind", "overdue", "`kind: overdue` needs `overdue`, such as {times: 2.0, min_days: 30"),
        ("label", LATE, None),
        (
            "label",
            LATE | {"overdue": LATE["overdue"] | {"min_days": 91}},
            "`min_days` (91) must not be above `max_days` (90)",
        ),
        (
            "label",
            LATE | {"overdue": LATE["overdue"] | {"max_days": 120}},
            "`label.overdue` waits for up to 120 days, but nobody scored is silent for more than 120 days",
        ),
        ("label", LATE | {"overdue": LATE["overdue"] | {"one_time_days": 121}}, "waits for up to 121 days"),
        ("label", LATE | {"overdue": LATE["overdue"] | {"times": 0.5}}, "label.overdue.times: input should be greater"),
        ("label.kind", "cancellation", "`label.kind: cancellation` needs `sources.subscriptions`"),
        ("model.max_depth", 7, "model.max_depth: input should be less than or equal to 6, found 7"),
        ("model.max_depth", 6, None),
        ("model.bagging_fraction", 0, "model.bagging_fraction: input should be greater than 0, found 0"),
        ("model.bagging_fraction", 1.0, None),
        ("model.bagging_fraction", 1.01, "model.bagging_fraction: input should be less than or equal to 1, found 1.01"),
        ("data.timezone", "Europe/Olso", "unknown time zone 'Europe/Olso'; did you mean 'Europe/Oslo'?"),
        ("data.timezone", 5, "data.timezone: input should be a valid string, found 5"),
        ("label.horizon_days", 40000, "input should be less than or equal to 36500, found 40000"),
        ("snapshots.as_of", "9999-12-31", "must lie between 1900-01-01 and 2199-12-31"),
        ("data.max_rejected_share", 1.1, "input should be less than or equal to 1, found 1.1"),
        ("snapshots.as_of", "2018-13-01", "snapshots.as_of: month must be in 1..12, found '2018-13-01'"),
        ("snapshots.first", "2018-01-02", "`first` (2018-01-02) must not be after `as_of` (2018-01-01)"),
        ("snapshots.first", "2018-01-01", None),
        ("storage.buckets", 0, "storage.buckets: input should be greater than or equal to 1, found 0"),
        (
            "storage.executor",
            "spark",
            "storage.executor: input should be 'serial', 'processes' or 'dask', found 'spark'",
        ),
        ("features.windows_days", [30, 90, 365], None),
        ("features.windows_days", [7, 90, 365], "`windows_days` must hold 30, 90 and 365, on which formulas rest"),
        ("features.windows_days", [30, 365, 90], "`windows_days` must rise without repeats; write [30, 90, 365]"),
        ("score.bands", {"low": 0.1}, "`bands` must start at 0.0 and rise, found [0.1]"),
        ("score.bands", {"low": 0.0, "medium": 0.0}, "`bands` must start at 0.0 and rise, found [0.0, 0.0]"),
        ("lists.min_band", "scary", "`lists.min_band` is 'scary', not one of `score.bands`: low, medium, high"),
        ("sources.transactions.path", "x.csv", "needs exactly one of `path`, `sample` and `sql`"),
        ("language.default", "no", "language.default: input should be 'en', 'nb', 'zh_Hans' or 'ja', found 'no'"),
        ("language.by_owner", {"Kari": "de"}, "language.by_owner.Kari: input should be 'en', 'nb', 'zh_Hans' or 'ja'"),
        ("language.by_owner", {"Kari": "nb"}, None),
        ("reasons.max_risk_reasons", 4, "reasons.max_risk_reasons: input should be less than or equal to 3, found 4"),
    ],
)
def test_each_mistake_is_answered(root, where, value, message):
    content = copy.deepcopy(params.read_yaml(root / "params.yaml", BadParams))
    *sections, key = where.split(".")
    inner = content
    for section in sections:
        inner = inner[section]
    inner[key] = value
    if message is None:
        params.parse(content)
        return
    with pytest.raises(BadParams) as refused:
        params.parse(content)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("params.yaml: ")


def test_a_missing_key_is_named(root):
    content = params.read_yaml(root / "params.yaml", BadParams)
    del content["label"]["horizon_days"]
    with pytest.raises(BadParams, match="missing key 'label.horizon_days'; add it"):
        params.parse(content)


def test_an_unquoted_date_is_answered_with_the_quoted_one(root, tmp_path):
    text = (root / "params.yaml").read_text().replace('as_of: "2018-01-01"', "as_of: 2018-01-01")
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(BadParams, match='must be a quoted string, write "2018-01-01"'):
        params.load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 2018-02-31\n", "not readable as YAML"),
        ("- a\n- b\n", "must be a mapping of sections, found list"),
        ("a: [1\n", "not readable as YAML"),
        ("", "found NoneType"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text, message):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(BadParams, match=message):
        params.load(tmp_path / "params.yaml")


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(BadParams, match="not found; run from the folder that holds it"):
        params.load(tmp_path / "params.yaml")


def test_every_setting_stands_under_a_sentence(root):
    """Two lines that must agree: a key in params.yaml and the comment that says its unit and what it does."""
    lines = (root / "params.yaml").read_text().splitlines()
    unexplained = [
        line.strip()
        for before, line in pairwise(lines)
        if re.match(r"  [a-z_0-9]+:", line) and not before.strip().startswith("#") and not _inside(lines, line)
    ]
    assert not unexplained, f"write a sentence above {unexplained} in params.yaml: its unit and what it does"


def _inside(lines: list[str], line: str) -> bool:
    """Tables of sources are explained together, above the section."""
    sections = [found for found in lines[: lines.index(line)] if re.match(r"[a-z]+:", found)]
    return sections[-1] == "sources:"


def test_every_setting_is_read_somewhere(root):
    """A setting nobody reads is a promise nobody keeps."""
    code = "".join(file.read_text() for file in (root / "pipeline").rglob("*.py") if file.name != "params.py")
    for section, kind in params.Params.model_fields.items():
        if section == "sources":
            continue
        if section == "drift":  # one setting for each kind of effect, which is looked up by its name
            assert {*KINDS} < {*kind.annotation.model_fields}, (
                "params.yaml: drift has every kind of pipeline.drift.effects"
            )
            continue
        for key in kind.annotation.model_fields:
            assert re.search(rf"\.{key}\b", code), f"params.yaml: {section}.{key} is read by no module; remove it"


def test_settings_are_frozen(settings):
    with pytest.raises(Exception, match="frozen"):
        settings.label.horizon_days = 1


@pytest.mark.parametrize("name", ["cdnow", "cdnow_tenth"])
def test_an_overlay_changes_what_it_says_and_the_way_back_is_exact(root, tmp_path, name):
    file = tmp_path / "params.yaml"
    original = (root / "params.yaml").read_text()
    file.write_text(original)
    changed = overlay.apply(root / f"params/{name}.yaml", file)
    assert {"data.name", "sources", "snapshots.as_of"} <= set(changed)
    wanted = params.read_yaml(root / f"params/{name}.yaml", BadParams)
    found = params.read_yaml(file, BadParams)
    for section, values in wanted.items():
        for key, value in values.items():
            assert found[section][key] == value, f"{section}.{key}"
    assert found["sources"] == wanted["sources"]
    overlay.apply(root / "params/complete_journey.yaml", file)
    assert file.read_text() == original, "params/complete_journey.yaml must hold what params.yaml is committed with"
    assert overlay.apply(root / "params/complete_journey.yaml", file) == []


def test_an_overlay_with_an_unknown_or_wrong_setting_changes_nothing(root, tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text((root / "params.yaml").read_text())
    for text, message in [
        ("label: {horizon: 3}\n", "unknown key 'label.horizon'"),
        ("label:\n  horizon_days: 0\n", "label.horizon_days: input should be greater"),
    ]:
        (tmp_path / "mine.yaml").write_text(text)
        with pytest.raises(BadParams, match=message):
            overlay.apply(tmp_path / "mine.yaml", file)
        assert file.read_text() == (root / "params.yaml").read_text()
