"""OwnNetwork: a network of the user's, named by its file, pinned by its digest."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from convwise.errors import RequestError
from convwise.files import open_regular, read_regular
from convwise.nets.own.source import Option, Source, read_source
from convwise.places import kind_of, named, reason_of
from convwise.records import record_of

RANGES = (255, 1)
KEEP = "keep"
"""What stands in place of a weight file for the weights that a network comes with."""
_MOST_CODE_BYTES = 2**20
_CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class OwnNetwork:
    """A network of the user's: a function of a Python file, or the network of a `.keras` file.

    What is found out (`convwise.nets.own.contract.examine`) is None until then.

    Attributes:
        source: The file, as the user named it.
        path: Where its content is read from: the file itself, or the copy in a run or study.
        function: Name of the function; None for a `.keras` file.
        sha256: Digest of the content, which pins it.
        input_range: Largest pixel value that the network takes: 255 where it scales by itself, 1 where a Rescaling of
            1/255 goes in front. Found out.
        keeps_weights: Whether it starts from the weights that it comes with.
        logits: Whether a softmax must follow its last layer. Found out.
        normalises: Whether it normalises its maps. Found out.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.nets.own.reference import OwnNetwork
        >>> OwnNetwork("mine.py", "/home/me/mine.py", "build", "9f2c").label
        'build'
    """

    source: str
    path: str
    function: str | None
    sha256: str
    input_range: int | None = None
    keeps_weights: bool = False
    logits: bool | None = None
    normalises: bool | None = None

    def __post_init__(self) -> None:
        if self.input_range not in (*RANGES, None) or isinstance(self.input_range, bool):
            raise RequestError(
                f"input={self.input_range}: write 255 for a network that takes pixels as they are, 0 to 255, or 1 for "
                "one that takes them from 0 to 1"
            )
        texts = (self.source, self.path, self.sha256, *([] if self.function is None else [self.function]))
        truths = (self.keeps_weights, *(value for value in (self.logits, self.normalises) if value is not None))
        if not all(isinstance(each, str) and each for each in texts) or not all(type(each) is bool for each in truths):
            raise RequestError(f"net={self.source!r}: it is no record of an own network")

    def __str__(self) -> str:
        file = Path(self.source).name
        return file if self.function is None else f"{file}:{self.function}"

    @property
    def label(self) -> str:
        """A short name, for folders."""
        return self.function or Path(self.source).stem

    @property
    def copy_name(self) -> str:
        """What a run or a study calls its copy of the file."""
        return "network.keras" if self.function is None else "network.py"

    def at(self, folder: Path) -> OwnNetwork:
        """The same network, read from the copy in the folder of a run or study."""
        return replace(self, path=str(folder / self.copy_name))

    def copy_to(self, folder: Path) -> None:
        """Puts a copy of the file into `folder`. Raises RequestError where it is no longer what it was; OSError."""
        self.require_unchanged()
        shutil.copyfile(self.path, folder / self.copy_name)

    def code(self) -> bytes:
        """The content of the Python file. Raises RequestError where it cannot be read, or has changed."""
        content = _content(self.source, self.path)
        self._require(hashlib.sha256(content).hexdigest())
        return content

    def require_unchanged(self) -> None:
        """Raises RequestError where the file is no longer the one that the digest is of."""
        self._require(_digest(self.source, self.path))

    def options(self) -> dict[str, Option]:
        """The options of the function, with their defaults: what `net.NAME=value` may set."""
        return {} if self.function is None else dict(self.read().options)

    def takes_conv(self) -> bool:
        """Whether the function is given `conv`, in place of which the graph is rebuilt for others."""
        return self.function is not None and self.read().takes_conv

    def read(self) -> Source:
        """What the file says of the function, without running it. Raises RequestError; see `read_source`."""
        assert self.function is not None
        return read_source(self.code(), self.function, path=Path(self.path), shown=str(self))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> OwnNetwork:
        """The inverse of `to_dict`. Raises RequestError, naming the key."""
        return record_of(cls, values)

    def _require(self, found: str) -> None:
        if found != self.sha256:
            raise RequestError(
                f"net={self}: {self.path} has changed (sha256 {found[:12]}, then {self.sha256[:12]}), and what was "
                "trained cannot go on with another network; put it back, or begin anew"
            )


def names_a_file(net: str) -> bool:
    """Whether `net` names a file, and none of the networks by name."""
    return net.endswith((".py", ".keras", ".h5", ".hdf5")) or ".py:" in net


def find_own(net: str, *, input_range: int | None = None, keeps_weights: bool = False) -> OwnNetwork:
    """The network `FILE.py:function` or `FILE.keras`, without running anything.

    Raises RequestError where there is no such file or function, where it is no Python, or where the function takes
    other arguments than (input_shape, n_classes) or (input_shape, n_classes, conv).
    """
    file, function = _parts(net)
    path = named(file, "net")
    kind = kind_of(path, "net")
    if kind is None:
        raise RequestError(f"net={net}: there is no file {file}")
    if kind != "file":
        raise RequestError(f"net={net}: {file} is no regular file; name a .py or .keras file")
    path = path.resolve()
    own = OwnNetwork(file, str(path), function, _digest(file, str(path)), input_range, keeps_weights)
    if function is not None:
        own.read()
    return own


def _parts(net: str) -> tuple[str, str | None]:
    if net.endswith((".h5", ".hdf5")):
        raise RequestError(f"net={net}: a network is read from a .keras file; load it in Keras and save it as one")
    if net.endswith(".keras"):
        return net, None
    file, found, function = net.rpartition(".py:")
    if found and function:
        return f"{file}.py", function
    raise RequestError(f"net={net}: name the function in it too: {net.removesuffix(':')}:FUNCTION")


def _content(source: str, path: str) -> bytes:
    try:
        return read_regular(path, _MOST_CODE_BYTES)
    except OSError as problem:
        raise RequestError(f"net={source}: {path} cannot be read ({reason_of(problem)})") from None


def _digest(source: str, path: str) -> str:
    hashed = hashlib.sha256()
    try:
        with open_regular(path) as file:
            while chunk := file.read(_CHUNK_BYTES):
                hashed.update(chunk)
    except OSError as problem:
        raise RequestError(f"net={source}: {path} cannot be read ({reason_of(problem)})") from None
    return hashed.hexdigest()
