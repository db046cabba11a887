"""How people write numbers: marks of decimals and thousands, signs of currencies, blanks, and minus before or behind.

The patterns are the same for Python and for the query engine: what `churn init` proposes is what the intake reads.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Literal

from pipeline import sql
from pipeline.sources.currencies import currency_codes

Mark = Literal[".", ","]

# Everything Unicode calls white space, and what spreadsheets and web pages leave that cannot be seen.
BLANKS = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
    "\u205f\u3000\u200b\u2060\ufeff"
)
APOSTROPHES, MINUSES = "\u2019\u02bc\u00b4`", "\u2212\u2013\u2014\ufe63\uff0d"
WIDE = "０１２３４５６７８９．，（）"
ARABIC = "٠١٢٣٤٥٦٧٨٩٫٬"
LOOKALIKES = BLANKS + APOSTROPHES + MINUSES + WIDE + ARABIC
CANONICAL = " " * len(BLANKS) + "'" * len(APOSTROPHES) + "-" * len(MINUSES) + "0123456789.,()" + "0123456789.,"
_TABLE = str.maketrans(LOOKALIKES, CANONICAL)

# What stands beside an amount, and which currencies it can mean.
SIGNS: dict[str, tuple[str, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "MXN", "SGD", "HKD", "CLP", "COP", "ARS", "TWD"),
    "US$": ("USD",), "C$": ("CAD",), "CA$": ("CAD",), "A$": ("AUD",), "AU$": ("AUD",), "NZ$": ("NZD",), "R$": ("BRL",),
    "€": ("EUR",), "Euro": ("EUR",), "£": ("GBP",), "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"),
    "円": ("JPY",), "元": ("CNY",), "₹": ("INR",), "Rs": ("INR", "PKR", "LKR"), "Rs.": ("INR", "PKR", "LKR"),
    "₽": ("RUB",), "руб": ("RUB",), "руб.": ("RUB",), "₴": ("UAH",), "₺": ("TRY",), "TL": ("TRY",), "₩": ("KRW",),
    "₪": ("ILS",), "₫": ("VND",), "฿": ("THB",), "₱": ("PHP",), "₦": ("NGN",), "R": ("ZAR",), "zł": ("PLN",),
    "Kč": ("CZK",), "Ft": ("HUF",), "lei": ("RON",), "лв": ("BGN",), "лв.": ("BGN",), "Fr.": ("CHF",), "Fr": ("CHF",),
    "SFr.": ("CHF",), "kr": ("SEK", "NOK", "DKK", "ISK"), "kr.": ("DKK", "SEK", "NOK", "ISK"),
}  # fmt: skip


def number_pattern(decimal: Mark, thousands: str, currencies: Iterable[str]) -> str:
    """A value that is a number: opening bracket, signs, the number itself and closing bracket as the groups `PARTS`.

    Parameters
    ----------
    decimal
        The decimal mark.
    thousands
        The marks that may stand between groups of digits.
    currencies
        Patterns of what may stand beside the number.
    """
    groups = [rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+" for mark in thousands]
    if "," in thousands:
        groups.append(r"[1-9]\d?(?:,\d{2})+,\d{3}")
    mark = re.escape(decimal)
    # 12,- is a whole amount in many shops, and no minus.
    whole = "|".join([*groups, r"\d+"])
    body = rf"(?:{whole})(?:{mark}-{{1,2}}|{mark}\d*)?|{mark}\d+"
    sign, beside = "([+-]?)", "|".join(sorted(currencies, key=len, reverse=True))
    money = f"(?:{beside})?" if beside else ""
    return rf"(\(?) ?{sign} ?{money} ?{sign} ?({body})((?:[eE][+-]?\d+)?) ?{money} ?{sign} ?{money} ?(\)?)"


PARTS = ("open", "before", "sign", "body", "power", "behind", "close")
# The signs and brackets of a number, one after the other, where they make sense together.
POSITIVE, NEGATIVE = ("", "+"), ("-", "()")


def own_signs(currency: str) -> list[str]:
    """Patterns of what can stand beside an amount in a currency.

    >>> own_signs("EUR")
    ['€', 'Euro', '(?i:EUR)']
    """
    return [*(re.escape(sign) for sign, means in SIGNS.items() if currency in means), f"(?i:{currency})"]


def any_signs() -> list[str]:
    """Patterns of what can stand beside an amount in any currency."""
    return [*map(re.escape, SIGNS), f"(?i:{'|'.join(currency_codes())})"]


def canonical(value: str) -> str:
    r"""A value with one kind of blank, apostrophe, minus and digit.

    >>> canonical("\u22121\u202f234,50\xa0€")
    '-1 234,50 €'
    """
    return value.translate(_TABLE).strip()


def canonical_query(raw: str) -> str:
    """`canonical` as an expression of the query engine."""
    return f"trim(translate({raw}, {sql.text(LOOKALIKES)}, {sql.text(CANONICAL)}))"


def is_number(value: str, decimal: Mark) -> bool:
    """Whether a value is a number with this decimal mark, in whichever currency.

    >>> is_number("(1,234.50)", "."), is_number("$ 12.5-", "."), is_number("1.234,50 €", ".")
    (True, True, False)
    >>> is_number("5k", "."), is_number("12,-", ",")
    (False, True)
    """
    match = _any_number(decimal).fullmatch(canonical(value))
    return match is not None and match[1] + match[2] + match[3] + match[6] + match[7] in (*POSITIVE, *NEGATIVE)


@cache
def _any_number(decimal: Mark) -> re.Pattern[str]:
    return re.compile(number_pattern(decimal, "' ," if decimal == "." else "' .", any_signs()))


def currencies_of(values: Iterable[str]) -> set[str] | None:
    """The currencies that all signs beside the amounts can mean; None where no amount has one.

    >>> currencies_of(["1,50 €", "EUR 3", "7"]), currencies_of(["7"]), currencies_of(["$5", "€5"])
    ({'EUR'}, None, set())
    """
    possible: set[str] | None = None
    for value in values:
        sign = re.sub(r"[\d.,'()+\- ]|[eE][+-]?\d+", "", canonical(value)) if not value.isdecimal() else ""
        if sign:
            means = {*SIGNS.get(sign, ()), *SIGNS.get(f"{sign}.", ()), *({sign.upper()} & set(currency_codes()))}
            possible = means if possible is None else possible & means
    return possible
