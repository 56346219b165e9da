"""Every random choice takes a seed derived by name from one root seed; nothing reads a global generator."""

import hashlib

import numpy as np


def derive_seed(root: int, *names: str | int) -> int:
    """A seed in [0, 2**63) that depends on the root seed and on the names alone.

    Different names give independent seeds: the bits are those of SHA-256 over the root and the names.
    """
    text = "\x1f".join([str(int(root)), *[f"{type(name).__name__}:{name}" for name in names]])
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little") >> 1


def generator(root: int, *names: str | int) -> np.random.Generator:
    """A NumPy generator seeded by `derive_seed(root, *names)`."""
    return np.random.default_rng(derive_seed(root, *names))
