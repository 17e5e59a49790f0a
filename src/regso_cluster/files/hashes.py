"""The hash of a file: the one that manifests, caches and packages write, and check."""

from __future__ import annotations

import hashlib
from pathlib import Path


def hash_of(path: str | Path) -> str:
    """Give the SHA-256 of a file in hexadecimal, read a piece at a time."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
