"""Who reads which language, with the texts of the package and those of the company."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import BadParams
from pipeline.params import Words
from pipeline.paths import REPRO
from pipeline.playbooks.declared import Playbook
from pipeline.tables import storage
from pipeline.words import LANGUAGES, OWNER, Speech, speech_of


def speech(words: Words) -> Speech:
    """Read the company's own catalogues, if it has any.

    Parameters
    ----------
    words
        ``params.yaml: words``.

    Raises
    ------
    BadParams
        There is no such folder, a file in it is named after no language, or it cannot be read.
    """
    if words.catalogues is None:
        return speech_of(words)
    folder = Path(words.catalogues)
    files = sorted(folder.glob("*.po"))
    if not files:
        raise BadParams(f"params.yaml: words.catalogues: {folder} holds no PO file; write one, or null")
    for file in files:
        if file.stem not in LANGUAGES:
            raise BadParams(f"{file}: is named after no language; name it {' or '.join(f'{n}.po' for n in LANGUAGES)}")
    return speech_of(words, {file.stem: file.read_bytes() for file in files})


def notes(words: Words, playbooks: dict[str, Playbook]) -> Iterator[str]:
    """What is worth knowing before a list is told in other languages: texts without a translation, unknown owners."""
    told = speech(words)
    for catalogue in (told.usual, *(catalogue for catalogue, _ in told.owners)):
        texts = {name: [text for text in (book.action, book.caution) if text] for name, book in playbooks.items()}
        own = [name for name, said in texts.items() if any(catalogue.text(text) == text for text in said)]
        if own and catalogue.language != "en":
            yield f"words: {catalogue.language} tells {', '.join(own)} as written; docs/words.md says how to translate"
    scores = storage.bucket_files(REPRO.scores)
    if words.of_owners and scores:
        owners = set(storage.read_buckets(REPRO.scores, [OWNER])[OWNER].drop_nulls().to_list())
        for name in sorted(set(words.of_owners) - owners):
            yield f"words.of_owners: {name!r} is the owner of no customer scored"
