"""The recorded answers of the real services, read in place where they are: beside the repository, in shared/."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "reference" / "samples"


def sample_text(service: str, name: str) -> str:
    """The text of a sample of "quickbooks" or "salesforce"; skips the test where the samples are not there."""
    found = sorted((FOLDER / service).rglob(name))
    if not found:
        pytest.skip("shared/reference/samples is not beside the repository")
    return found[0].read_text(encoding="utf-8")
