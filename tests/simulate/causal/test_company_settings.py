"""Settings of whole companies that cannot be meant; and the page that explains them all."""

import re

import pytest
from pydantic import BaseModel, ValidationError

from pipeline.commands.simulate import WHOLE_FILES
from pipeline.simulate.causal import COMPANIES, Whole
from pipeline.simulate.causal.company_settings import Cause, Fall
from pipeline.simulate.causal.treatment_effects import EFFECTS
from pipeline.simulate.settings import Levels
from tests.simulate.causal.causal_plans import tables

CHANCE = {"onset": "chance", "share": 0.1, "per_year": 0.3, "lag_days": 14, "lasts_days": 90, "hazard_per_day": 0.02}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, None),
        ({"per_year": 0.0}, "`per_year` is for an onset by chance, and only for that"),
        ({"onset": "tenure", "per_year": 0.0}, "`after_days` must be at least 1 for an onset by tenure"),
        ({"onset": "tenure", "after_days": 3}, "`per_year` is for an onset by chance, and only for that"),
        ({"onset": "market", "per_year": 0.0}, None),
        ({"hazard_per_day": 1.0}, "less than 1"),
        ({"intent": "love"}, "should be 'low_prices'"),
        ({"hazard": 0.1}, "Extra inputs are not permitted"),
    ],
)
def test_causes_at_their_boundaries(changes, message):
    if message is None:
        Cause(**CHANCE | changes)
        return
    with pytest.raises(ValidationError) as refused:
        Cause(**CHANCE | changes)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"intents": {"service": 0.2}}, "`intents` has no share for low_prices"),
        (
            {"falls": (Fall(region=9, first_day=1, days=3, factor=0.5),)},
            "names a region that `region_shares` does not have",
        ),
        ({"outcome": "cancellation"}, "an outcome of cancellation needs `contracts`, and a `one_time_share` of 0"),
        ({"playbooks": {"call": {"C99": 0.5}}}, "`playbooks.call` names C99, which is no cause of this company"),
        ({"causes": {"C26": COMPANIES["b2b"].causes["C26"]}, "playbooks": {}}, "an onset by renewal needs `contracts`"),
        ({"causes": {"late": COMPANIES["b2b"].causes["C10"]}}, "String should match pattern"),
    ],
)
def test_companies_at_their_boundaries(changes, message):
    content = {name: getattr(COMPANIES["retailer"], name) for name in Whole.model_fields}
    with pytest.raises(ValidationError) as refused:
        Whole.model_validate(content | changes)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", COMPANIES)
def test_the_named_companies_stand_the_checks_and_survive_json(name):
    assert Whole.model_validate_json(COMPANIES[name].model_dump_json()) == COMPANIES[name]


@pytest.fixture(scope="module")
def page(root) -> str:
    return (root / "docs/simulated-whole-company.md").read_text(encoding="utf-8")


def test_every_column_of_every_file_is_documented(page):
    for name in COMPANIES:
        for table, frame in tables(name).items():
            section = page.split(f"### {table}.parquet", 1)[1].split("\n#", 1)[0]
            told = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
            columns = [column for column in frame.columns if not column.startswith("uplift_")]
            assert told == columns, f"### {table}.parquet"
    for file in WHOLE_FILES:
        assert f"### {file}" in page


def test_every_setting_cause_and_playbook_is_documented(page):
    def names(section: type[BaseModel], above: str = "") -> list[str]:
        found = []
        for name, field in section.model_fields.items():
            inner = field.annotation
            is_section = isinstance(inner, type) and issubclass(inner, BaseModel) and inner is not Levels
            found += names(inner, f"{above}{name}.") if is_section else [f"{above}{name}"]
        return found

    section = page.split("## The settings", 1)[1].split("\n## ", 1)[0]
    told = re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE)
    wanted = [*names(Whole), *names(Cause, "causes.*."), *names(Fall, "falls.*.")]
    assert sorted(name.replace(".C.", ".*.").replace(".F.", ".*.") for name in told) == sorted(wanted)
    section = page.split("## The causes", 1)[1].split("\n## ", 1)[0]
    causes = {cause for company in COMPANIES.values() for cause in company.causes}
    assert set(re.findall(r"^\| (C\d\d) \|", section, re.MULTILINE)) == causes
    section = page.split("## The playbooks", 1)[1].split("\n## ", 1)[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*?) \|", section, re.MULTILINE))
    assert set(rows) == set(EFFECTS)
    for playbook, effects in EFFECTS.items():
        told = {cause: float(factor) for cause, factor in re.findall(r"(C\d\d) ([\d.]+)", rows[playbook])}
        assert told == effects, playbook
