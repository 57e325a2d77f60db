"""The private key of the JWT flow: a PEM file that only its owner may read."""

import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qbsf.errors import ConfigError
from qbsf.ownership import account_name, my_id
from qbsf.paths import quoted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_LARGEST = 100_000
"""Bytes; a key of 16,384 bits has 13,000."""


def read_private_key(file: str) -> "RSAPrivateKey":
    """The RSA key. Raises ConfigError: not there, readable by others, not PEM, encrypted, or another kind of key."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - only the JWT flow
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - only the JWT flow

    path = Path(file)
    content = _content(path)
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:
        raise _unusable(path, "is encrypted", "Store it without a passphrase: openssl rsa -in KEY -out KEY2") from None
    except Exception:  # noqa: BLE001 - cryptography raises ValueError, UnsupportedAlgorithm and its own kinds
        raise _unusable(
            path, "holds no private key in PEM form", "It begins with -----BEGIN PRIVATE KEY-----."
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise _unusable(path, "is not an RSA key", "Make one: openssl req -x509 -newkey rsa:2048 -nodes ...")
    return key


def _content(path: Path) -> bytes:
    try:
        status = path.stat()
        if sys.platform != "win32" and stat.S_IMODE(status.st_mode) & 0o077:
            raise _unusable(
                path,
                f"can be read by others on this machine (mode {stat.S_IMODE(status.st_mode):04o})",
                f"Close it: chmod 600 {quoted(path)}",
            )
        with path.open("rb") as stream:
            return stream.read(_LARGEST)
    except FileNotFoundError:
        raise _unusable(path, "does not exist", "Correct [salesforce] private_key_file.") from None
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}", f"Let {account_name(my_id())} read it.") from None


def _unusable(path: Path, why: str, todo: str) -> ConfigError:
    return ConfigError(f"The private key file {path} {why}.", todo)
