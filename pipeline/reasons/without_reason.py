"""The words for a customer on the list whom no single reason put there."""

import polars as pl

from pipeline.i18n import Translator

NO_MORE_THAN_USUAL = "no more at risk than is usual here"
MANY_INFLUENCES = "nothing stands out; many small influences add up"


def sentence(translator: Translator) -> pl.Expr:
    """Over ``log_odds``, ``base_log_odds`` and ``owner``: whether the risk is above the usual one at all.

    Examples
    --------
    >>> from pipeline.i18n import IN_ENGLISH
    >>> table = pl.DataFrame({"owner": [None, None], "log_odds": [0.2, 1.5], "base_log_odds": [1.0, 1.0]})
    >>> table.select(sentence(IN_ENGLISH)).to_series().to_list()
    ['No more at risk than is usual here', 'Nothing stands out; many small influences add up']
    """
    usual, many = (
        translator.each(lambda catalog: catalog.translate(NO_MORE_THAN_USUAL)),
        translator.each(lambda catalog: catalog.translate(MANY_INFLUENCES)),
    )
    text = pl.when(pl.col("log_odds") <= pl.col("base_log_odds")).then(usual).otherwise(many)
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)
