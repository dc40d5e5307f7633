"""The command `wavenet`, which is `python -m wavenet` too."""

import sys


def main() -> None:
    """Runs the command; Ctrl-C while its modules load is answered as later, by exit code 130."""
    try:
        from wavenet.cli import main as run
    except KeyboardInterrupt:
        print("wavenet: stopped", file=sys.stderr)
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
