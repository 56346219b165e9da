"""The verbs of the command line as functions: one file each, the same names, defaults and records."""
