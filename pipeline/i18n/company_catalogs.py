"""Who reads which language, with the texts of the package and those of the company."""

from pathlib import Path

from pipeline.config.errors import BadParams
from pipeline.config.params import LanguageSettings
from pipeline.i18n import LANGUAGES, Translator, build_translator


def load_translator(settings: LanguageSettings) -> Translator:
    """Read the company's own catalogues, if it has any.

    Parameters
    ----------
    settings
        ``params.yaml: language``.

    Raises
    ------
    BadParams
        There is no such folder, a file in it is named after no language, or it cannot be read.
    """
    if settings.catalogs is None:
        return build_translator(settings)
    folder = Path(settings.catalogs)
    files = sorted(folder.glob("*.po"))
    if not files:
        raise BadParams(f"params.yaml: language.catalogs: {folder} holds no PO file; write one, or null")
    for file in files:
        if file.stem not in LANGUAGES:
            raise BadParams(f"{file}: is named after no language; name it {' or '.join(f'{n}.po' for n in LANGUAGES)}")
    return build_translator(settings, {file.stem: file.read_bytes() for file in files})
