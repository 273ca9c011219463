"""Settings: `policydiff.toml` in the working directory, overridden by POLICYDIFF_* in the environment.

| key | environment | default | what it is |
|---|---|---|---|
| home | POLICYDIFF_HOME | .policydiff | where the program keeps its own data; in the environment, Prefect's too |
| out | POLICYDIFF_OUT | out | where reports are written |
| store | POLICYDIFF_STORE | store in home | snapshots, review, reports and releases: a path or an fsspec URL |
| reviewer | POLICYDIFF_REVIEWER | none | who decides in `policydiff review`; never guessed |
| gather.contact | POLICYDIFF_GATHER__CONTACT | none | an address that publishers see, in the user agent |
| gather.attempts | POLICYDIFF_GATHER__ATTEMPTS | 4 | how often a request is tried |
| gather.first_wait_seconds | ... | 2 | the wait before the second attempt; it doubles after that |
| gather.longest_wait_seconds | ... | 300 | no wait is longer, whatever the publisher asks for |
| gather.connect_seconds, read_seconds, total_seconds | ... | 15, 60, 1800 | how long a request may take |
| sources.ID.base_url | POLICYDIFF_SOURCES__ID__BASE_URL | the publisher's | where the source is |
| sources.ID.enabled | POLICYDIFF_SOURCES__ID__ENABLED | true | whether `gather` without names takes it |
| sources.ID.urls | POLICYDIFF_SOURCES__ID__URLS | none | further addresses, for sources that take any (feeds) |
| build.runner | POLICYDIFF_BUILD__RUNNER | processes | where the reports of a release are built; see BuildSettings |
| build.workers | POLICYDIFF_BUILD__WORKERS | one on each processor | how many reports are built at once |
| build.address | POLICYDIFF_BUILD__ADDRESS | a cluster of its own | that of Dask (tcp://, tls://) or Ray (ray://) |
| ledger | POLICYDIFF_LEDGER | ledger.db in home | the ledger of deliveries: a database URL (SQLite or PostgreSQL) |
| subscriptions | POLICYDIFF_SUBSCRIPTIONS | subscriptions.toml | who gets which report |
| mail.* | POLICYDIFF_MAIL__* | | the relay and the sender; see MailSettings |
| serve.host, serve.port | POLICYDIFF_SERVE__HOST, ...__PORT | 127.0.0.1, 4200 | where `policydiff serve` listens |
| serve.runs_at_once | POLICYDIFF_SERVE__RUNS_AT_ONCE | 4 | how many runs its worker takes at once |
| serve.files_url | POLICYDIFF_SERVE__FILES_URL | none | where a browser finds `out`, for the pages of runs |
| serve.database | POLICYDIFF_SERVE__DATABASE | SQLite in home | Prefect's database: a PostgreSQL URL |
| watch.owner | POLICYDIFF_WATCH__OWNER | none | who gets a mail when a run fails, crashes or is late |
| watch.webhook | POLICYDIFF_WATCH__WEBHOOK | none | an address that is told the same as JSON: https, or this machine |
| none: secrets are never in a file | POLICYDIFF_SOURCES__ID__API_KEY | none | the key of a source that needs one |
| none | POLICYDIFF_MAIL__PASSWORD | none | the relay's password |
| none | POLICYDIFF_MAIL__UNSUBSCRIBE_SECRET | none | what the links to unsubscribe are signed with |
| none | POLICYDIFF_WATCH__WEBHOOK_SECRET | none | what the webhook is told as "Authorization: Bearer" |
| none | POLICYDIFF_SERVE__SECRET | made on first use | the login of `policydiff serve`, as NAME:PASSWORD |
"""

import ipaddress
import os
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from sources import connectors
from sources.countries import nearest
from sources.errors import BadInput, Fault

FILE = Path("policydiff.toml")
# Never repeated in a message; so is the key of a source.
_SECRETS = frozenset(
    {"ledger", "mail.password", "mail.unsubscribe_secret", "serve.secret", "serve.database"}
    | {"watch.webhook", "watch.webhook_secret"}
)


