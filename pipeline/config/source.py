"""Where one table comes from: a place in ``params.yaml``, and what its columns are called there."""

from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.config.problems import suggestion

# Settings that mean something for one kind of place only.
OF_DATABASES = {"timeout_seconds", "batch_mb"}
OF_FILES = {"delimiter", "encoding", "skip_lines", "quote", "escape", "sheet", "decimal", "thousands", "header"}


class Section(BaseModel):
    """One section of ``params.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _known_zone(name: object) -> object:
    if isinstance(name, str) and name not in _zones():
        raise ValueError(f"unknown time zone {name!r}{suggestion(name, sorted(_zones()))}")
    return name


@cache
def _zones() -> set[str]:
    """Names of all time zones. Once: it is a walk through their folder, and settings are read more often."""
    return available_timezones()


EnvironmentVariable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Zone = Annotated[str, BeforeValidator(_known_zone)]


class Source(Section):
    """Where one table comes from, and what its columns are called there."""

    sample: str | None = None
    path: str | None = None
    sql: str | None = None
    url_env: EnvironmentVariable | None = None
    timeout_seconds: Annotated[int, Field(ge=1)] = 3600
    batch_mb: Annotated[int, Field(ge=1, le=1024)] = 16
    columns: dict[str, str]
    where: str | None = None
    timezone: Zone | None = None
    ts_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    skip_lines: Annotated[int, Field(ge=0)] = 0
    quote: Annotated[str, Field(max_length=1)] = '"'
    escape: Annotated[str, Field(max_length=1)] | None = None
    sheet: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", "'", " "] | None = None
    header: bool = True

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if [self.sample, self.path, self.sql].count(None) != 2:
            raise ValueError("needs exactly one of `path`, `sample` and `sql`")
        if (self.sql is None) != (self.url_env is None):
            raise ValueError("`sql` and `url_env`, the environment variable with the database's URL, go together")
        of = OF_DATABASES if self.sql is None else OF_FILES
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError(f"`decimal` and `thousands` are both {self.decimal!r}; remove one of them")
        if wrong := sorted(of & self.model_fields_set):
            raise ValueError(f"`{wrong[0]}` is for {'`sql`' if self.sql is None else 'CSV files'} only; remove it")
        return self

    @property
    def has_marks(self) -> bool:
        """Whether it is said how numbers are written; a database writes them in one way."""
        return self.decimal is not None or self.thousands is not None or self.path is None

    @property
    def decimal_mark(self) -> Literal[".", ","]:
        """The decimal mark: what is said, or what the mark of thousands leaves."""
        return self.decimal or ("," if self.thousands == "." else ".")

    @property
    def group_marks(self) -> str:
        """The marks that may stand between groups of digits."""
        return self.thousands or ("' ," if self.decimal_mark == "." else "' .")
