"""Settings of before get what is new, with its sentence, whatever they lack."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.commands import upgrade_params
from pipeline.config import params
from pipeline.config.new_settings import _block, add_missing
from tests.company import ROOT
from tests.profiles import examples

SHIPPED = (ROOT / "params.yaml").read_text(encoding="utf-8")
CONTENT = params.content_of(SHIPPED)
# Every setting on a line of its own that a file must have; what a company says of its own data is not among them.
KEYS = sorted(
    f"{section}.{key}"
    for section, settings in CONTENT.items()
    # A section that loses its only setting is no section any more.
    if isinstance(settings, dict) and len(settings) > 1 and section not in {"sources", "data", "snapshots"}
    for key in settings
    if params.missing_keys({**CONTENT, section: {k: v for k, v in settings.items() if k != key}})
)


def without(text: str, keys: list[str]) -> str:
    for key in keys:
        block = "".join(_block(text.splitlines(keepends=True), key))
        assert text.count(block) == 1
        text = text.replace(block, "")
    return text


def leaves_every_section(keys: list[str]) -> bool:
    return all(set(CONTENT[section]) - {key.split(".")[1] for key in keys if key.startswith(f"{section}.")}
               for section in {key.split(".")[0] for key in keys})  # fmt: skip


@given(st.lists(st.sampled_from(KEYS), min_size=1, max_size=6, unique=True).filter(leaves_every_section))
@examples(40)
def test_whatever_is_missing_comes_back_as_shipped(keys):
    older = without(SHIPPED, keys)
    missing = params.missing_keys(params.content_of(older))
    assert sorted(missing) == sorted(keys)
    text, notices = add_missing(older, SHIPPED, missing)
    assert sorted(notices) == sorted(f"{key} is new, and has its usual value now" for key in keys)
    assert params.content_of(text) == CONTENT
    assert sorted(text.splitlines()) == sorted(SHIPPED.splitlines()), "with its comment, and nothing else moves"


def test_the_command_writes_them_and_keeps_what_was_set(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text(
        without(SHIPPED, ["contact.max_tries", "storage.scheduler"]).replace("max_per_week: 2", "max_per_week: 5")
    )
    assert list(upgrade_params.run([file])) == [
        f"{file}: storage.scheduler is new, and has its usual value now",
        f"{file}: contact.max_tries is new, and has its usual value now",
    ]
    settings = params.load(file)
    assert (settings.contact.max_tries, settings.contact.max_per_week) == (3, 5)
    assert list(upgrade_params.run([file])) == [f"{file}: has the names of this release already"]


def test_a_section_written_in_one_line_is_left_to_its_owner(tmp_path):
    file = tmp_path / "params.yaml"
    values = ", ".join(f"{key}: {value}" for key, value in CONTENT["train"].items() if key != "max_customers") or ""
    file.write_text(re.sub(r"(?ms)^train:\n.*?(?=^# -)", f"train: {{{values}}}\n\n", SHIPPED), encoding="utf-8")
    assert list(upgrade_params.run([file])) == [
        f"{file}: train.max_customers is new; write it by hand, as in the params.yaml of this release"
    ]


@pytest.mark.parametrize("overlay", sorted((ROOT / "params").glob("*.yaml")), ids=lambda file: file.stem)
def test_an_overlay_is_meant_to_lack_the_rest(tmp_path, overlay):
    file = tmp_path / overlay.name
    file.write_text(overlay.read_text(encoding="utf-8"), encoding="utf-8")
    assert list(upgrade_params.run([file])) == [f"{file}: has the names of this release already"]
    assert file.read_text(encoding="utf-8") == overlay.read_text(encoding="utf-8")
