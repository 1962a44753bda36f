"""A filled-in .env for every test of the deployment files."""

import pytest

from .compose_file import FILLED


@pytest.fixture
def filled() -> dict[str, str]:
    """Every required name, no optional one."""
    return dict(FILLED)
