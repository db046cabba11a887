"""The pages about the door, executed as they stand."""

import random
import re
import warnings
from datetime import date, timedelta
from pathlib import Path

import pytest
from matplotlib import pyplot

from tests.company import copied

ROOT = Path(__file__).resolve().parents[2]


def python_of(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def pictures(monkeypatch):
    """How many pictures a page shows."""
    shown = []
    monkeypatch.setattr(pyplot, "show", lambda *_, **__: (shown.append(pyplot.gcf()), pyplot.close("all")))
    return shown


def execute(page: str) -> dict:
    names: dict = {}
    with warnings.catch_warnings():
        # MLflow's own, when it is imported and when it opens its store.
        warnings.filterwarnings("ignore", module=r"(mlflow|pydantic|sqlalchemy|alembic)")
        for block in python_of(page):
            exec(compile(block, page, "exec"), names)
    return names


def write_orders(file: Path) -> None:
    dice, lines = random.Random(3), ["customer,date,paid"]
    for number in range(400):
        day, usual, stop = dice.randrange(60), dice.choice([4, 9, 20]), dice.choice([150, 250, 365, 365])
        while day < stop:
            lines.append(f"c{number:03d},{date(2023, 7, 1) + timedelta(days=day)},{dice.uniform(5, 60):.2f}")
            day += max(1, round(dice.gauss(usual, usual / 3)))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_from_pandas(tmp_path, monkeypatch, pictures, capsys):
    monkeypatch.chdir(tmp_path)
    write_orders(tmp_path / "orders.csv")
    names = execute("from-pandas.md")
    assert names["now"]["churn_probability"].between(0, 1).all()
    assert names["now"]["churn_probability"].nunique() > 20
    assert len(pictures) == 1
    assert "AUC at three later snapshots" in capsys.readouterr().out
    assert (names["auc"] > 0.6).all()
    assert [file.name for file in tmp_path.iterdir()] == ["orders.csv"]


def test_from_orders_to_a_beeswarm_plot_takes_at_most_ten_lines():
    lines = [line for line in python_of("from-pandas.md")[0].splitlines() if line.strip()]
    assert len(lines) <= 10 and "beeswarm" in lines[-1]


def test_in_a_notebook(built_company, tmp_path, monkeypatch, pictures, capsys):
    copied(built_company, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    names = execute("in-a-notebook.md")
    assert len(pictures) == 2
    out = capsys.readouterr().out
    assert "likely to churn, as of 2024-07-01" in out
    assert "num_leaves" in out
    x = names["past"][names["project"].feature_names]
    assert (names["loaded"].predict_proba(x) == names["search"].predict_proba(x)).all()


def test_every_method_of_the_table_exists(built_company):
    from pipeline import Project

    page = (ROOT / "docs/in-a-notebook.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`project\.(\w+)", page))
    public = {name for name in dir(Project) if not name.startswith("_")}
    assert named <= {*public, *vars(Project(built_company))}
