"""Reading the tables of a parsed configuration: every problem is collected, with its line, before any is told."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TypeVar

from qbsf.config import Config
from qbsf.config_values import Parse, WrongValueError, holds_secret, nearest, shown
from qbsf.errors import ConfigError
from qbsf.toml_lines import KeyPath

T = TypeVar("T")
Table = Mapping[str, object]

_SECRET_KEY = re.compile(
    r"secret|passw|passphrase|token|credential|api_?key|private_?key$|refresh|assertion", re.IGNORECASE
)
_FREE_TABLES = (("stages", "by_record_type"), ("stages", "set"))
"""Their keys are the org's own names."""
_HOMES = {
    "quickbooks": "`qbsf auth quickbooks` asks for it, or set QBSF_QUICKBOOKS_CLIENT_SECRET",
    "salesforce": "`qbsf auth salesforce` asks for it, or set QBSF_SALESFORCE_CLIENT_SECRET",
}


class ConfigFileError(ConfigError):
    """Everything that is wrong with a configuration file: `problems` holds one sentence each."""

    def __init__(self, where: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        count = f"{where} has {len(problems)} problems: " if len(problems) > 1 else f"{where}: "
        super().__init__(count + "; ".join(problems) + ".", "Correct the file and run the command again.")


class Problems:
    """The collected problems of one file."""

    def __init__(self, lines: Mapping[KeyPath, int]) -> None:
        self._lines = lines
        self._found: dict[KeyPath, tuple[int, str]] = {}

    def add(self, path: KeyPath, sentence: str) -> None:
        """Notes what is wrong with a key; only the first finding about a key is kept."""
        line = self._line(path)
        where = f"line {line}, " if line else ""
        self._found.setdefault(path, (line or 0, f"{where}{'.'.join(path)} {sentence}"))

    def _line(self, path: KeyPath) -> int | None:
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return None

    def about(self, path: KeyPath) -> bool:
        return path in self._found

    def told(self) -> tuple[str, ...]:
        """The sentences in the order of the file."""
        return tuple(sentence for _, sentence in sorted(self._found.values(), key=lambda found: found[0]))


def keys_of(section: type) -> tuple[str, ...]:
    """The keys of a table: the members of its dataclass (`from_` is `from` in the file)."""
    return tuple(one.name.rstrip("_") for one in fields(section))


TABLES: dict[str, tuple[str, ...]] = {
    one.name: keys_of(one.type)
    for one in fields(Config)
    if isinstance(one.type, type) and one.name not in ("name", "path")
}
TOP_LEVEL = ("name", *TABLES)


class Section:
    """One table of the file."""

    def __init__(self, document: Table, path: KeyPath, problems: Problems) -> None:
        found: object = document
        for part in path:
            found = found.get(part, {}) if isinstance(found, dict) else {}
        self._table: Table = found if isinstance(found, dict) else {}
        self._path = path
        self._problems = problems

    def read(self, key: str, default: T, parse: Parse[T]) -> T:
        """The value of a key, or its default where it is absent or wrong (which is then noted)."""
        path = (*self._path, key)
        if key not in self._table or self._problems.about(path):
            return default
        try:
            return parse(self._table[key])
        except WrongValueError as error:
            self._problems.add(path, str(error))
            return default

    def required(self, key: str, parse: Parse[str], what: str) -> str:
        """The value of a key that has no default; "" (and a problem) where it is absent or wrong."""
        if key not in self._table:
            self._problems.add((*self._path, key), f"is missing: {what}")
        return self.read(key, "", parse)

    def pairs(self, parse_name: Parse[str], parse: Parse[T]) -> tuple[tuple[str, T], ...]:
        """The pairs of a table whose keys are the org's own names."""
        found: list[tuple[str, T]] = []
        for name, value in self._table.items():
            try:
                found.append((parse_name(name), parse(value)))
            except WrongValueError as error:
                self._problems.add((*self._path, name), str(error))
        return tuple(found)


def refuse_strangers(document: Table, problems: Problems) -> None:
    """Notes secrets, unknown keys and tables that are not tables."""
    _refuse_secret_values(document, (), problems)
    for key, value in document.items():
        if key not in TOP_LEVEL:
            _refuse_key((), key, value, TOP_LEVEL, problems)
        elif key in TABLES:
            _refuse_in_table(key, value, problems)


def _refuse_in_table(table: str, value: object, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.add((table,), f"must be a table, written [{table}], not {shown(value)}")
        return
    for key, inner in value.items():
        path = (table, key)
        if key not in TABLES[table]:
            _refuse_key((table,), key, inner, TABLES[table], problems)
        elif path in _FREE_TABLES and not isinstance(inner, dict):
            problems.add(path, f"must be a table, written [{table}.{key}], not {shown(inner)}")


def _refuse_key(table: KeyPath, key: str, value: object, known: Iterable[str], problems: Problems) -> None:
    path = (*table, key)
    if _SECRET_KEY.search(key):
        home = _HOMES.get(table[0] if table else "", "`qbsf auth` asks for it")
        problems.add(path, f"is a secret and does not belong in this file: remove it here; {home}")
        return
    kind = "table" if isinstance(value, dict) and not table else "key"
    problems.add(path, f"is no known {kind}{_hint(key, tuple(known))}")


def _hint(key: str, known: tuple[str, ...]) -> str:
    if close := nearest(key, known):
        return f'; did you mean "{close}"?'
    homes = [name for name, keys in TABLES.items() if key in keys]
    if homes:
        return f"; it belongs under [{homes[0]}]"
    return f"; known here: {', '.join(known)}"


def _refuse_secret_values(value: object, path: KeyPath, problems: Problems) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_secret_values(inner, (*path, str(key)), problems)
    elif isinstance(value, list):
        for inner in value:
            _refuse_secret_values(inner, path, problems)
    elif isinstance(value, str) and holds_secret(value):
        home = (
            "put the key in a file of its own (chmod 600) and name it in salesforce.private_key_file"
            if "PRIVATE KEY" in value
            else _HOMES.get(path[0], "`qbsf auth` keeps secrets in the keyring")
        )
        problems.add(path, f"holds a secret, which does not belong in this file: remove it here; {home}")
