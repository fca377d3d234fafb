"""python -m dancekit."""

from dancekit.cli import main

if __name__ == "__main__":
    main()
