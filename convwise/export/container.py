"""How an export with ONNX runs in a container: what a Dockerfile, a compose.yaml and the packages of the server say."""

from __future__ import annotations

from convwise.runs.environment import requirement

PACKAGES = (
    "numpy", "opencv-python-headless", "pillow", "simplejpeg", "onnxruntime", "starlette", "uvicorn",
    "python-multipart", "httptools", "uvloop",
)  # fmt: skip
"""All that `convwise serve` imports, which is less than convwise needs: neither Keras nor TensorFlow."""
_USER = "10001:10001"
_PORT = 8000
_HEALTH = f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{_PORT}/healthz', timeout=2)"

_DOCKERFILE = """\
# An image that serves this folder's network: docker compose up --build
FROM python:3.11-slim
WORKDIR /export
COPY serve-requirements.txt ./
# convwise alone, without what it needs to train; another version or a wheel: --build-arg CONVWISE=...
ARG CONVWISE=convwise=={version}
RUN pip install --no-cache-dir -r serve-requirements.txt && pip install --no-cache-dir --no-deps "$CONVWISE"
COPY labels.json model.onnx ./
ENV PYTHONUNBUFFERED=1
USER {user}
EXPOSE {port}
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", "{health}"]
# Other machines reach it: without the variable CONVWISE_TOKEN it refuses to begin.
ENTRYPOINT ["python", "-m", "convwise", "serve", "/export", "--host", "0.0.0.0", "--port", "{port}"]
"""

_COMPOSE = """\
# CONVWISE_TOKEN=... docker compose up --build
services:
  predict:
    build: .
    user: "{user}"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 1g
    pids_limit: 64
    restart: unless-stopped
    stop_grace_period: 45s  # a request may take 40 s to arrive; it is answered before the end
    ports: ["127.0.0.1:{port}:{port}"]
    environment:
      CONVWISE_TOKEN: ${{CONVWISE_TOKEN:?a token of 8 to 256 letters and digits}}
    healthcheck:
      test: ["CMD", "python", "-c", "{health}"]
      interval: 10s
      timeout: 3s
      start_period: 10s
"""


def container_files(version: str) -> dict[str, str]:
    """The text of each file, by its name within the export.

    Args:
        version: Of convwise, as labels.json has it.

    Returns:
        Dockerfile, compose.yaml and serve-requirements.txt.

    Example:
        >>> from convwise.export.container import container_files
        >>> sorted(container_files("0.1.0"))
        ['Dockerfile', 'compose.yaml', 'serve-requirements.txt']
    """
    values = {"version": version, "user": _USER, "port": _PORT, "health": _HEALTH}
    return {
        "Dockerfile": _DOCKERFILE.format(**values),
        "compose.yaml": _COMPOSE.format(**values),
        "serve-requirements.txt": _requirements(),
    }


def _requirements() -> str:
    """Each package, in the version that is here: that is what was tried together."""
    return "".join(f"{requirement(name)}\n" for name in PACKAGES)
