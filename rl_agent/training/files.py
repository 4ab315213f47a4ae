"""Files that are whole or not there: written beside, flushed to disk, then renamed.

Owns nothing else.
"""

import os
from pathlib import Path

PARTIAL = ".partial"


def write_whole(path: Path, content: bytes | str) -> None:
    """Writes a file so that a reader, or a run killed at any moment, finds the old or the new."""
    partial = path.with_name(path.name + PARTIAL)
    data = content.encode() if isinstance(content, str) else content
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def remove_partial(folder: Path) -> None:
    """Removes what a killed run had not finished."""
    for partial in folder.glob(f"*{PARTIAL}"):
        partial.unlink()
