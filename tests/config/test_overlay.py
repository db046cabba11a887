"""An overlay changes as much as it says: other data, or one column of a source that stays as it is else."""

import pytest
import yaml

from pipeline.config import overlay, params, paths
from pipeline.config.errors import BadParams

BEFORE = """
sources:
  transactions:
    path: raw/orders.csv
    # dates as the shop writes them
    ts_format: "%d.%m.%Y"
    columns:
      customer_id: Kunde
      ts: Datum
      amount: Betrag
  events:
    path: raw/visits.csv
    columns:
      customer_id: Kunde
      ts: Datum
      event_type: Art
"""
ORDERS = {"customer_id": "Kunde", "ts": "Datum", "amount": "Betrag"}
CASES = {
    "one column": (
        {"transactions": {"columns": {"amount": "Netto"}}}, {"transactions.columns.amount": "Netto"}, True,
    ),
    "one more column": (
        {"transactions": {"columns": {"discount": "Rabatt"}}}, {"transactions.columns.discount": "Rabatt"}, True,
    ),
    "a setting beside": (
        {"transactions": {"decimal": ",", "where": "Status <> 'x'"}},
        {"transactions.decimal": ",", "transactions.where": "Status <> 'x'"}, True,
    ),
    "another place": ({"transactions": {"path": "raw/new.csv"}}, {"transactions.path": "raw/new.csv"}, True),
    "a table more, and a change": (
        {"transactions": {"columns": {"amount": "Netto"}},
         "customers": {"path": "raw/crm.csv", "columns": {"customer_id": "id"}}},
        {"transactions.columns.amount": "Netto", "customers.path": "raw/crm.csv", "customers.columns.customer_id": "id"},
        True,
    ),
    "other data": (
        {"transactions": {"path": "raw/b.csv", "columns": {"customer_id": "a", "ts": "b", "amount": "c"}}},
        {"transactions.path": "raw/b.csv", "transactions.columns": {"customer_id": "a", "ts": "b", "amount": "c"}}, False,
    ),
}  # fmt: skip


@pytest.fixture
def target(tmp_path):
    text = paths.PARAMS.read_text(encoding="utf-8")
    start, end = text.index("sources:\n"), text.index("# ---", text.index("sources:\n"))
    (tmp_path / "params.yaml").write_text(text[:start] + BEFORE.lstrip() + "\n" + text[end:], encoding="utf-8")
    return tmp_path / "params.yaml"


def value(settings: params.Params, name: str) -> object:
    place = settings.sources.model_dump(exclude_none=True)
    for key in name.split("."):
        place = place[key]
    return place


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_said_stays(case, target, tmp_path):
    sources, expected, stays = CASES[case]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"sources": sources}, sort_keys=False), encoding="utf-8")
    before = target.read_text(encoding="utf-8")
    overlay.apply(tmp_path / "mine.yaml", target)
    after = params.load(target)
    assert {name: value(after, name) for name in expected} == expected
    assert (after.sources.events is not None) == stays
    if stays:
        assert after.sources.transactions.columns == {**ORDERS, **sources["transactions"].get("columns", {})}
        assert after.sources.transactions.ts_format == "%d.%m.%Y"
        assert "# dates as the shop writes them" in target.read_text(encoding="utf-8")
    # All else is as it was, to the line.
    rest = before[before.index("# ---", before.index("\nsources:")) :]
    assert target.read_text(encoding="utf-8").endswith(rest)


REFUSED = {
    "a column there is none of": {"transactions": {"columns": {"amonut": "Netto"}}},
    "a setting there is none of": {"transactions": {"decimals": ","}},
    "a table without a place": {"tickets": {"columns": {"customer_id": "a"}}},
    "two places": {"transactions": {"sample": "cdnow"}},
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_changes_nothing(case, target, tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"sources": REFUSED[case]}), encoding="utf-8")
    before = target.read_bytes()
    try:
        overlay.apply(tmp_path / "mine.yaml", target)
    except BadParams as refusal:
        assert "\n" not in str(refusal)
        assert target.read_bytes() == before
    else:
        # The settings do not know which columns a table has; `churn check` and the stage do.
        assert case == "a column there is none of"
