"""The files in a multipart/form-data body that is in memory already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from convwise.http_core.problems import Problem


@dataclass(frozen=True)
class Upload:
    """A file of a form: its field's name, the name that the client gives it ("" for none), and its content."""

    field: str
    name: str
    data: bytes


@dataclass
class _Part:
    """A part that is being read."""

    headers: dict[str, str] = field(default_factory=dict)
    header: list[bytes] = field(default_factory=list)
    value: list[bytes] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)


def uploads(body: bytes, content_type: str, most_files: int) -> list[Upload]:
    """The files in their order; fields without a file name are passed over.

    Args:
        body: The whole body.
        content_type: The header of that name, with the boundary.
        most_files: How many parts there may be.

    Returns:
        The files.

    Raises:
        Problem: 400 where the body is not what its type says, 413 for more parts.

    Example:
        >>> from convwise.http_core.multipart import uploads
        >>> head = b'content-disposition: form-data; name="a"; filename="b.png"'
        >>> uploads(b"--x\\r\\n" + head + b"\\r\\n\\r\\nbytes\\r\\n--x--", "multipart/form-data; boundary=x", 1)
        [Upload(field='a', name='b.png', data=b'bytes')]
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise Problem(400, "multipart/form-data without a boundary")
    reader = _Reader(most_files)
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Problem(400, "the body is no multipart/form-data") from None
    if not reader.ended:
        raise Problem(400, "the multipart body has no end")
    return [upload for part in reader.parts if (upload := _upload(part)) is not None]


class _Reader:
    """What the parser tells, collected."""

    def __init__(self, most_parts: int) -> None:
        self.parts: list[_Part] = []
        self.ended = False
        self._most_parts = most_parts

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self.parts[-1].header.append(data[start:end]),
            "on_header_value": lambda data, start, end: self.parts[-1].value.append(data[start:end]),
            "on_header_end": self._header_end,
            "on_part_data": lambda data, start, end: self.parts[-1].pieces.append(data[start:end]),
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) == self._most_parts:
            raise Problem(413, f"the form has more than {self._most_parts:,} parts")
        self.parts.append(_Part())

    def _header_end(self) -> None:
        part = self.parts[-1]
        part.headers[b"".join(part.header).decode("latin-1").lower()] = b"".join(part.value).decode("latin-1")
        part.header, part.value = [], []

    def _end(self) -> None:
        self.ended = True


def _upload(part: _Part) -> Upload | None:
    _, options = parse_options_header(part.headers.get("content-disposition", ""))
    name = options.get(b"filename")
    if name is None:
        return None
    field_name = options.get(b"name", b"").decode("utf-8", "replace")
    return Upload(field_name, name.decode("utf-8", "replace"), b"".join(part.pieces))
