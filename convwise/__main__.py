"""python -m convwise: the command line, where its script is not on the path."""

from convwise.cli import entry

if __name__ == "__main__":
    raise SystemExit(entry())
