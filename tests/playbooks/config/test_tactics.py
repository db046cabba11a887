"""The catalogue of tactics: whole, checked field by field, and shown as it is."""

import re
import zipfile
from collections import Counter

import pytest
from hatchling.builders.wheel import WheelBuilder

from pipeline.config.errors import BadPlaybooks
from pipeline.playbooks.config import tactics, tactics_page
from pipeline.playbooks.config.tactics import CAUSE_IDS, COLUMNS, GROUPS
from pipeline.reasons.causes import CAUSES

LINE = {
    "id": "thank-you", "group": "rewards", "source": "S2:L1", "market": "both", "stages": "medium;long",
    "trigger": "a purchase", "segment": "buyers", "channel": "letter", "who": "sales", "cost": "none",
    "objective": "warmth", "caution": "", "class": "E", "causes": "C01;C56", "inferred": "",
}  # fmt: skip


def table(*lines: dict[str, str]) -> str:
    return "\n".join([",".join(COLUMNS), *(",".join(line.values()) for line in lines)]) + "\n"


def test_all_147_are_there():
    found = tactics.tactics().values()
    assert len(found) == 147
    groups = {"rewards": 37, "communication": 30, "feedback": 16, "trust": 22, "accounts": 32, "programme": 10}
    assert Counter(tactic.group for tactic in found) == groups
    assert list(dict.fromkeys(tactic.group for tactic in found)) == list(GROUPS), "group by group, in order"
    assert Counter(tactic.class_ for tactic in found) == {"E": 56, "R": 55, "M": 36}
    assert all(re.match(r"S[0-4]:L\d", tactic.source) for tactic in found)


def test_the_causes_are_those_there_are():
    assert list(CAUSE_IDS) == list(CAUSES)
    addressed = {cause for tactic in tactics.tactics().values() for cause in tactic.causes}
    assert "C28" not in addressed, "nothing keeps who moves away"
    assert len(addressed) > 45


@pytest.mark.parametrize(
    ("tactic", "cause"),
    [("conflict-resolution", "C38"), ("commitment-tracking", "C10"), ("bonus-expiry-reminder", "C54"),
     ("points-programme", "C47"), ("product-novelty", "C31"), ("cross-sell-related", "C30"),
     ("contact-coordination", "C33"), ("value-demonstration", "C27"), ("response-speed", "C36")],
)  # fmt: skip
def test_what_helps_against_a_cause(tactic, cause):
    assert cause in tactics.tactics()[tactic].causes


def test_no_discount_is_named_against_the_habit_of_discounts():
    """Nor is anything that costs margin alone; points bind better."""
    cures = [tactic for tactic in tactics.tactics().values() if "C47" in tactic.causes]
    assert [tactic.id for tactic in cures] == ["points-programme"]


def page_rows(page: str) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """The tables of docs/tactics.md, read from its text: id -> its rows, each with the heading above it."""
    part = page.split("<!-- begin tactics -->")[1].split("<!-- end tactics -->")[0]
    rows: dict[str, list[tuple[str, dict[str, str]]]] = {}
    heading, columns = "", []
    for line in part.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if line.startswith("### "):
            heading, columns = line.removeprefix("### "), []
        elif cells and not columns:
            columns = cells
        elif cells and cells[0] != "---":
            rows.setdefault(cells[0], []).append((heading, dict(zip(columns, cells, strict=True))))
    return rows


def test_the_page_and_the_data_agree_field_by_field(root):
    shown = page_rows((root / "docs/tactics.md").read_text(encoding="utf-8"))
    assert list(shown) == list(tactics.tactics())
    for name, tactic in tactics.tactics().items():
        assert len(shown[name]) == 1, f"docs/tactics.md has {name} more than once"
        heading, cells = shown[name][0]
        assert heading == GROUPS[tactic.group]
        for field, cell in cells.items():
            value = getattr(tactic, "class_" if field == "class" else field)
            said = () if cell == "–" else tuple(cell.split("; ")) if isinstance(value, tuple) else cell
            assert said == (value or ()), (
                f"docs/tactics.md: {name}: {field}; run python -m pipeline.playbooks.config.tactics_page"
            )
        assert len(cells) == len(COLUMNS) - 1, "every field but the group, which is the heading"


def test_the_page_is_what_the_command_prints(root):
    page = (root / "docs/tactics.md").read_text(encoding="utf-8")
    assert f"<!-- begin tactics -->\n\n{tactics_page.markdown()}\n<!-- end tactics -->\n" in page
    for word in (*tactics.COSTS, *tactics.STAGES, *tactics.CLASSES):
        assert f"`{word}`" in page, f"docs/tactics.md: say what {word} is"


def test_the_wheel_holds_the_table(root, tmp_path):
    built = next(WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"]))
    with zipfile.ZipFile(built) as wheel:
        assert (
            wheel.read("pipeline/playbooks/config/tactics.csv")
            == (root / "pipeline/playbooks/config/tactics.csv").read_bytes()
        )


def test_a_line_is_read_into_types():
    assert tactics.parse(table(LINE))["thank-you"] == tactics.Tactic(
        id="thank-you", group="rewards", source="S2:L1", market="both", stages=("medium", "long"),
        trigger="a purchase", segment="buyers", channel="letter", who=("sales",), cost=("none",), objective="warmth",
        caution=None, class_="E", causes=("C01", "C56"), inferred=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"market": "b3b"}, "line 2: market: 'b3b' is not known; did you mean 'b2b'?"),
        ({"stages": "medium;lng"}, "line 2: stages: 'lng' is not known; did you mean 'long'?"),
        ({"stages": ""}, "line 2: stages: is empty; write something"),
        ({"class": "X"}, "line 2: class: 'X' is not known; known: E, R, M"),
        ({"causes": "C57"}, "line 2: causes: 'C57' is not known; did you mean 'C5"),
        ({"who": "sells"}, "line 2: who: 'sells' is not known; did you mean 'sales'?"),
        ({"cost": "free"}, "line 2: cost: 'free' is not known"),
        ({"group": "gifts"}, "line 2: group: 'gifts' is not known"),
        ({"inferred": "who"}, "line 2: inferred: 'who' is not known"),
        ({"trigger": ""}, "line 2: trigger: is empty; write something"),
        ({"id": "Thank You"}, "line 2: id: 'Thank You' must be lower case with hyphens, such as 'thank-you-email'"),
        ({"objective": "warmth, care"}, "line 2: must have 15 fields; write a text with commas in double quotes"),
        ({"caution": "mind", "inferred": "caution"}, None),
        ({"causes": ""}, None),
    ],
)
def test_each_mistake_is_answered_in_one_line(change, message):
    if message is None:
        assert len(tactics.parse(table(LINE | change))) == 1
        return
    with pytest.raises(BadPlaybooks) as refused:
        tactics.parse(table(LINE | change))
    assert str(refused.value).startswith(f"tactics.csv: {message}")
    assert "\n" not in str(refused.value)


def test_an_id_may_come_once_and_columns_must_be_there():
    with pytest.raises(BadPlaybooks, match="line 3: id: 'thank-you' is there already"):
        tactics.parse(table(LINE, LINE))
    with pytest.raises(BadPlaybooks, match="columns are .*; write id, group, source"):
        tactics.parse("id,group\n")
