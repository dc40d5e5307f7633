"""Options and fixtures that all tests share."""

from pathlib import Path

import pytest

from wavenet import _core


def pytest_addoption(parser):
    parser.addoption("--data", default="../shared/data", help="folder of real recordings")


@pytest.fixture(scope="session")
def data(request) -> Path:
    """Folder of real recordings; tests that need it say so where it is absent."""
    folder = Path(request.config.getoption("--data"))
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder.resolve()}; name their folder with --data")
    return folder


@pytest.fixture(params=_core.available_instruction_sets())
def instruction_set(request):
    """Every instruction set of this processor in turn."""
    before = _core.instruction_set()
    _core.set_instruction_set(request.param)
    yield request.param
    _core.set_instruction_set(before)
