"""The command `wavenet`: parses, calls the public functions, prints."""

from __future__ import annotations

import sys

import typer

from wavenet.cli import train

app = typer.Typer(
    name="wavenet",
    help="Learn the distribution of sound, and generate it fast on a CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(context_settings=train.SETTINGS)(train.train)


@app.callback()
def options(debug: bool = typer.Option(False, help="Show the traceback of an error.")) -> None:
    """Options before the command."""


def main() -> None:
    """Runs the command; a bad input is one sentence on standard error and exit code 2."""
    try:
        app()
    except (ValueError, OSError, ImportError) as error:
        if "--debug" in sys.argv:
            raise
        print(f"wavenet: {error}", file=sys.stderr)
        sys.exit(2)
