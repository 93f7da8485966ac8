"""`python -m groundswell_server` is `groundswell`."""

from groundswell_server.cli import main

main()
