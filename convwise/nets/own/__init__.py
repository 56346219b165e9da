"""A user's own network: a function in a Python file, or a .keras file, treated as one of ours."""
