"""`python -m groundswell.cli` is `groundswell`."""

from groundswell.cli import main

main()
