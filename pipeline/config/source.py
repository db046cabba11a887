"""Where one table comes from: a place in ``params.yaml``, and what its columns are called there."""

from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.config.problems import suggestion


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
    timezone: Zone | None = None
    ts_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] = "."
    header: bool = True

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if [self.sample, self.path, self.sql].count(None) != 2:
            raise ValueError("needs exactly one of `path`, `sample` and `sql`")
        if (self.sql is None) != (self.url_env is None):
            raise ValueError("`sql` and `url_env`, the environment variable with the database's URL, go together")
        of = {"timeout_seconds", "batch_mb"} if self.sql is None else {"delimiter", "encoding", "decimal", "header"}
        if wrong := sorted(of & self.model_fields_set):
            raise ValueError(f"`{wrong[0]}` is for {'`sql`' if self.sql is None else 'CSV files'} only; remove it")
        return self
