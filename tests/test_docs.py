"""What the documents say is so: commands, links, figures, tables, dependencies."""

import importlib.util
import json
import re
import shutil
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from docs import generate
from pipeline import cli
from pipeline.config import errors, overlay, params
from pipeline.evaluation import grade
from pipeline.evaluation.model_card import figures
from pipeline.examples.features import FAMILIES
from pipeline.examples.population import STATUSES
from pipeline.scoring.bucket import SCORE_COLUMNS
from pipeline.sources import samples

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "tutorial.md"
GUIDE = ROOT / "docs" / "bring-your-own-data.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "raw" / "README.md"])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what stands behind it, and its lines."""

    language: str
    name: str
    content: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(r"^( *)```(\w+) ?(.*?)\n(.*?)^\1```", text(page), re.MULTILINE | re.DOTALL)
    return [Block(language, name, textwrap.dedent(content)) for _, language, name, content in found]


def code(page: Path) -> list[str]:
    """All lines of code of a page: of shell blocks, and in single backticks."""
    lines = [line for block in blocks(page) if block.language in {"sh", "cron"} for line in block.content.splitlines()]
    prose = re.sub(r"^ *```.*?^ *```", "", text(page), flags=re.MULTILINE | re.DOTALL)
    return [line.strip() for line in (*lines, *re.findall(r"`([^`\n]+)`", prose))]


def calls(page: Path, program: str) -> list[list[str]]:
    """The words behind each call of a program, comments left out."""
    found = [re.search(rf"(?:^|&& )(?:\.venv/bin/)?{program} +(\S[^#;&]*)", line) for line in code(page)]
    return [match[1].split() for match in found if match]


