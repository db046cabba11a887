"""What was called otherwise one release ago still works, says its new name, and is written anew on request."""

import json
import shutil

import pytest
from click.testing import CliRunner

from pipeline import cli
from pipeline.commands import upgrade_params
from pipeline.config import overlay, params, renamed
from pipeline.config.errors import BadParams
from pipeline.config.upgrade import upgrade_rules, upgrade_settings
from pipeline.model.artefacts_upgrade import upgrade
from pipeline.playbooks.rules.vocabulary import vocabulary


def with_old_names(text: str) -> str:
    """A settings file as the release before wrote it: each key line with its old name."""
    lines = text.splitlines(keepends=True)
    for old, new in reversed(renamed.SETTINGS.items()):
        section, _, key = new.rpartition(".")
        inside = section == ""
        for number, line in enumerate(lines):
            if line[0] not in " #\n":
                inside = line.startswith(f"{section or key}:")
            if inside and line.startswith(f"{'  ' if section else ''}{key}:"):
                lines[number] = line.replace(f"{key}:", f"{old.rpartition('.')[2]}:", 1)
                break
    return "".join(lines)


def test_every_new_name_is_a_setting_there_is(settings):
    content = settings.model_dump()
    for new in renamed.SETTINGS.values():
        section, _, key = new.rpartition(".")
        assert key in (content[section] if section else content), f"renamed.SETTINGS: {new} is no setting"


def test_every_new_column_is_one_there_is(settings):
    names = vocabulary(settings.score, settings.features)
    in_rules = {"p_no_purchase", "lifecycle", "evidence_causes"} - {"p_no_purchase"}
    assert in_rules <= set(names)
    assert not set(renamed.COLUMNS) & set(names), "an old name has another meaning in rules now"


def test_a_file_with_old_names_is_read_and_each_is_told(root, tmp_path, capsys, settings):
    old = with_old_names((root / "params.yaml").read_text(encoding="utf-8"))
    (tmp_path / "params.yaml").write_text(old, encoding="utf-8")
    assert params.load(tmp_path / "params.yaml") == settings
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(renamed.SETTINGS)
    for line, (before, now) in zip(lines, renamed.SETTINGS.items(), strict=True):
        assert line.endswith(f"params.yaml: {before} is called {now} now; churn upgrade-params writes it")


def test_upgrading_gives_the_committed_file_byte_for_byte(root, tmp_path):
    text = (root / "params.yaml").read_text(encoding="utf-8")
    old = with_old_names(text)
    assert old != text
    upgraded, notices = upgrade_settings(old)
    assert upgraded == text
    assert len(notices) == len(renamed.SETTINGS)
    assert upgrade_settings(upgraded) == (text, [])


def test_old_and_new_name_side_by_side_are_refused(settings):
    content = settings.model_dump(mode="json")
    content["model"]["row_share"] = 0.5
    with pytest.raises(BadParams, match=r"unknown key 'model\.row_share'"):
        params.parse(renamed.settings(content)[0])


def test_an_overlay_with_old_names_changes_the_new_settings(root, tmp_path):
    shutil.copy(root / "params.yaml", tmp_path)
    (tmp_path / "mine.yaml").write_text("contact:\n  most_per_week: 1\nwords:\n  language: nb\n", encoding="utf-8")
    changed = overlay.apply(tmp_path / "mine.yaml", tmp_path / "params.yaml")
    assert changed == ["contact.max_per_week", "language.default"]
    assert params.load(tmp_path / "params.yaml").contact.max_per_week == 1


def test_rules_with_old_names_are_read(tmp_path, capsys):
    (tmp_path / "playbooks.yaml").write_text(
        "playbooks:\n  call:\n    when: stage = medium and evident_causes has C10\n", encoding="utf-8"
    )
    content = params.read_playbooks(tmp_path / "playbooks.yaml")
    assert content["playbooks"]["call"]["when"] == "lifecycle = medium and evidence_causes has C10"
    assert capsys.readouterr().err.count("playbooks.call.when: ") == 2
    assert next(upgrade_params.run([tmp_path / "playbooks.yaml"])).endswith("stage is called lifecycle now")
    params.read_playbooks(tmp_path / "playbooks.yaml")
    assert capsys.readouterr().err == ""


def test_the_command_rewrites_and_then_has_nothing_to_do(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    old = with_old_names((root / "params.yaml").read_text(encoding="utf-8"))
    (tmp_path / "params.yaml").write_text(old, encoding="utf-8")
    shutil.copy(root / "playbooks.yaml", tmp_path)
    first = CliRunner().invoke(cli.main, ["upgrade-params"])
    assert first.exit_code == 0
    assert first.output.count(" is called ") == len(renamed.SETTINGS)
    again = CliRunner().invoke(cli.main, ["upgrade-params"])
    assert again.output.count("has the names of this release already") == 2
    assert (tmp_path / "params.yaml").read_bytes() == (root / "params.yaml").read_bytes()
    missing = CliRunner().invoke(cli.main, ["upgrade-params", "nowhere.yaml"])
    assert missing.exit_code == BadParams.exit_code


@pytest.mark.parametrize(("old", "new"), renamed.OPTIONS.items())
def test_an_old_option_is_understood_and_named(old, new):
    command = next(
        name for name, one in cli.main.commands.items() if any(new in getattr(p, "opts", ()) for p in one.params)
    )
    found = CliRunner().invoke(cli.main, [command, old, "x", "--help"])
    assert found.exit_code == 0
    assert f"{old} is called {new} now" in found.output


def test_a_name_that_stands_in_quotes_is_a_value(settings):
    assert upgrade_rules("    when: region is 'stage'\n") == ("    when: region is 'stage'\n", [])


def test_the_files_of_an_older_model_get_the_new_names(tmp_path):
    files = {
        "wide.json": {"share": 0.25, "base": 0.0, "lines": {"no_order_chance": {"cuts": []}}},
        "calibration.json": {"in_use": {"slope": 1.0}, "judged": {"slope": 2.0}},
        "model.json": {
            "rhythm": {"r": 1.0},
            "features": [{"name": "no_order_chance"}],
            "typical": {"no_order_chance": 1},
        },
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "churn.txt").write_text("feature_names=a no_order_chance\nno_order_chance=3\n", encoding="utf-8")
    upgrade(tmp_path)
    read = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in tmp_path.glob("*.json")}
    assert read["additive_logistic.json"]["lines"] == {"p_no_purchase": {"cuts": []}}
    assert read["calibration.json"]["evaluated"] == {"slope": 2.0}
    assert read["model.json"] == {
        "purchase_process": {"r": 1.0}, "features": [{"name": "p_no_purchase"}], "typical": {"p_no_purchase": 1},
    }  # fmt: skip
    assert (tmp_path / "churn.txt").read_text() == "feature_names=a p_no_purchase\np_no_purchase=3\n"
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    upgrade(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
