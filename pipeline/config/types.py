"""What a single setting may be: shares, days, counts, names and languages, each with its range."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pipeline.config.source import Section

Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# What a company calls an event or a topic: blanks, capitals and any script, as its data has it.
OwnName = Annotated[str, Field(pattern=r"^\S(.*\S)?$", max_length=200)]
CauseId = Annotated[str, Field(pattern=r"^C(0[1-9]|[1-4][0-9]|5[0-6])$")]
# More than this is a slip of the finger, and would be refused by some library in words of its own.
MANY = 1_000_000_000
PositiveInt = Annotated[int, Field(ge=1, le=MANY)]
Days = Annotated[int, Field(ge=1, le=36500)]
NaturalInt = Annotated[int, Field(ge=0, le=MANY)]
Positive = Annotated[float, Field(gt=0, le=1e12)]
NotNegative = Annotated[float, Field(ge=0, le=1e12)]
Permission = Literal["allow", "refuse"]
Readers = Literal["owner", "group", "everybody"]
Keep = Literal["none", "listed", "all"]
LanguageCode = Literal["en", "nb", "zh_Hans", "ja"]


def _quoted_day(value: object) -> object:
    if isinstance(value, date):
        raise ValueError(f'must be a quoted string, write "{value}"')
    day = date.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(day, date) and not date(1900, 1, 1) <= day <= date(2199, 12, 31):
        raise ValueError("must lie between 1900-01-01 and 2199-12-31")
    return day


Day = Annotated[date, BeforeValidator(_quoted_day)]


class LanguageSettings(Section):
    """In which language people are told; ``params.yaml: language``."""

    default: LanguageCode
    by_owner: dict[str, LanguageCode]
    catalogs: str | None
