"""`python -m cetransfer` is the command `cetransfer`."""

from cetransfer.cli import main

main()
