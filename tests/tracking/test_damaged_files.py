"""Whatever byte of a registered file changes, the weekly job does not score with it: one line, exit code 14."""

import random
import shutil
from pathlib import Path

import pytest

from pipeline.config import params
from pipeline.config.errors import ModelRefused
from pipeline.tracking import registry

pytestmark = pytest.mark.end_to_end
MODEL = ("churn.txt", "additive_logistic.json", "calibration.json", "model.json")


@pytest.fixture
def registered(copy_of_shop) -> dict[str, Path]:
    """The files behind the champion, in the registry's own folder."""
    files = {file.name: file for file in Path("mlruns").rglob("*") if file.name in MODEL and "data" in file.parts}
    (files["verdict.json"],) = Path("mlruns").rglob("reports/verdict.json")
    assert set(files) == {*MODEL, "verdict.json"}
    return files


def fetch(folder: Path) -> str:
    return registry.fetch_champion(params.load().tracking, folder / "models", folder / "verdict.json")


def flips(files: dict[str, Path], number: int) -> list[tuple[str, int, int]]:
    """Files, places and bits, drawn so that each file is hit and the longest is hit most."""
    draw = random.Random(20)
    names = [name for name, file in files.items() for _ in range(1 + file.stat().st_size // 2_000)]
    drawn = [*files, *(draw.choice(names) for _ in range(number - len(files)))]
    return [(name, draw.randrange(files[name].stat().st_size), draw.randrange(8)) for name in drawn]


@pytest.mark.parametrize("number", [25, pytest.param(500, marks=pytest.mark.nightly)])
def test_a_flipped_bit_anywhere_is_refused(registered, tmp_path, number):
    assert fetch(tmp_path) == "1"
    for name, place, bit in flips(registered, number):
        content = registered[name].read_bytes()
        registered[name].write_bytes(content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :])
        with pytest.raises(
            ModelRefused, match="are not those (that were registered|of its evaluation); go back to another version"
        ) as refused:
            fetch(tmp_path)
        assert "\n" not in str(refused.value)
        registered[name].write_bytes(content)
    assert fetch(tmp_path) == "1"


@pytest.mark.parametrize("name", MODEL)
@pytest.mark.parametrize(
    "change",
    [lambda text: text[: len(text) // 2], lambda text: b"", lambda text: text + b" ", lambda text: b"\xff" * 9],
)
def test_a_file_that_was_cut_or_exchanged_is_refused(registered, tmp_path, name, change):
    registered[name].write_bytes(change(registered[name].read_bytes()))
    with pytest.raises(ModelRefused, match="the files of version 1"):
        fetch(tmp_path)


def test_a_part_of_another_version_is_refused(registered, tmp_path):
    shutil.copy(registered["calibration.json"], registered["additive_logistic.json"])
    with pytest.raises(ModelRefused, match="the files of version 1"):
        fetch(tmp_path)