def table_rows(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table behind a text."""
    behind = page.split(heading, 1)[1]
    lines = re.search(r"^\|.*?\n\n", behind + "\n\n", re.MULTILINE | re.DOTALL)[0].strip().splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


# ------------------------------------------------------------------------------------------------------------ commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    for words in calls(page, "make"):
        if not words[0].startswith("DATA="):
            assert words[0] in targets, f"make {words[0]} is no target of the Makefile"
        for word in words:
            if word.startswith("DATA="):
                assert (ROOT / "params" / f"{word.removeprefix('DATA=')}.yaml").is_file(), word


def test_the_first_block_of_the_readme_is_the_two_commands():
    first = blocks(README)[0].content.splitlines()
    assert [line.partition("#")[0].strip() for line in first] == ["make repro", "make test"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_churn_commands_and_their_options_exist(page):
    for words in calls(page, "churn"):
        name = words[0]
        if name.startswith("--"):
            assert name in {option for parameter in cli.main.params for option in parameter.opts}, name
            continue
        assert name in cli.main.commands, f"{page.name}: churn {name} is no command"
        known = {option for parameter in cli.main.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, " ".join(words)


@pytest.mark.parametrize("name", cli.main.commands)
def test_every_command_is_documented(name):
    found = [
        page for page in (README, *(ROOT / "docs").rglob("*.md")) if [name] in [c[:1] for c in calls(page, "churn")]
    ]
    assert found, f"say in README.md or docs/ what `churn {name}` does"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_modules_exist(page):
    for words in calls(page, "python"):
        if words[0] == "-m":
            assert importlib.util.find_spec(words[1]), f"{page.name}: no module {words[1]}"


# --------------------------------------------------------------------------------------------------- links and places


def slugs(page: Path) -> set[str]:
    heads = re.findall(r"^#+ +(.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if target.startswith("https://"):
            continue
        place, _, anchor = target.partition("#")
        there = (page.parent / place).resolve() if place else page
        assert there.exists(), f"{page.name}: {target} leads nowhere"
        assert not anchor or anchor in slugs(there), f"{page.name}: {there.name} has no heading #{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_of_the_repository_exist(page):
    named = re.compile(
        r"(?:pipeline|tests|docs|notebooks|requirements|benchmarks)/[\w./-]*|params/(?:cdnow|complete)\S*"
    )
    for words in code(page):
        for place in named.findall(words):
            if "sN_" not in place and "<" not in words:
                assert (ROOT / place).exists(), f"{page.name}: there is no {place}"


# ----------------------------------------------------------------------------------------- what comes from elsewhere


def test_generated_parts_are_fresh():
    found = [str(page.relative_to(ROOT)) for page in generate.stale()]
    assert not found, f"{', '.join(found)} out of date; run: {generate.COMMAND}"


def test_a_stale_page_is_noticed_and_the_command_says_so(monkeypatch, tmp_path, capsys):
    for name in generate.PAGES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(
            text(ROOT / name).replace("| `risk_band` | text |", "| `band` | text |"), encoding="utf-8"
        )
    wanted = generate.stale(tmp_path)
    assert [page.name for page in wanted] == ["data-dictionary.md"]
    assert wanted[tmp_path / "docs/data-dictionary.md"] == text(ROOT / "docs/data-dictionary.md")
    monkeypatch.setattr(generate, "stale", lambda: {ROOT / "docs/data-dictionary.md": ""})
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err == "docs/data-dictionary.md is out of date; run: python -m docs.generate\n"


def test_every_column_of_the_scores_has_its_words():
    told = [row[0].strip("`") for row in table_rows(text(ROOT / "docs/data-dictionary.md"), "## The scores")]
    assert told == SCORE_COLUMNS
    assert set(generate.SCORE_WORDS) <= set(SCORE_COLUMNS), "a word for a column that is no more"


def test_the_stages_of_the_tutorial_are_those_of_dvc_yaml():
    declared = YAML(typ="safe").load(text(ROOT / "dvc.yaml"))["stages"]
    told = [row[:3] for row in table_rows(text(TUTORIAL), "<!-- begin stages -->")]
    stages = [[str(at), name, stage["desc"]] for at, (name, stage) in enumerate(declared.items(), start=1)]
    assert [[at, name, words.replace("→", "->")] for at, name, words in told] == stages


def reports_of_the_sample() -> dict:
    company = json.loads(text(ROOT / "reports/ingest.json"))["company"]
    if company != "complete_journey":
        pytest.skip(f"the reports here are of {company}; the README is about the default sample")
    return json.loads(text(ROOT / "reports/verdict.json"))


def test_the_figures_of_the_readme_are_those_of_the_report():
    found = reports_of_the_sample()
    rows = table_rows(text(README), "<!-- begin quality -->")
    assert [row[0] for row in rows] == list(generate.FIGURES.values())
    for key, row in zip(generate.FIGURES, rows, strict=True):
        for scorer, cell in zip(("model", "rfm_logistic", "recency_rule"), row[1:], strict=True):
            said = cell.strip("*")
            number = float(said.removesuffix(" %")) / 100 if said.endswith("%") else float(said)
            assert number == pytest.approx(found[scorer][key], abs=0.0051 if said.endswith("%") else 0.00051), (
                key,
                scorer,
            )
        in_bold = [float(cell.strip("*% ")) for cell in row[1:] if cell.startswith("**")]
        numbers = [float(cell.strip("*% ")) for cell in row[1:]]
        assert set(in_bold) == {min(numbers) if key == "brier" else max(numbers)}
    assert found["verdict"] in text(README)


def test_the_readme_says_what_the_provider_wants_said():
    assert samples.NOTICES["complete_journey"] in text(README)


def test_the_picture_is_small_enough_for_a_readme():
    assert (ROOT / "docs/images/risk_list.png").stat().st_size < 300_000
    page = (ROOT / "docs/the-list.md").read_text(encoding="utf-8")
    for name in generate.PICTURES:
        assert f"images/{name}.png" in page, f"docs/the-list.md: show images/{name}.png"
        assert (ROOT / f"docs/images/{name}.png").is_file(), "take it: python -m docs.generate --picture"


def test_every_dependency_has_its_line():
    wanted = {re.match(r"[\w.-]+", line)[0] for line in PROJECT["dependencies"]}
    for_development = {re.match(r"[\w.-]+", line)[0] for line in PROJECT["optional-dependencies"]["dev"]} - {
        PROJECT["name"]
    }
    page = text(ROOT / "docs/decisions/dependencies.md")
    optional = PROJECT["optional-dependencies"]
    asked_for = {re.match(r"[\w.-]+", line)[0] for name in optional if name != "dev" for line in optional[name]}
    parts = {"**Decision.**": wanted, "Only where it is asked for": asked_for, "For development only": for_development}
    for heading, names in parts.items():
        rows = table_rows(page, heading)
        told = {row[0].strip("`") for row in rows}
        assert told == names, f"docs/decisions/dependencies.md: lines missing or left over: {sorted(told ^ names)}"
        assert all(row[1] and row[3] for row in rows), "say what it is for, and its licence"


def test_the_exit_codes_of_the_guide_are_those_of_the_code():
    kinds = vars(errors).values()
    codes = [kind.exit_code for kind in kinds if isinstance(kind, type) and issubclass(kind, errors.PipelineError)]
    rows = table_rows(text(GUIDE), "## When something is refused")
    assert [int(row[0]) for row in rows] == sorted(set(codes) - {errors.PipelineError.exit_code})


def test_the_exit_codes_to_act_on_are_those_of_the_code():
    kinds = vars(errors).values()
    codes = [kind.exit_code for kind in kinds if isinstance(kind, type) and issubclass(kind, errors.PipelineError)]
    rows = table_rows(text(ROOT / "docs/schedule-it.md"), "## What to do on each exit code")
    assert [int(row[0]) for row in rows] == [0, *sorted(set(codes) - {errors.PipelineError.exit_code}), 143]


def test_the_readme_is_read_in_one_go():
    assert len(text(README).splitlines()) <= 100


def test_the_grades_and_scorers_of_the_page_are_those_of_the_code():
    page = text(ROOT / "docs/model-quality.md")
    told = {letter: (means, advice) for letter, means, advice in table_rows(page, "## The grade")}
    assert told == {letter: (means, grade.Grade(letter, []).advice) for letter, means in grade.RULES.items()}
    scorers = [row[0].strip("`") for row in table_rows(page, "## What it has to beat")]
    assert sorted([*scorers, "model"]) == sorted(figures.SCORERS)
    named = set(re.findall(r"`evaluate\.(\w+)`", page))
    assert named <= set(params.Evaluate.model_fields), "settings that params.yaml does not have"
    assert f"exit code {errors.ModelRefused.exit_code}" in page


def test_the_glossary_knows_the_words_of_the_code():
    glossary = text(ROOT / "docs/glossary.md")
    for word in (*STATUSES, *FAMILIES):
        assert re.search(rf"\b{word}\b", glossary), f"docs/glossary.md says nothing of {word}"


# ---------------------------------------------------------------------------------------------------------- settings


def test_the_settings_of_the_tutorial_are_right(tmp_path):
    snippet = next(block for block in blocks(TUTORIAL) if block.language == "yaml")
    (tmp_path / "my_shop.yaml").write_text(snippet.content, encoding="utf-8")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    assert "sources" in overlay.apply(tmp_path / "my_shop.yaml", tmp_path / "params.yaml")


QUESTIONS = {
    "leakage is checked": "CONTRIBUTING.md",
    "Add a feature": "CONTRIBUTING.md",
    "Add a channel": "CONTRIBUTING.md",
    "Add a language": "CONTRIBUTING.md",
    "reruns after a change": "CONTRIBUTING.md",
    "Champion and challenger": "docs/model-quality.md",
    "Experiments": "docs/experiments.md",
    "exit code": "docs/schedule-it.md",
    "From pandas": "docs/from-pandas.md",
    "The grade": "docs/model-quality.md",
}


@pytest.mark.parametrize("words", QUESTIONS)
def test_what_a_newcomer_asks_first_stands_in_a_heading(words):
    """One search for the standard word leads to the place that answers it."""
    headings = [line for line in text(ROOT / QUESTIONS[words]).splitlines() if line.startswith("#")]
    assert [line for line in headings if words.lower() in line.lower()], f"{QUESTIONS[words]}: a heading with {words!r}"
