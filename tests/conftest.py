"""What several test files share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from workshop.subjects import codecs

# A busy machine is no fault of a test: hypothesis's own 200 ms for an example are too few.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def conformance_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of all that this project judges, run once."""
    folder = tmp_path_factory.mktemp("conformance")
    for _ in codecs.write(folder):
        pass
    return folder
