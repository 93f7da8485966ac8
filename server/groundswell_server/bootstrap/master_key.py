"""The master key, which encrypts the secrets in the database: a setting, or a file that only its owner can read."""

from __future__ import annotations

import base64
import binascii
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from groundswell_server.settings import Settings, SettingsError

KEY_BYTES = 32


def master_key(settings: Settings) -> bytes:
    """Returns the deployment's master key, and creates it in the file of the settings when there is none yet.

    Raises SettingsError for a key that cannot be read. Servers on several machines need the same key: set it.
    """
    if settings.master_key is not None:
        return _decoded(settings.master_key.get_secret_value(), "GROUNDSWELL_MASTER_KEY")
    path = settings.master_key_file
    try:
        if not path.exists():
            _make(path)
        return _decoded(path.read_text(), str(path))
    except OSError as error:
        raise SettingsError(f"GROUNDSWELL_MASTER_KEY_FILE: {error}") from error


def _make(path: Path) -> None:
    """Writes a new key atomically: when several processes start at once, the key of the first one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent) as file:  # readable by its owner alone
        file.write(base64.b64encode(os.urandom(KEY_BYTES)))
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)


def _decoded(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise SettingsError(f"{place} must be base64") from error
    if len(key) < KEY_BYTES:
        raise SettingsError(f"{place} must have at least {KEY_BYTES} bytes, got {len(key)}")
    return key
