"""`python -m benchmark` is the command `cats`."""

from benchmark.cli.main import main

main()
