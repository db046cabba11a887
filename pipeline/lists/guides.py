"""What to ask in a talk, in the languages in which there may be one this week."""

from collections.abc import Iterable

import polars as pl

from pipeline.decisions import tasks
from pipeline.decisions.watch import is_personal
from pipeline.i18n import Translator, language_of
from pipeline.reasons import interviews


def of_week(
    everybody: pl.DataFrame, blind_spots: Iterable[dict[str, str]], translator: Translator
) -> tuple[interviews.Guide, ...]:
    """In the languages of those who read the lists, and of those customers whom somebody will talk to."""
    unseen = [cause["id"] for cause in blind_spots]
    codes = tasks.languages(everybody.filter(is_personal())).unique().drop_nulls().to_list()
    read = {translator.usual.language, *(catalog.language for catalog, _ in translator.owners)}
    spoken = read | {language_of(code) for code in codes}
    catalogs = sorted((one for one in translator.others if one.language in spoken), key=lambda one: one.language)
    return tuple(interviews.guide(catalog, unseen) for catalog in catalogs)
