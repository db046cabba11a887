"""Whether the weekly job scores or refuses: registry, decision on file, `models/` and ``dvc.lock`` have to agree."""

import hashlib

import pytest

from pipeline.config.errors import ModelRefused
from pipeline.config.paths import REPRO
from pipeline.model.fingerprint import fingerprint
from pipeline.tables import storage
from pipeline.tracking import champion
from pipeline.tracking.champion import Decision

FILES = ("churn.txt", "additive_logistic.json", "calibration.json", "model.json")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty project, and how to put a model there: its fingerprint comes back."""
    monkeypatch.chdir(tmp_path)

    def put(name: str) -> str:
        for file in FILES:
            storage.write_text(f"{name}\n", REPRO.models / file)
        return fingerprint(REPRO)

    return put


def print_of(name: str, place) -> str:
    value = place(name)
    for file in FILES:
        (REPRO.models / file).unlink()
    return value


# registry: the champion's model; decided, refused: what is on file; local: what lies in models/.
# "-" is none; the last column is what the refusal says, or "scores".
CASES = """
    registry | decided | refused | local | unfit | outcome
    a        | a       | -       | a     | -     | scores: all agree
    a        | -       | -       | -     | -     | scores: a folder with settings alone takes the registry's word
    a        | -       | -       | a     | -     | scores: a project of the release before
    a        | a       | -       | -     | -     | scores: a fresh clone beside a shared registry
    a        | a       | b       | b     | -     | scores: the challenger in models/ was refused
    b        | b       | a       | a     | -     | scores: another version was promoted by hand
    a        | a       | -       | b     | b     | scores: the model in models/ is of grade F, which ended the run
    b        | a       | -       | a     | -     | expects model .* to use the expected one: churn promote; to use
    b        | a       | -       | -     | -     | to use the expected one: dvc checkout \\(or dvc pull\\), then churn promote
    b        | a       | -       | b     | -     | expects model .* to use the registry's: churn promote 7
    b        | -       | -       | a     | -     | expects model .* champion of the registry is version 7
    a        | a       | -       | b     | -     | models: holds model .* on which nobody has decided .* to decide: dvc repro
    a        | a       | c       | b     | -     | models: holds model .* on which nobody has decided
    a        | a       | -       | b     | c     | models: holds model .* on which nobody has decided
"""
ROWS = [[cell.strip() for cell in line.split(" | ", 5)] for line in CASES.strip().splitlines()[1:]]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row[:5]))
def test_it_scores_or_refuses(place, row):
    registered, decided, refused, local, unfit, outcome = row
    known = {name: print_of(name, place) for name in "abc"} | {"-": ""}
    if decided != "-":
        Decision(known[decided], known[refused], "" if refused == "-" else "it was worse").write(REPRO)
    if local != "-":
        place(local)
    if unfit != "-":
        storage.write_json({"ship": False, "approved_by": "", "model_fingerprint": known[unfit]}, REPRO.verdict)
    if outcome.startswith("scores"):
        champion.check(known[registered], "7", REPRO)
    else:
        with pytest.raises(ModelRefused, match=outcome) as no:
            champion.check(known[registered], "7", REPRO)
        assert no.value.exit_code == 14
        assert "\n" not in str(no.value)


def test_a_model_that_is_not_the_one_of_the_lock_is_refused(place, tmp_path):
    same = place("a")
    outs = [
        {"path": f"models/{file}", "md5": hashlib.md5((REPRO.models / file).read_bytes()).hexdigest()} for file in FILES
    ]
    storage.write_json({"stages": {"train": {"outs": outs}}}, tmp_path / "dvc.lock")
    champion.check(same, "1", REPRO)
    (REPRO.models / "calibration.json").write_text("b\n", encoding="utf-8")
    with pytest.raises(ModelRefused, match=r"^models/calibration\.json: is not the file that dvc\.lock names; bring "):
        champion.check(same, "1", REPRO)


def test_where_colleagues_promote_in_the_same_registry_pulling_comes_first(place):
    other, expected = print_of("b", place), place("a")
    Decision(expected).write(REPRO)
    with pytest.raises(ModelRefused) as alone:
        champion.check(other, "7", REPRO)
    assert "git pull" not in str(alone.value)
    with pytest.raises(
        ModelRefused, match=r"if a colleague promoted it: git pull && dvc pull; to use the expected one: "
    ):
        champion.check(other, "7", REPRO, is_shared=True)


def test_a_decision_says_nothing_of_who_or_when(place):
    Decision("a" * 64).write(REPRO)
    assert storage.read_json(REPRO.champion) == {"champion": "a" * 64}
    Decision("a" * 64, "b" * 64, "it ranks worse").write(REPRO)
    assert Decision.read(REPRO) == Decision("a" * 64, "b" * 64, "it ranks worse")
    assert Decision.read(REPRO) != Decision()
