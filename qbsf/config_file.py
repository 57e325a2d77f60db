"""Finding, reading and checking the configuration file (shared/interface.md, Configuration)."""

import os
import re
import shlex
import stat
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from qbsf import config_values as values
from qbsf.config import (
    WAYS,
    AlertsConfig,
    Config,
    FieldsConfig,
    InvoicingConfig,
    LogConfig,
    MatchConfig,
    QuickBooksConfig,
    SalesforceConfig,
    SecretsConfig,
    StagesConfig,
    SyncConfig,
    Way,
)
from qbsf.config_reader import ConfigFileError, Problems, Section, Table, refuse_strangers
from qbsf.errors import ConfigError
from qbsf.ownership import account_name, my_id
from qbsf.toml_lines import key_lines

_UNWRITABLE = frozenset(
    {
        *("id", "name", "accountid", "ownerid", "recordtypeid", "stagename", "closedate", "currencyisocode"),
        *("isclosed", "iswon", "isdeleted", "systemmodstamp"),
        *("createddate", "createdbyid", "lastmodifieddate", "lastmodifiedbyid"),
    }
)
"""Fields of every Opportunity that no payment fact can stand in, in lower case."""
_DAY_MINUTES = 24 * 60


def find_config(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Where the configuration is: `--config`, else $QBSF_CONFIG, else config.toml in the user's folder for qbsf."""
    if option is not None:
        return option
    if named := environ.get("QBSF_CONFIG", ""):
        return Path(named)
    import platformdirs  # noqa: PLC0415 - 0.06 s that a named file does not need

    return platformdirs.user_config_path("qbsf", appauthor=False) / "config.toml"


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """The checked configuration. Files it names are taken relative to it, `~` by `environ`'s HOME.

    Raises ConfigError: not there, not readable, not yours, not TOML, or with everything that is wrong in it.
    """
    content = _read(path)
    try:
        document = tomllib.loads(content, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} cannot be read as TOML: {_told(error)}.", "Correct that line.") from None
    problems = Problems(key_lines(content))
    refuse_strangers(document, problems)
    config = _Builder(document, problems, path, environ).config()
    if told := problems.told():
        raise ConfigFileError(str(path), told)
    return config


def example_text() -> str:
    """The commented example, the same text as config.example.toml."""
    return _example().read_text(encoding="utf-8")


def _example() -> Traversable:
    return resources.files("qbsf").joinpath("config.example.toml")


def _told(error: tomllib.TOMLDecodeError) -> str:
    message = str(error)
    match = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", message)
    if match is None:
        return message.replace(" (at end of document)", ": the file ends too early")
    return f"line {match[2]}, column {match[3]}: {match[1][0].lower()}{match[1][1:]}"


def _read(path: Path) -> str:
    try:
        _refuse_foreign(path)
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise ConfigError(
            f"There is no configuration at {path}.", "Run `qbsf init`, or name another with --config or $QBSF_CONFIG."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder.", "Name the configuration file in it.") from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", f"Let this user read it: {_chown(path)}"
        ) from None


def _chown(path: Path) -> str:
    return f"sudo chown {account_name(my_id())} {shlex.quote(str(path))}"


def _refuse_foreign(path: Path) -> None:
    """A configuration names commands that are run and hosts that get secrets: it must be this user's or root's."""
    if sys.platform == "win32":
        return
    status = path.stat()
    me = os.geteuid()
    if status.st_uid != me and me == 0:
        owner = account_name(status.st_uid)
        command = shlex.join(sys.argv) if sys.argv[0] else "qbsf"
        raise ConfigError(
            f"{path} belongs to {owner}, and this is root: its tokens and state would be mixed up.",
            f"Run it as {owner}: sudo -u {owner} -H {command}",
        )
    if status.st_uid not in (me, 0):
        raise ConfigError(f"{path} belongs to {account_name(status.st_uid)}.", f"Take it over: {_chown(path)}")
    if stat.S_ISREG(status.st_mode) and status.st_mode & stat.S_IWOTH:
        raise ConfigError(
            f"Anybody on this machine may change {path}, and it names what qbsf runs.",
            f"Close it: chmod 600 {shlex.quote(str(path))}",
        )


class _Builder:
    """The Config of a parsed document; a wrong value is noted and stands as its default."""

    def __init__(self, document: dict[str, Any], problems: Problems, path: Path, environ: Mapping[str, str]) -> None:
        self._document: Table = document
        self._problems = problems
        self._path = path
        self._environ = environ

    def _section(self, *path: str) -> Section:
        return Section(self._document, path, self._problems)

    def config(self) -> Config:
        fields = self._fields()
        return Config(
            name=self._section().read("name", "default", values.profile_name),
            quickbooks=self._quickbooks(),
            salesforce=self._salesforce(),
            match=self._match(fields),
            fields=fields,
            stages=self._stages(fields),
            sync=self._sync(),
            invoicing=self._invoicing(),
            secrets=self._secrets(),
            alerts=self._alerts(),
            log=self._log(),
            path=self._path,
        )

    def _quickbooks(self) -> QuickBooksConfig:
        section = self._section("quickbooks")
        return QuickBooksConfig(
            client_id=section.required("client_id", values.client_id, "the Client ID of your app at Intuit"),
            environment=section.read("environment", "production", values.choice("production", "sandbox")),
            redirect_uri=section.read("redirect_uri", QuickBooksConfig.redirect_uri, values.redirect_uri),
        )

    def _salesforce(self) -> SalesforceConfig:
        section = self._section("salesforce")
        found = SalesforceConfig(
            instance_url=section.required(
                "instance_url", values.instance_url, "your My Domain, https://yourcompany.my.salesforce.com"
            ),
            client_id=section.required("client_id", values.client_id, "the Consumer Key of your app"),
            flow=section.read("flow", "client_credentials", values.choice("client_credentials", "jwt")),
            username=section.read("username", "", values.text),
            private_key_file=section.read("private_key_file", "", self._file),
            api_version=section.read("api_version", SalesforceConfig.api_version, values.api_version),
            currency=section.read("currency", "", values.currency),
        )
        if found.flow == "jwt":
            for key in ("username", "private_key_file"):
                if not getattr(found, key):
                    self._problems.add(("salesforce", key), 'is missing: flow = "jwt" needs it')
        return found

    def _file(self, value: object) -> str:
        """A file's absolute path, or "": cron's folder is not the one the file was written in."""
        found = values.text(value)
        if not found:
            return ""
        home = self._environ.get("HOME", "") or str(Path.home())
        if found == "~" or found.startswith("~/"):
            found = home + found[1:]
        return str(self._path.resolve().parent / found)

    def _match(self, fields: FieldsConfig) -> MatchConfig:
        parse = values.not_empty(values.list_of(values.choice(*WAYS)))
        by: tuple[Way, ...] = self._section("match").read("by", WAYS, parse)
        needs = {"invoice_id": fields.invoice_id, "invoice_number": fields.invoice_number}
        if all(not needs.get(way, way) for way in by):
            unset = " and ".join(f"fields.{way}" for way in by)
            self._problems.add(("match", "by"), f"finds nothing: {unset} is left out")
        return MatchConfig(by=by)

    def _fields(self) -> FieldsConfig:
        section = self._section("fields")
        default = asdict(FieldsConfig())
        found = {key: section.read(key, default[key], values.field_name) for key in default}
        if not found["payment_amount"]:
            self._problems.add(("fields", "payment_amount"), "cannot be left out")
        first_of: dict[str, str] = {}
        for key, name in found.items():
            if name.lower() in _UNWRITABLE:
                self._problems.add(("fields", key), f"cannot be {name}: qbsf must not write that field")
            elif name and (first := first_of.setdefault(name.lower(), key)) != key:
                self._problems.add(("fields", key), f"names the same field as fields.{first}: {name}")
        return FieldsConfig(**found)

    def _stages(self, fields: FieldsConfig) -> StagesConfig:
        section = self._section("stages")
        default = StagesConfig()
        found = StagesConfig(
            paid=section.read("paid", default.paid, values.stage),
            from_=section.read("from", default.from_, values.list_of(values.filled_stage)),
            partially_paid=section.read("partially_paid", "", values.stage),
            reversed=section.read("reversed", "", values.stage),
            require_amount=section.read("require_amount", default.require_amount, values.flag),
            close_date=section.read("close_date", "keep", values.choice("keep", "payment_date")),
            by_record_type=self._section("stages", "by_record_type").pairs(
                lambda name: values.developer_name(str(name)), values.filled_stage
            ),
            set_=self._section("stages", "set").pairs(_settable(fields), values.stage_field_value),
        )
        for key in ("partially_paid", "reversed"):
            if found.paid and getattr(found, key) == found.paid:
                self._problems.add(("stages", key), "is the same stage as stages.paid")
        return found

    def _sync(self) -> SyncConfig:
        section = self._section("sync")
        default = SyncConfig()
        no_day: date | None = None
        return SyncConfig(
            start_date=section.read("start_date", no_day, values.day),
            record_partial_payments=section.read("record_partial_payments", True, values.flag),
            max_credit_share=section.read("max_credit_share", default.max_credit_share, values.percent),
            full_every_hours=section.read("full_every_hours", default.full_every_hours, values.whole(1, 8760)),
            look_back_days=section.read("look_back_days", default.look_back_days, values.whole(0, 3650)),
            time_limit_seconds=section.read("time_limit_seconds", default.time_limit_seconds, values.whole(1, 86_400)),
            keep_api_calls=section.read("keep_api_calls", default.keep_api_calls, values.keep_api_calls),
            max_wins=section.read("max_wins", default.max_wins, values.whole(0)),
            max_reversals=section.read("max_reversals", default.max_reversals, values.whole(0)),
            max_changes=section.read("max_changes", default.max_changes, values.whole(0)),
            allow_sandbox_to_production=section.read("allow_sandbox_to_production", False, values.flag),
        )

    def _invoicing(self) -> InvoicingConfig:
        section = self._section("invoicing")
        default = InvoicingConfig()
        return InvoicingConfig(
            stage=section.read("stage", default.stage, values.stage),
            tax_code=section.read("tax_code", "", values.text),
            item=section.read("item", "", values.text),
            max_new_invoices=section.read("max_new_invoices", default.max_new_invoices, values.whole(0)),
        )

    def _secrets(self) -> SecretsConfig:
        section = self._section("secrets")
        return SecretsConfig(
            store=section.read("store", "keyring", values.choice("keyring", "file")),
            file=section.read("file", "", self._file),
        )

    def _alerts(self) -> AlertsConfig:
        section = self._section("alerts")
        default = AlertsConfig()
        return AlertsConfig(
            command=section.read("command", "", values.command_line),
            webhook_url=section.read("webhook_url", "", values.hook_url),
            on_paid=section.read("on_paid", False, values.flag),
            heartbeat_url=section.read("heartbeat_url", "", values.hook_url),
            stale_after_minutes=section.read(
                "stale_after_minutes", default.stale_after_minutes, values.whole(1, 365 * _DAY_MINUTES)
            ),
            remind_hours=section.read("remind_hours", default.remind_hours, values.whole(1, 8760)),
        )

    def _log(self) -> LogConfig:
        section = self._section("log")
        return LogConfig(
            file=section.read("file", "", self._file),
            history_days=section.read("history_days", LogConfig.history_days, values.whole(1, 36_500)),
        )


def _settable(fields: FieldsConfig) -> values.Parse[str]:
    """A parser of the field names under [stages.set]: none that qbsf writes itself."""
    taken = {name.lower() for name in asdict(fields).values() if name}

    def parse(name: object) -> str:
        found = values.field_name(name)
        if not found:
            raise values.WrongValueError("must be a field's API name")
        if found.lower() in _UNWRITABLE | taken:
            raise values.WrongValueError("is a field that qbsf writes itself, or must not write")
        return found

    return parse
