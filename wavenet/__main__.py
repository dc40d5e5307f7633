"""`python -m wavenet` is the command `wavenet`."""

from wavenet.cli import main

main()
