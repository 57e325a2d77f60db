"""What these tests need of the machine: root, Debian's packages, and qbsf where any user can run it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = {
    "cron": "cron",
    "crontab": "cron",
    "dbus-daemon": "dbus",
    "dbus-run-session": "dbus",
    "gnome-keyring-daemon": "gnome-keyring",
    "python3": "python3",
}
"""Debian's package of each program."""

CHECKOUT = Path(__file__).resolve().parents[2]
_APT = (
    "apt-get",
    "-y",
    "-q",
    "-o",
    "DPkg::Lock::Timeout=60",
    "-o",
    "Acquire::Retries=2",
    "-o",
    "Acquire::http::Timeout=20",
)
_APT_SECONDS = 180


def unavailable(reason: str) -> NoReturn:
    """Skips the test; under CI, where it has to run, fails it."""
    if os.environ.get("CI"):
        pytest.fail(f"the system tests cannot run: {reason}", pytrace=False)
    pytest.skip(reason)


def require_debian() -> None:
    """Sees to it that cron, D-Bus and gnome-keyring are installed, from Debian's mirror where they are not."""
    if os.geteuid() != 0:
        pytest.skip("needs root: it makes users, runs cron and installs Debian packages")
    missing = sorted({package for program, package in PACKAGES.items() if shutil.which(program, path=PATH) is None})
    if not missing:
        return
    if shutil.which("apt-get", path=PATH) is None:
        unavailable(f"{', '.join(missing)} is not installed, and this machine has no apt-get")
    said = _apt("update")
    said += _apt("install", "--no-install-recommends", *missing)
    if any(shutil.which(program, path=PATH) is None for program in PACKAGES):
        unavailable(f"apt-get could not install {' '.join(missing)}:\n{said}")


def _apt(*words: str) -> str:
    """Its complaints: whether it worked is seen by what is installed afterwards."""
    command = [*_APT, *words]
    environment = {**os.environ, "PATH": PATH, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_APT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"apt-get {words[0]} took more than {_APT_SECONDS} seconds\n"
    return done.stderr


def install_qbsf(folder: Path) -> Path:
    """Installs this checkout into a virtual environment of the machine's Python, and returns its folder of programs.

    The checkout, its environment and a pyenv's Python may all be under a home that other users cannot enter.
    """
    machines = shutil.which("python3", path=PATH) or "python3"
    _run(machines, "-m", "venv", "--without-pip", str(folder))  # Debian keeps what brings pip in another package
    python = folder / "bin" / "python"
    _run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", str(CHECKOUT))
    return python.parent


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        unavailable(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
