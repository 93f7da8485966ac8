"""URLs with a password in them, as they may be shown and logged."""

from __future__ import annotations

import re

HIDDEN = "**********"
_PASSWORD = re.compile(r"(?P<before>://[^:/@\s]*:)[^@\s]+(?=@)|(?P<named>[?&]password=)[^&\s]+")


def hide_password(text: str) -> str:
    """The text with the passwords of all URLs in it hidden, wherever in the URL they stand.

    >>> hide_password("at postgresql://ann:hush@host/name?password=hush&port=1")
    'at postgresql://ann:**********@host/name?password=**********&port=1'
    """
    return _PASSWORD.sub(lambda found: f"{found['before'] or found['named']}{HIDDEN}", text)