class _Part(BaseModel):
    # A value may be a secret, and the log of a run shows the error behind ours.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class GatherSettings(_Part):
    """How publishers are asked."""

    contact: str = ""
    attempts: PositiveInt = 4
    first_wait_seconds: PositiveFloat = 2
    longest_wait_seconds: PositiveFloat = 300
    connect_seconds: PositiveFloat = 15
    read_seconds: PositiveFloat = 60
    total_seconds: PositiveFloat = 1800


class RunnerName(StrEnum):
    """Where the reports of a release are built."""

    PROCESSES = "processes"
    PREFECT_THREADS = "prefect-threads"
    PREFECT_PROCESSES = "prefect-processes"
    DASK = "dask"
    RAY = "ray"


# How the address of a cluster begins.
_SCHEMES = {RunnerName.DASK: ("tcp", "tls"), RunnerName.RAY: ("ray",)}


class BuildSettings(_Part):
    """Where the reports of a release are built, and how many at once (0: one on each processor, or what a cluster has).

    `processes` are processes of the machine that the run is on. The others are task runners of Prefect and serve its
    flows: a command without Prefect takes processes. `dask` and `ray` need the extras of these names; they start a
    cluster on this machine unless `address` names one that runs, whose workers then need a store that they share.
    """

    runner: RunnerName = RunnerName.PROCESSES
    workers: NonNegativeInt = 0
    address: str = ""

    @field_validator("address")
    @classmethod
    def _is_of_a_cluster(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            return value
        schemes = _SCHEMES.get(info.data.get("runner", RunnerName.PROCESSES))
        if schemes is None:
            raise ValueError('build.runner = "dask" or "ray" beside it; other runners have no cluster')
        try:
            url = urlsplit(value)
            is_complete = url.scheme in schemes and url.hostname and url.port
        except ValueError:
            # A port that is no number.
            is_complete = False
        if not is_complete:
            raise ValueError(f"the address of a cluster, such as {schemes[-1]}://cluster.example.org:8786")
        return value


class SourceSettings(_Part):
    """One source: where it is, whether it is gathered, the key it needs."""

    base_url: str | None = None
    enabled: bool = True
    urls: tuple[str, ...] = ()
    api_key: SecretStr | None = None

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return None if value is None else _address_of_web(value)


def _address_of_web(value: str) -> str:
    """Return a web address without the slash it may end in. Raises ValueError for anything else."""
    if not value.startswith(("http://", "https://")):
        raise ValueError("an address that starts with http:// or https://")
    return value.rstrip("/")


def _checked_address(value: str) -> str:
    return address(value) if value else value


# A mail address, or nothing.
_OptionalAddress = Annotated[str, AfterValidator(_checked_address)]


class Tls(StrEnum):
    """How the connection to the relay is encrypted."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class MailSettings(_Part):
    """The relay, who the mail is from, and how long to try.

    `password` and `unsubscribe_secret` come from the environment only; `password_block` names a Prefect block of the
    type Secret instead. `unsubscribe_url` must be https (RFC 8058). `link` is where a reader finds the files of a
    release that are too large for a mail; `{release}` in it is filled in.
    """

    host: str = ""
    port: PositiveInt = 587
    tls: Tls = Tls.STARTTLS
    ca_file: Path | None = None
    username: str = ""
    password: SecretStr | None = None
    password_block: str = ""
    sender: _OptionalAddress = ""
    sender_name: str = "policydiff"
    reply_to: _OptionalAddress = ""
    list_id: str = ""
    unsubscribe_mail: _OptionalAddress = ""
    unsubscribe_url: str = ""
    unsubscribe_secret: SecretStr | None = None
    link: str = ""
    size_limit_bytes: PositiveInt = 20_000_000
    per_minute: PositiveInt | None = None
    timeout_seconds: PositiveFloat = 60
    answer_seconds: PositiveFloat = 600
    first_wait_seconds: PositiveFloat = 300
    longest_wait_seconds: PositiveFloat = 14_400
    expires_hours: PositiveFloat = 72

    @field_validator("sender_name", "list_id", "link")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("one line of printable text")
        return value

    @field_validator("unsubscribe_url")
    @classmethod
    def _is_https(cls, value: str) -> str:
        if value and not value.startswith("https://"):
            raise ValueError("an address that starts with https://, as RFC 8058 asks for")
        return value

    @model_validator(mode="after")
    def _is_encrypted(self) -> Self:
        if self.tls is Tls.NONE and self.host and not _is_loopback(self.host):
            raise ValueError("tls = starttls or implicit; only a relay on this machine may be used without encryption")
        if self.unsubscribe_url and self.unsubscribe_secret is None:
            raise ValueError("POLICYDIFF_MAIL__UNSUBSCRIBE_SECRET in the environment, which signs the links")
        return self


class ServeSettings(_Part):
    """Where `policydiff serve` listens, what it lets in, where Prefect keeps its data.

    `secret` is the login as NAME:PASSWORD; without it one is made and kept in the program's own folder. `database` is a
    PostgreSQL URL. Both are secrets: the first comes from the environment only, the second too if it has a password.
    `files_url` is where a browser finds the folder of reports. Without it the page of a run links to a file of the
    machine, which a browser does not open from there.
    """

    host: str = "127.0.0.1"
    port: PositiveInt = 4200
    runs_at_once: PositiveInt = 4
    files_url: str = ""
    database: SecretStr | None = None
    secret: SecretStr | None = None

    @field_validator("files_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return _address_of_web(value) if value else value

    @field_validator("database")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return value
        # Imported here because only the server needs it, and it is large.
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(value.get_secret_value())
        except ArgumentError as error:
            # The error would print the URL with its password.
            raise ValueError("a URL such as postgresql://user:password@host/database") from error
        if url.get_backend_name() != "postgresql" or not url.database:
            raise ValueError("a URL such as postgresql://user:password@host/database; leave it out for SQLite")
        # The only driver that Prefect's server works with.
        return SecretStr(url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False))

    @field_validator("secret")
    @classmethod
    def _is_login(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            check_login(value.get_secret_value())
        return value

    @property
    def has_database_password(self) -> bool:
        """Whether the URL of the database holds a password."""
        from sqlalchemy.engine import make_url

        return self.database is not None and make_url(self.database.get_secret_value()).password is not None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return _is_loopback(self.host)


class WatchSettings(_Part):
    """Who is told of a run that failed, crashed or is late: by mail through the relay of `mail`, by a webhook, or both.

    The address of a webhook is often a secret itself, and may stand in the environment; `webhook_secret` has to.
    """

    owner: _OptionalAddress = ""
    webhook: str = ""
    webhook_secret: SecretStr | None = None

    @field_validator("webhook")
    @classmethod
    def _is_safe_address(cls, value: str) -> str:
        if not value:
            return value
        url = urlsplit(value)
        host = url.hostname or ""
        if not host or not (url.scheme == "https" or (url.scheme == "http" and _is_loopback(host))):
            raise ValueError("an address that starts with https://; http:// only for this machine")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not (value.get_secret_value().isascii() and value.get_secret_value().isprintable()):
            raise ValueError("one line of printable ASCII")
        return value


# A login is sent with every request, so that it could be guessed at leisure if it were short.
_SHORTEST_PASSWORD = 12


def check_login(value: str) -> None:
    """Raise ValueError if a text is no login: NAME:PASSWORD in printable ASCII, which is what the server compares."""
    name, _, password = value.partition(":")
    if not name or len(password) < _SHORTEST_PASSWORD or not (value.isascii() and value.isprintable()):
        raise ValueError(f"NAME:PASSWORD in ASCII, the password of {_SHORTEST_PASSWORD} characters or more")


def address(value: str) -> str:
    """Return a mail address in its normal form, its domain in ASCII. Raises ValueError with what is wrong."""
    # Imported here because only mail needs it, and it brings a DNS library.
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(value, check_deliverability=False, allow_quoted_local=False)
    except EmailNotValidError as error:
        raise ValueError(f"a mail address: {error}") from error
    if "=?" in found.local_part:
        # Some readers would decode it, and find another address.
        raise ValueError("a mail address: the part before the @-sign looks like an encoded word")
    return f"{found.local_part}@{found.ascii_domain}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(BaseSettings):
    """Where things are kept and how sources are asked."""

    model_config = SettingsConfigDict(
        env_prefix="POLICYDIFF_",
        env_nested_delimiter="__",
        toml_file=FILE,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Path = Path(".policydiff")
    out: Path = Path("out")
    store: str = ""
    reviewer: str = ""
    ledger: str = ""
    subscriptions: Path = Path("subscriptions.toml")
    gather: GatherSettings = GatherSettings()
    build: BuildSettings = BuildSettings()
    mail: MailSettings = MailSettings()
    serve: ServeSettings = ServeSettings()
    watch: WatchSettings = WatchSettings()
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
        """Where what machines share is kept: snapshots, the review, finished reports, releases."""
        return self.store or str(self.home / "store")

    @property
    def ledger_url(self) -> str:
        """Where the ledger is: a database's URL."""
        return self.ledger or f"sqlite:///{self.home / 'ledger.db'}"


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
    if settings.build.address and not settings.store:
        expected = "a place that all workers of build.address reach, such as s3://bucket/store"
        faults.append(Fault(file=str(FILE), path="store", found="nothing", expected=expected))
    faults += [
        Fault(
            file=str(FILE),
            path=path,
            found="a secret in a file",
            expected=f"it in the environment, as {variable}",
        )
        for path, is_given in _secrets(settings)
        if is_given and (variable := f"POLICYDIFF_{path.upper().replace('.', '__')}") not in os.environ
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


def _secrets(settings: Settings) -> tuple[tuple[str, bool], ...]:
    """Return each setting that may not stand in a file, and whether it is given."""
    return (
        ("mail.password", settings.mail.password is not None),
        ("mail.unsubscribe_secret", settings.mail.unsubscribe_secret is not None),
        ("serve.secret", settings.serve.secret is not None),
        ("watch.webhook_secret", settings.watch.webhook_secret is not None),
        ("serve.database", settings.serve.has_database_password),
        ("ledger", "@" in settings.ledger),
    )


def secrets(settings: Settings) -> tuple[str, ...]:
    """Return every secret that the settings hold, to keep them out of a text; the longest first."""
    mail, serve, watch = settings.mail, settings.serve, settings.watch
    given = [mail.password, mail.unsubscribe_secret, serve.secret, serve.database, watch.webhook_secret]
    given += [source.api_key for source in settings.sources.values()]
    found = {secret.get_secret_value() for secret in given if secret} | {watch.webhook}
    # An error may show the password of a database alone.
    database = serve.database.get_secret_value() if serve.database else ""
    found |= {urlsplit(address).password or "" for address in (database, settings.ledger)}
    return tuple(sorted(found - {""}, key=len, reverse=True))


def key_variable(source_id: str) -> str:
    """Return the name of the environment variable that holds the key of a source."""
    return f"POLICYDIFF_SOURCES__{source_id.upper()}__API_KEY"


def _fault(detail: ErrorDetails) -> Fault:
    path = ".".join(str(part) for part in detail["loc"])
    is_unknown = detail["type"] == "extra_forbidden"
    return Fault(
        file=_origin(detail["loc"]),
        path=path,
        found="an unknown key" if is_unknown else _shown(path, detail["input"]),
        expected="a key that the README lists" if is_unknown else detail["msg"].removeprefix("Value error, "),
    )


def _shown(path: str, value: object) -> str:
    """Return a wrong value as text, or what it is where it may hold a secret."""
    if isinstance(value, dict):
        return f"{', '.join(value)} together"
    return "a secret" if path in _SECRETS or path.endswith(".api_key") else repr(value)


def _origin(path: tuple[int | str, ...]) -> str:
    """Say where a setting came from: its environment variable if that is set, else the file."""
    variable = "POLICYDIFF_" + "__".join(str(part).upper() for part in path)
    given = next((name for name in os.environ if name == variable or name.startswith(f"{variable}__")), None)
    return given or str(FILE)
