"""`python -m kruispunt.cli`."""

from kruispunt.cli import main

main()
