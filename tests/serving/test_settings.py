"""What a server's settings refuse before anything is opened."""

import pytest

pytestmark = pytest.mark.extras
pytest.importorskip("starlette")

from convwise.errors import RequestError  # noqa: E402
from convwise.serving.settings import ServeSettings  # noqa: E402


@pytest.mark.parametrize("name", ["proxy.example", "PROXY", "10.0.0.7", "[::1]", "proxy.example."])
def test_a_host_is_allowed_by_its_name(name: str) -> None:
    hosts = ServeSettings(allow_hosts=(name,)).access.hosts
    assert hosts is not None


@pytest.mark.parametrize("name", ["proxy:8080", "https://proxy", "[::1]:80", "a b", "", "proxy/path"])
def test_what_no_request_could_name_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="without scheme and port"):
        ServeSettings(allow_hosts=(name,))
