"""Who reads which language, and every sentence told to each reader in theirs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import Words
from pipeline.i18n.catalogs import ENGLISH, Catalogue, read, texts_of
from pipeline.i18n.languages import LANGUAGES, language_of

# What stands in a sentence: a text, a column of texts, or either in the language of the reader.
Part: TypeAlias = str | pl.Expr | Callable[[Catalogue], str | pl.Expr]
OWNER = "owner"


@dataclass(frozen=True)
class Speech:
    """In which language each reader of the lists is told.

    Attributes
    ----------
    usual
        The language of whoever has none of their own.
    owners
        Other languages, each with the owners who read it.
    others
        All languages there are, for what a customer is sent.
    """

    usual: Catalogue = ENGLISH
    owners: tuple[tuple[Catalogue, tuple[str, ...]], ...] = ()
    others: tuple[Catalogue, ...] = (ENGLISH,)

    def each(self, tell: Callable[[Catalogue], pl.Expr]) -> pl.Expr:
        """What `tell` makes of a language, for every row in that of its ``owner``."""
        told = tell(self.usual)
        for catalogue, names in self.owners:
            told = pl.when(pl.col(OWNER).cast(pl.String).is_in(names)).then(tell(catalogue)).otherwise(told)
        return told

    def say(self, message: str, **parts: Part) -> pl.Expr:
        """A sentence for every row, in the language of its ``owner``; see `Catalogue.say`.

        Parameters
        ----------
        message
            The template in English, written out where it is said: the catalogues are made of what stands there.
        parts
            What stands in it.

        Examples
        --------
        >>> speech = speech_of(Words(language="en", of_owners={"Kari": "nb"}, catalogues=None))
        >>> table = pl.DataFrame({"owner": ["Ann", "Kari", None]})
        >>> table.select(speech.say("disputes that are open: {number}", number="2")).to_series().to_list()
        ['disputes that are open: 2', 'åpne tvister: 2', 'disputes that are open: 2']
        """
        return self.each(lambda catalogue: catalogue.say(message, **told_in(catalogue, parts)))

    def swapped(self, column: str, texts: Iterable[str]) -> pl.Expr:
        """A column in which some texts are told in the language of the ``owner``; any other text stays."""
        wanted = sorted(set(texts))
        return self.each(lambda catalogue: swapped(catalogue, pl.col(column), wanted))

    def groups(self, owners: pl.Series | None, rows: int) -> Iterator[tuple[Catalogue, npt.NDArray[np.bool_]]]:
        """Each language with its readers among the rows; a language that nobody reads is left out."""
        rest = np.ones(rows, dtype=np.bool_)
        known = pl.repeat(None, n=rows, dtype=pl.String, eager=True) if owners is None else owners.cast(pl.String)
        for catalogue, names in self.owners:
            own = known.is_in(names).fill_null(value=False).to_numpy()
            rest &= ~own
            if own.any():
                yield catalogue, own
        if rest.any():
            yield self.usual, rest

    def to_customers(self, tell: Callable[[Catalogue], pl.Expr], codes: pl.Series) -> pl.Expr:
        """What `tell` makes of a language, in each customer's own; in the usual one where there is no catalogue.

        Parameters
        ----------
        tell
            Of a language.
        codes
            What the table customers says in ``language``, for each row.
        """
        found = {code: language_of(code) for code in codes.unique().drop_nulls().to_list()}
        told = tell(self.usual)
        for catalogue in self.others:
            own = [code for code, language in found.items() if language == catalogue.language]
            if own and catalogue.language != self.usual.language:
                told = pl.when(codes.is_in(own)).then(tell(catalogue)).otherwise(told)
        return told


IN_ENGLISH = Speech()


def share(number: float) -> Part:
    """A share (0-1) that a sentence speaks of, in whole percent as they stand in a text: ``10%``."""
    return lambda catalogue: catalogue.say(
        "{number}%", number=catalogue.numeral(pl.lit(f"{number:.0%}".removesuffix("%")))
    )


def figure(digits: str | pl.Expr) -> Part:
    """A number written the English way, which a sentence tells with the signs of its language."""
    column = pl.lit(digits) if isinstance(digits, str) else digits
    return lambda catalogue: catalogue.numeral(column)


def told_in(catalogue: Catalogue, parts: Mapping[str, Part]) -> dict[str, str | pl.Expr]:
    """The parts of a sentence, in one language."""
    return {name: part(catalogue) if callable(part) else part for name, part in parts.items()}


def swapped(catalogue: Catalogue, column: pl.Expr, texts: Iterable[str]) -> pl.Expr:
    """A column in which some texts are told in one language; any other text stays."""
    changed = {text: catalogue.text(text) for text in texts if catalogue.text(text) != text}
    return column.cast(pl.String).replace(changed) if changed else column


@cache
def shipped(language: str) -> Catalogue:
    """A language with the texts the package holds."""
    return ENGLISH if language == "en" else Catalogue(language, read(language, texts_of(language), f"{language}.po"))


def speech_of(words: Words, own: Mapping[str, bytes] | None = None) -> Speech:
    """Who reads what, by the settings.

    Parameters
    ----------
    words
        ``params.yaml: words``.
    own
        PO files of the company, by language: their texts go before those of the package.

    Raises
    ------
    BadParams
        One of those files cannot be read.
    """
    there = {language: _with(language, (own or {}).get(language)) for language in LANGUAGES}
    owners: dict[str, list[str]] = {}
    for owner, language in sorted(words.of_owners.items()):
        if language != words.language:
            owners.setdefault(language, []).append(owner)
    return Speech(
        there[words.language],
        tuple((there[language], tuple(names)) for language, names in sorted(owners.items())),
        tuple(there.values()),
    )


def _with(language: str, own: bytes | None) -> Catalogue:
    if own is None:
        return shipped(language)
    texts = read(language, own, f"{language}.po")
    if language != "en":
        texts.add_fallback(read(language, texts_of(language), f"{language}.po"))
    return Catalogue(language, texts)
