"""The ISO 4217 codes of the currencies of the world."""

from functools import cache

from babel.numbers import get_currency_precision, list_currencies


@cache
def currency_codes() -> tuple[str, ...]:
    """All codes, those of currencies of the past too.

    >>> {"EUR", "JPY"} <= set(currency_codes()), "PCS" in currency_codes()
    (True, False)
    """
    return tuple(sorted(list_currencies()))


def minor_digits(code: str) -> int:
    """Digits behind the decimal mark of a currency.

    >>> minor_digits("EUR"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    return get_currency_precision(code)
