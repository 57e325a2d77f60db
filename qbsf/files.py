"""Small private files: written whole or not at all, and locked between processes."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_private(path: Path, content: str) -> None:
    """Replaces a file (mode 0600) so that after a crash it holds the old text or the new one, on disk both.

    A symbolic link is followed, not replaced. Raises OSError.
    """
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600 by mkstemp
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a rename durable; Windows has no such call and needs none."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(path: Path, seconds: float) -> Iterator[None]:
    """Holds a lock file against all processes and threads of this machine; the kernel frees it at a crash.

    Raises TimeoutError when another holds it for so long, else OSError.
    """
    from filelock import FileLock  # noqa: PLC0415 - 0.12 s that an idle pass does not need

    with FileLock(path, timeout=seconds, mode=PRIVATE_FILE):
        yield
