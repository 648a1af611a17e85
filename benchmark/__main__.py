"""`python -m benchmark` is the command `cats`."""

from benchmark.cli import main

main()
