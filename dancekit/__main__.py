"""What `dancekit`, and `python -m dancekit`, start."""

import sys


def main() -> None:
    """Run the command line. Ctrl-C is answered from the beginning, while what it is made of is still loaded."""
    try:
        from dancekit.cli import main as run
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
