"""Runs the command in this process."""

from dataclasses import dataclass

import pytest

from wavenet.cli import main


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def wavenet(monkeypatch, capfd):
    """The command: its arguments to exit code and output."""

    def run(*arguments) -> Outcome:
        monkeypatch.setattr("sys.argv", ["wavenet", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capfd.readouterr()
        return Outcome(stopped.value.code or 0, captured.out, captured.err)

    return run
