"""Settings that cannot be meant, at their boundaries; and the page that explains them all."""

import re

import pytest
from pydantic import BaseModel, ValidationError

from pipeline.commands.simulate import FILES
from pipeline.simulate import COMPANIES, NAMES, Company, block
from tests.simulate.plans import company, levels, plan


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean_gap_days": levels(0.9)}, "`mean_gap_days` must be at least 1, found 0.9"),
        ({"mean_gap_days": levels(1)}, None),
        (
            {"mean_gap_days": {"values": (1.0, 2.0), "shares": (1.0,)}},
            "needs one share per value, found 2 values, 1 shares",
        ),
        ({"mean_gap_days": {"values": (1.0, 2.0), "shares": (0.5, 0.4)}}, "the shares must sum to 1, found 0.9"),
        ({"rhythm_shape": levels(1.5)}, "`rhythm_shape` must be whole numbers from 1"),
        ({"rhythm_shape": levels(0)}, "`rhythm_shape` must be whole numbers from 1"),
        ({"leaving_per_day": levels(1)}, "`leaving_per_day` must lie below 1, found 1"),
        ({"leaving_per_day": levels(0, 0.99)}, None),
        ({"one_time_share": 1.01}, "less than or equal to 1"),
        ({"season_amplitude": 1.0}, "less than 1"),
        ({"leaving_factor_per_year": 0.0}, "greater than 0"),
        (
            {"fading": {"days": 0.5, "purchase_factor": 1.0, "visit_factor": 1.0}},
            "must be 0 (gone at once) or at least 1",
        ),
        ({"fading": {"days": 1.0, "purchase_factor": 1.0, "visit_factor": 1.0}}, None),
        ({"visits": {"kind": "leads", "per_day": levels(1)}}, "`visits.per_day` must lie below 1, found 1"),
        ({"visits": {"kind": "lead", "per_day": levels(0.1)}}, "should be 'leads', 'follows' or 'independent'"),
        ({"loyalty": 1}, "Extra inputs are not permitted"),
    ],
)
def test_companies_at_their_boundaries(changes, message):
    if message is None:
        company(**changes)
        return
    with pytest.raises(ValidationError) as refused:
        company(**changes)
    assert message in str(refused.value)


def test_plans_at_their_boundaries():
    assert plan("default", days=100, arrival_days=100).snapshots == [40, 100]
    with pytest.raises(ValidationError, match="must be at most `days`"):
        plan("default", days=100, arrival_days=101)
    assert plan("default", days=120, every_days=60).snapshots == [60, 120], "a snapshot has a day of history"


@pytest.mark.parametrize("name", COMPANIES)
def test_the_named_companies_stand_the_checks_and_survive_json(name):
    assert Company.model_validate_json(COMPANIES[name].model_dump_json()) == COMPANIES[name]


@pytest.fixture(scope="module")
def page(root) -> str:
    return (root / "docs/simulated-company.md").read_text(encoding="utf-8")


def test_every_column_of_every_file_is_documented(page):
    tables = block(plan("default", customers=3, days=40, horizon_days=10), 0)
    assert {f"{name}.parquet" for name in NAMES} < FILES
    for name, table in tables.items():
        section = page.split(f"### {name}.parquet", 1)[1].split("\n#", 1)[0]
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == table.columns, f"### {name}.parquet"
    for file in FILES:
        assert f"### {file}" in page


def test_every_setting_and_every_company_is_documented(page):
    def names(section: type[BaseModel], above: str = "") -> list[str]:
        found = []
        for name, field in section.model_fields.items():
            inner = field.annotation
            is_section = isinstance(inner, type) and issubclass(inner, BaseModel) and "values" not in inner.model_fields
            found += names(inner, f"{above}{name}.") if is_section else [f"{above}{name}"]
        return found

    section = page.split("## The settings", 1)[1].split("\n## ", 1)[0]
    assert sorted(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE)) == sorted(names(Company))
    section = page.split("## The companies", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(COMPANIES)
