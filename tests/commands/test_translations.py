"""The catalogues: all that is said stands in each of them, translated, and nothing else."""

import io

import pytest
from babel.messages.pofile import write_po

from pipeline.commands import translations
from pipeline.i18n import LANGUAGES, shipped


@pytest.fixture(autouse=True)
def _at_the_root(root, monkeypatch):
    monkeypatch.chdir(root)


@pytest.mark.parametrize("language", translations.TRANSLATED)
def test_every_text_is_translated(language):
    found = translations.problems(language, translations.FOLDER / f"{language}.po")
    assert not found, f"run {translations.COMMAND}, then: " + "; ".join(found[:5])


def test_a_language_is_a_file_and_a_file_is_a_language(root):
    assert {file.stem for file in (root / translations.FOLDER).glob("*.po")} | {"en"} == set(LANGUAGES)


@pytest.mark.parametrize("language", translations.TRANSLATED)
def test_writing_a_catalogue_again_changes_nothing(language):
    file = translations.FOLDER / f"{language}.po"
    content = io.BytesIO()
    write_po(content, translations.updated(language, file), width=0, ignore_obsolete=True)
    assert content.getvalue() == file.read_bytes(), f"run {translations.COMMAND}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('msgstr "ja"', 'msgstr ""', "'yes' is not translated; write its msgstr"),
        ('msgid "yes"', 'msgid "indeed"', "lacks 'yes'; run python -m pipeline.commands.translations and translate it"),
        (
            'msgid "yes"',
            'msgid "indeed"',
            "nobody says 'indeed' any more; run python -m pipeline.commands.translations",
        ),
        ('#. pipeline/reasons/units.py\nmsgid "yes"', '#, fuzzy\nmsgid "yes"', "'yes' is not translated"),
        ("{number} bestillinger", "{antall} bestillinger", "have other places; write ['number']"),
        ('msgstr[1] "{number} dager"\n', "", "write its msgstr"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_named(old, new, said, tmp_path):
    text = (translations.FOLDER / "nb.po").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "nb.po"
    file.write_text(text.replace(old, new), encoding="utf-8")
    assert any(said in line for line in translations.problems("nb", file)), translations.problems("nb", file)


def test_a_new_text_waits_for_its_translation_and_the_others_keep_theirs(tmp_path):
    text = (translations.FOLDER / "nb.po").read_text(encoding="utf-8")
    file = tmp_path / "nb.po"
    file.write_text(text.replace('msgid "yes"', 'msgid "indeed"'), encoding="utf-8")
    found = translations.updated("nb", file)
    assert (found["yes"].string, "indeed" in found, found["no"].string) == (None, False, "nei")


def test_texts_that_differ_are_told_apart_in_every_language():
    """Two bands or tiers with one word would make a list that says less in another language."""
    for language in LANGUAGES:
        for words in (("new", "one-time", "regular", "loyal"), ("low", "medium", "high")):
            assert len({shipped(language).text(word) for word in words}) == len(words), language
