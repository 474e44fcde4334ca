"""`python -m bridge` is `singing-pager`."""

from bridge.cli import main

main()
