"""Every kind of hostile input by its name: a function of (randomness, folder, material) that makes one case."""

from tests.hostile.cases import Generator
from tests.hostile.kinds.archives import archives
from tests.hostile.kinds.command_lines import command_lines
from tests.hostile.kinds.configs import configs
from tests.hostile.kinds.models import models
from tests.hostile.kinds.names import names
from tests.hostile.kinds.permissions import permissions
from tests.hostile.kinds.pictures import pictures
from tests.hostile.kinds.records import records
from tests.hostile.kinds.special_files import special_files
from tests.hostile.kinds.streams import streams

KINDS: dict[str, Generator] = {
    "pictures": pictures,
    "archives": archives,
    "models": models,
    "names": names,
    "permissions": permissions,
    "special_files": special_files,
    "streams": streams,
    "command_lines": command_lines,
    "configs": configs,
    "records": records,
}
