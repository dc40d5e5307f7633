"""The command `wavenet`: parses, calls the public functions, prints."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from typing import Any

# Before NumPy loads: its products here are small and each file has a thread of its own; OpenBLAS
# threads that wait for a busy core made `voice-convert apply` four times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from wavenet.cli import (
    bench,
    evaluate,
    forecast,
    import_model,
    info,
    quantize,
    score,
    synthesize,
    train,
    verify,
    voice_convert,
)
from wavenet.cli.notes import warn
from wavenet.io.atomic import explain

app = typer.Typer(
    name="wavenet",
    help="Learn the distribution of sound, and generate it fast on a CPU.",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(synthesize.synthesize)
app.command(cls=train.TrainCommand, context_settings=train.SETTINGS)(train.train)
app.command()(forecast.forecast)
app.command()(score.score)
app.command()(evaluate.evaluate)
app.command()(verify.verify)
app.command()(quantize.quantize)
app.command()(import_model.import_model)
app.command()(info.info)
app.command()(bench.bench)
app.add_typer(voice_convert.app, name="voice-convert")

# typer's own, or click's in its older versions
_UsageError: Any = typer.BadParameter.__base__
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EPIPE)


def _print_version(asked: bool) -> None:
    if asked:
        from wavenet import __version__

        print(f"wavenet {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(
        False, "--version", help="Print the version.", callback=_print_version, is_eager=True
    ),
) -> None:
    """Options before the command."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Runs the command; a bad input is one sentence on standard error and exit code 2."""
    warnings.showwarning = lambda message, *_, **__: warn(message)
    try:
        code = app(standalone_mode=False, prog_name="wavenet")
        sys.stdout.flush()
        sys.exit(code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("stopped", 130)
    except _UsageError as error:
        _fail(error.format_message(), 2)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        if "--debug" in sys.argv:
            raise
        if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
            error.filename = "standard output"  # errors of all other files name them
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # or it fails at exit too
        _fail(explain(error), 2)
    except MemoryError as error:
        if "--debug" in sys.argv:
            raise
        _fail(f"there is not enough memory for this: {error}", 2)


def _fail(sentence: str, code: int) -> None:
    print(f"wavenet: {' '.join(sentence.split())}", file=sys.stderr)
    sys.exit(code)
