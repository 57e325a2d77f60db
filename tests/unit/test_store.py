"""The secrets file: private, whole, shared by profiles; and which client secret counts."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from qbsf.auth.file_store import FileStore
from qbsf.auth.keyring_store import KeyringStore
from qbsf.auth.store import client_secret, open_store, probe
from qbsf.config import Config, QuickBooksConfig, SalesforceConfig, SecretsConfig
from qbsf.errors import StoreUnavailable
from qbsf.paths import ProfilePaths

needs_posix = pytest.mark.skipif(os.name == "nt", reason="files have no POSIX modes there")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "secrets.json"


@pytest.fixture
def store(path: Path) -> FileStore:
    return FileStore(path, "default")


def test_a_secret_comes_back_as_it_was_stored(store: FileStore) -> None:
    store.set("quickbooks.refresh", 'AB11 "with quotes" é')
    assert store.get("quickbooks.refresh") == 'AB11 "with quotes" é'


def test_what_was_never_stored_is_none_and_deleting_it_is_fine(store: FileStore) -> None:
    assert store.get("quickbooks.access") is None
    store.delete("quickbooks.access")


def test_a_deleted_secret_is_gone_from_the_file(store: FileStore, path: Path) -> None:
    store.set("quickbooks.access", "eyJ-secret")
    store.set("quickbooks.refresh", "AB11")
    store.delete("quickbooks.access")
    assert "eyJ-secret" not in path.read_text()
    assert store.get("quickbooks.refresh") == "AB11"


def test_profiles_share_a_file_and_not_their_secrets(store: FileStore, path: Path) -> None:
    other = FileStore(path, "other")
    store.set("quickbooks.refresh", "one")
    other.set("quickbooks.refresh", "two")
    assert (store.get("quickbooks.refresh"), other.get("quickbooks.refresh")) == ("one", "two")
    assert store.refresh_lock != other.refresh_lock


@needs_posix
def test_file_and_folder_are_for_this_user_alone(store: FileStore, path: Path) -> None:
    store.set("quickbooks.refresh", "AB11")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@needs_posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused_with_the_cure(store: FileStore, path: Path, mode: int) -> None:
    store.set("quickbooks.refresh", "AB11-secret")
    path.chmod(mode)
    uses: list[Callable[[], object]] = [
        lambda: store.get("quickbooks.refresh"),
        lambda: store.set("quickbooks.refresh", "x"),
    ]
    for use in uses:
        with pytest.raises(StoreUnavailable, match="can be read by others") as caught:
            use()
        assert f"chmod 600 {path}" in caught.value.todo
        assert "AB11" not in str(caught.value)


@needs_posix
def test_another_users_file_is_refused(store: FileStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.set("quickbooks.refresh", "AB11")
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(StoreUnavailable, match="belongs to") as caught:
        store.get("quickbooks.refresh")
    assert caught.value.todo == f"Take it back: sudo chown 12345 {path}"


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"default:probe": 5}', "\x00"])
def test_a_damaged_file_is_told_and_left_as_it_is(store: FileStore, path: Path, content: str) -> None:
    store.set("quickbooks.refresh", "AB11")
    path.write_text(content)
    with pytest.raises(StoreUnavailable, match="is damaged"):
        store.set("quickbooks.refresh", "new")
    assert path.read_text() == content


def test_a_file_in_another_encoding_is_told_as_damaged(store: FileStore, path: Path) -> None:
    store.set("quickbooks.refresh", "AB11")
    path.write_bytes(b'{"default:probe": "\xff"}')
    with pytest.raises(StoreUnavailable, match="is damaged"):
        store.get("quickbooks.refresh")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot be used: ") as caught:
        FileStore(tmp_path / "file" / "secrets.json", "default").set("probe", "x")
    assert caught.value.exit_code == 3


def test_writers_at_the_same_time_lose_nothing(path: Path) -> None:
    names = [f"profile{number}" for number in range(8)]

    def write(name: str) -> None:
        for turn in range(5):
            FileStore(path, name).set("quickbooks.refresh", f"{name}-{turn}")

    threads = [Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert json.loads(path.read_text()) == {f"{name}:quickbooks.refresh": f"{name}-4" for name in names}


def test_the_environments_client_secret_wins(store: FileStore) -> None:
    store.set("quickbooks.client_secret", "stored")
    variable = "QBSF_QUICKBOOKS_CLIENT_SECRET"
    assert client_secret("quickbooks.client_secret", store, {}) == "stored"
    assert client_secret("quickbooks.client_secret", store, {variable: "from environment\n"}) == "from environment"
    assert client_secret("quickbooks.client_secret", store, {variable: " "}) == "stored"
    assert client_secret("salesforce.client_secret", store, {variable: "x"}) is None


def test_probing_leaves_nothing_behind(store: FileStore, path: Path) -> None:
    probe(store)
    assert json.loads(path.read_text()) == {}


def config(secrets: SecretsConfig) -> Config:
    return Config(QuickBooksConfig("id"), SalesforceConfig("https://acme.my.salesforce.com", "id"), secrets=secrets)


def test_the_file_is_used_only_where_the_configuration_says_so(tmp_path: Path) -> None:
    paths = ProfilePaths(tmp_path / "default")
    assert isinstance(open_store(config(SecretsConfig()), paths), KeyringStore)
    assert open_store(config(SecretsConfig("file")), paths).place == f"file {paths.folder / 'secrets.json'}"
    assert open_store(config(SecretsConfig("file", "/elsewhere")), paths).place == "file /elsewhere"
