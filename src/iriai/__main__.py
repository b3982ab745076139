"""`python -m iriai` is the same as `iriai`."""

from iriai.cli.main import main

if __name__ == "__main__":
    main()
