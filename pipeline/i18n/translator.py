"""Who reads which language, and every sentence told to each reader in theirs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.config.params import LanguageSettings
from pipeline.i18n.catalogs import ENGLISH, MessageCatalog, read, texts_of
from pipeline.i18n.languages import LANGUAGES, language_of

# What stands in a sentence: a text, a column of texts, or either in the language of the reader.
Part: TypeAlias = str | pl.Expr | Callable[[MessageCatalog], str | pl.Expr]
OWNER = "owner"


@dataclass(frozen=True)
class Translator:
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

    usual: MessageCatalog = ENGLISH
    owners: tuple[tuple[MessageCatalog, tuple[str, ...]], ...] = ()
    others: tuple[MessageCatalog, ...] = (ENGLISH,)

    def each(self, tell: Callable[[MessageCatalog], pl.Expr]) -> pl.Expr:
        """What `tell` makes of a language, for every row in that of its ``owner``."""
        text = tell(self.usual)
        for catalog, names in self.owners:
            text = pl.when(pl.col(OWNER).cast(pl.String).is_in(names)).then(tell(catalog)).otherwise(text)
        return text

    def translate(self, message: str, **parts: Part) -> pl.Expr:
        """A sentence for every row, in the language of its ``owner``; see `MessageCatalog.translate`.

        Parameters
        ----------
        message
            The template in English, written out where it is said: the catalogues are made of what stands there.
        parts
            What stands in it.

        Examples
        --------
        >>> translator = build_translator(LanguageSettings(default="en", by_owner={"Kari": "nb"}, catalogs=None))
        >>> table = pl.DataFrame({"owner": ["Ann", "Kari", None]})
        >>> table.select(translator.translate("disputes that are open: {number}", number="2")).to_series().to_list()
        ['disputes that are open: 2', 'åpne tvister: 2', 'disputes that are open: 2']
        """
        return self.each(lambda catalog: catalog.translate(message, **translate_parts(catalog, parts)))

    def swapped(self, column: str, texts: Iterable[str]) -> pl.Expr:
        """A column in which some texts are told in the language of the ``owner``; any other text stays."""
        wanted = sorted(set(texts))
        return self.each(lambda catalog: swapped(catalog, pl.col(column), wanted))

    def groups(self, owners: pl.Series | None, rows: int) -> Iterator[tuple[MessageCatalog, npt.NDArray[np.bool_]]]:
        """Each language with its readers among the rows; a language that nobody reads is left out."""
        rest = np.ones(rows, dtype=np.bool_)
        known = pl.repeat(None, n=rows, dtype=pl.String, eager=True) if owners is None else owners.cast(pl.String)
        for catalog, names in self.owners:
            own = known.is_in(names).fill_null(value=False).to_numpy()
            rest &= ~own
            if own.any():
                yield catalog, own
        if rest.any():
            yield self.usual, rest

    def to_customers(self, tell: Callable[[MessageCatalog], pl.Expr], codes: pl.Series) -> pl.Expr:
        """What `tell` makes of a language, in each customer's own; in the usual one where there is no catalogue.

        Parameters
        ----------
        tell
            Of a language.
        codes
            What the table customers says in ``language``, for each row.
        """
        languages = {code: language_of(code) for code in codes.unique().drop_nulls().to_list()}
        text = tell(self.usual)
        for catalog in self.others:
            own = [code for code, language in languages.items() if language == catalog.language]
            if own and catalog.language != self.usual.language:
                text = pl.when(codes.is_in(own)).then(tell(catalog)).otherwise(text)
        return text


IN_ENGLISH = Translator()


def share(number: float) -> Part:
    """A share (0-1) that a sentence speaks of, in whole percent as they stand in a text: ``10%``."""
    return lambda catalog: catalog.translate(
        "{number}%", number=catalog.numeral(pl.lit(f"{number:.0%}".removesuffix("%")))
    )


def named(name: str) -> Part:
    """What is called by a name that a catalogue may translate, such as a playbook."""
    return lambda catalog: catalog.text(name)


def figure(digits: str | pl.Expr) -> Part:
    """A number written the English way, which a sentence tells with the signs of its language."""
    column = pl.lit(digits) if isinstance(digits, str) else digits
    return lambda catalog: catalog.numeral(column)


def translate_parts(catalog: MessageCatalog, parts: Mapping[str, Part]) -> dict[str, str | pl.Expr]:
    """The parts of a sentence, in one language."""
    return {name: part(catalog) if callable(part) else part for name, part in parts.items()}


def swapped(catalog: MessageCatalog, column: pl.Expr, texts: Iterable[str]) -> pl.Expr:
    """A column in which some texts are told in one language; any other text stays."""
    changed = {text: catalog.text(text) for text in texts if catalog.text(text) != text}
    return column.cast(pl.String).replace(changed) if changed else column


@cache
def shipped(language: str) -> MessageCatalog:
    """A language with the texts the package holds."""
    return (
        ENGLISH if language == "en" else MessageCatalog(language, read(language, texts_of(language), f"{language}.po"))
    )


def build_translator(settings: LanguageSettings, own: Mapping[str, bytes] | None = None) -> Translator:
    """Who reads what, by the settings.

    Parameters
    ----------
    settings
        ``params.yaml: language``.
    own
        PO files of the company, by language: their texts go before those of the package.

    Raises
    ------
    BadParams
        One of those files cannot be read.
    """
    there = {language: _with(language, (own or {}).get(language)) for language in LANGUAGES}
    owners: dict[str, list[str]] = {}
    for owner, language in sorted(settings.by_owner.items()):
        if language != settings.default:
            owners.setdefault(language, []).append(owner)
    return Translator(
        there[settings.default],
        tuple((there[language], tuple(names)) for language, names in sorted(owners.items())),
        tuple(there.values()),
    )


def _with(language: str, own: bytes | None) -> MessageCatalog:
    if own is None:
        return shipped(language)
    texts = read(language, own, f"{language}.po")
    if language != "en":
        texts.add_fallback(read(language, texts_of(language), f"{language}.po"))
    return MessageCatalog(language, texts)
