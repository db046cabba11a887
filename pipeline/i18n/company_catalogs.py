"""Who reads which language, with the texts of the package and those of the company."""

from pathlib import Path

from pipeline.config.errors import BadParams
from pipeline.config.params import Words
from pipeline.i18n import LANGUAGES, Speech, speech_of


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
