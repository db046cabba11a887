"""The page on playbooks, run from its first file to its last command, in the corner shop."""

import json
import re
from collections import Counter
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from pipeline import cli
from pipeline.config import params
from pipeline.config.errors import BadPlaybooks
from pipeline.playbooks.config import playbook, playbooks_file
from pipeline.playbooks.config.limits import Limits
from pipeline.playbooks.config.terms import Discount, Promise, Promotion
from pipeline.playbooks.rules import matching
from pipeline.playbooks.rules.parser import read
from pipeline.playbooks.rules.vocabulary import vocabulary
from tests.company import make_company
from tests.flow import run_stages

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "playbooks.md"
BLOCK = re.compile(r"^```(\w+) ?(.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
WEEK = Path("exports/2024-07-01")
FIELDS = ["tactic", "when", "action", "channel", "who", "due_in_days", "due_before", "cost", "effect", "capacity", "cooldown_days",
          "caution", "purpose", "draft", "feasibility", "discount", "promotion", "offers", "promise", "duty", "gain"]  # fmt: skip


@dataclass
class Followed:
    """What the page said otherwise than it was."""

    wrong: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    said: str = ""

    def run(self, commands: str) -> None:
        self.said = ""
        for command in commands.splitlines():
            name, *arguments = command.split()
            assert name == "churn", f"the test runs churn alone, not {command!r}"
            done = CliRunner().invoke(cli.main, arguments)
            assert done.exit_code == 0, f"{command}\n{done.output}\n{done.exception}"
            self.said, self.ran = self.said + done.output, [*self.ran, arguments[0]]

    def hold(self, shown: str, there: str) -> None:
        """Keep what is shown and is not there."""
        lines = there.splitlines()
        self.wrong += [f"{line!r} is not in\n{there[:3000]}" for line in shown.splitlines() if line not in lines]


def reasons() -> str:
    counted = pl.read_parquet(WEEK / "actions.parquet")["why_not"].drop_nulls().to_list()
    return "\n".join(f"{number}  {words}" for words, number in Counter(counted).items())


def refused(file: Path) -> str:
    """What is said without the effect of the new playbook, and with a cause that is none."""
    settings, said = params.load(), []
    for old, new in (("    effect: 0.2\n", ""), ("has C27", "has C72")):
        Path("edited.yaml").write_text(file.read_text("utf-8").replace(old, new), encoding="utf-8")
        content = params.read_yaml(Path("edited.yaml"), BadPlaybooks)
        with pytest.raises(BadPlaybooks) as error:
            playbooks_file.parse(content, vocabulary(settings.score, settings.features))
        said.append(str(error.value))
    return "\n".join(said)


def follow(blocks: list[tuple[str, str, str]]) -> Followed:
    found, playbooks = Followed(), Path("playbooks.yaml")
    for language, name, content in blocks:
        if language == "sh":
            found.run(content)
        elif (language, name) == ("yaml", "more"):
            before, after = playbooks.read_text(encoding="utf-8").split("\nlimits:")
            playbooks.write_text(f"{before}\n{content}\nlimits:{after}", encoding="utf-8")
        elif language == "csv" and name.endswith(" new"):
            Path(name.removesuffix(" new")).write_text(content, encoding="utf-8")
        elif language == "csv":
            found.hold(content, Path(name).read_text(encoding="utf-8-sig"))
        elif language == "json":
            assert json.loads(content) == json.loads((WEEK / "run_report.json").read_text(encoding="utf-8"))[name]
        elif language == "text":
            there = {"": lambda: found.said, "why_not": reasons, "wrong": lambda: refused(playbooks)}[name]()
            found.hold(content, there)
    return found


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> Followed:
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    folder = tmp_path_factory.mktemp("page")
    make_company(folder)
    assert blocks[0][:2] == ("yaml", "playbooks.yaml")
    (folder / "playbooks.yaml").write_text(blocks[0][2], encoding="utf-8")
    with chdir(folder):
        run_stages(params.load())
        return follow(blocks[1:])


@pytest.mark.end_to_end
def test_the_page_leads_from_a_new_playbook_to_the_list(followed):
    assert followed.ran == ["check", "diff", "weekly", "weekly", "calendar"]
    assert not followed.wrong, followed.wrong[0]


def rows(heading: str) -> list[list[str]]:
    behind = PAGE.read_text(encoding="utf-8").split(f"| {heading} |", 1)[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in behind.splitlines()[2:]]


def test_every_field_of_a_playbook_is_told():
    assert [row[0].strip("`") for row in rows("field")] == FIELDS
    assert set(FIELDS) == set(playbook.Playbook.model_fields)
    page = PAGE.read_text(encoding="utf-8")
    for section in (Discount, Promotion, Promise, Limits, params.Guards, params.Contact):
        missing = [name for name in section.model_fields if not re.search(rf"\b{name}\b", page)]
        assert not missing, f"docs/playbooks.md says nothing of {', '.join(missing)}"


def test_the_rules_of_the_page_are_rules(settings):
    names = vocabulary(settings.score, settings.features)
    columns = {column for parts in (matching.SETS.values()) for column in parts} | set(matching.WORDS.values())
    for _, rule in rows("customers"):
        for name in matching.columns(read(rule.strip("`"))):
            assert name in names or name in columns, f"{rule} speaks of {name}, which is no name"
