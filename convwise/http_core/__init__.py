"""HTTP, as the server and the page both need it: limits, who may ask, reading and decoding uploads, error answers."""

PACKAGES = ("starlette", "uvicorn", "python_multipart")
"""The modules that it needs, which come with the extras of the server and the page."""
