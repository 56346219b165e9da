"""python -m convwise.cli: the command line."""

from convwise.cli import entry

if __name__ == "__main__":
    raise SystemExit(entry())
