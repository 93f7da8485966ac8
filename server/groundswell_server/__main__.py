"""`python -m groundswell_server` is `groundswell`."""

from groundswell.cli import main

main()
