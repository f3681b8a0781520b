"""`python -m prewarm`."""

from prewarm.cli import main

if __name__ == "__main__":
    main()
