"""A fresh world and a fresh installation for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from program.installation import Installation

from qbsf.sandbox.world import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as world:
        yield world


@pytest.fixture
def qbsf(sandbox: Sandbox, tmp_path: Path) -> Installation:
    """Configured and authorized, and nothing has run yet."""
    installation = Installation(sandbox, tmp_path)
    installation.authorize()
    return installation
