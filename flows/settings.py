"""Settings: `policydiff.toml` in the working directory, overridden by POLICYDIFF_* in the environment.

| key | environment | default | what it is |
|---|---|---|---|
| home | POLICYDIFF_HOME | .policydiff | where the program keeps its own data; in the environment, Prefect's too |
| out | POLICYDIFF_OUT | out | where reports are written |
| store | POLICYDIFF_STORE | the folder store in home | where snapshots are kept: a path or an fsspec URL |
| reviewer | POLICYDIFF_REVIEWER | none | who decides in `policydiff review`; never guessed |
| gather.contact | POLICYDIFF_GATHER__CONTACT | none | an address that publishers see, in the user agent |
| gather.attempts | POLICYDIFF_GATHER__ATTEMPTS | 4 | how often a request is tried |
| gather.first_wait_seconds | ... | 2 | the wait before the second attempt; it doubles after that |
| gather.longest_wait_seconds | ... | 300 | no wait is longer, whatever the publisher asks for |
| gather.connect_seconds, read_seconds, total_seconds | ... | 15, 60, 1800 | how long a request may take |
| sources.ID.base_url | POLICYDIFF_SOURCES__ID__BASE_URL | the publisher's | where the source is |
| sources.ID.enabled | POLICYDIFF_SOURCES__ID__ENABLED | true | whether `gather` without names takes it |
| sources.ID.urls | POLICYDIFF_SOURCES__ID__URLS | none | further addresses, for sources that take any (feeds) |
| none: secrets are never in a file | POLICYDIFF_SOURCES__ID__API_KEY | none | the key of a source that needs one |
"""

import os
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from sources import connectors
from sources.countries import nearest
from sources.errors import BadInput, Fault

FILE = Path("policydiff.toml")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GatherSettings(_Part):
    """How publishers are asked."""

    contact: str = ""
    attempts: PositiveInt = 4
    first_wait_seconds: PositiveFloat = 2
    longest_wait_seconds: PositiveFloat = 300
    connect_seconds: PositiveFloat = 15
    read_seconds: PositiveFloat = 60
    total_seconds: PositiveFloat = 1800


class SourceSettings(_Part):
    """One source: where it is, whether it is gathered, the key it needs."""

    base_url: str | None = None
    enabled: bool = True
    urls: tuple[str, ...] = ()
    api_key: SecretStr | None = None

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("an address that starts with http:// or https://")
        return value.rstrip("/") if value else value


class Settings(BaseSettings):
    """Where things are kept and how sources are asked."""

    model_config = SettingsConfigDict(
        env_prefix="POLICYDIFF_", env_nested_delimiter="__", toml_file=FILE, extra="forbid", frozen=True
    )

    home: Path = Path(".policydiff")
    out: Path = Path("out")
    store: str = ""
    reviewer: str = ""
    gather: GatherSettings = GatherSettings()
    sources: dict[str, SourceSettings] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def source(self, source_id: str) -> SourceSettings:
        """Return the settings of one source."""
        return self.sources.get(source_id, SourceSettings())

    @property
    def store_location(self) -> str:
        """Where snapshots are kept."""
        return self.store or str(self.home / "store")


def load() -> Settings:
    """Return the settings in force. Raises BadInput naming every wrong key, file or variable."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise BadInput([_fault(detail) for detail in error.errors()]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput([Fault(file=str(FILE), path=".", found=str(error), expected="TOML")]) from error
    faults = [
        Fault(
            file=_origin(("sources", source_id)),
            path=f"sources.{source_id}",
            found="an unknown source",
            expected=" or ".join(nearest(source_id, list(connectors.ids()))) or "a source of `policydiff list sources`",
        )
        for source_id in settings.sources
        if source_id not in connectors.ids()
    ]
    faults += [
        Fault(
            file=str(FILE),
            path=f"sources.{source_id}.api_key",
            found="a key in a file",
            expected=f"the key in the environment, as {key_variable(source_id)}",
        )
        for source_id, given in settings.sources.items()
        if given.api_key and key_variable(source_id) not in os.environ
    ]
    if faults:
        raise BadInput(faults)
    return settings


def key_variable(source_id: str) -> str:
    """Return the name of the environment variable that holds the key of a source."""
    return f"POLICYDIFF_SOURCES__{source_id.upper()}__API_KEY"


def _fault(detail: ErrorDetails) -> Fault:
    path = ".".join(str(part) for part in detail["loc"])
    is_unknown = detail["type"] == "extra_forbidden"
    return Fault(
        file=_origin(detail["loc"]),
        path=path,
        found="an unknown key" if is_unknown else repr(detail["input"]),
        expected="a key that the README lists" if is_unknown else detail["msg"].removeprefix("Value error, "),
    )


def _origin(path: tuple[int | str, ...]) -> str:
    """Say where a setting came from: its environment variable if that is set, else the file."""
    variable = "POLICYDIFF_" + "__".join(str(part).upper() for part in path)
    given = next((name for name in os.environ if name == variable or name.startswith(f"{variable}__")), None)
    return given or str(FILE)
