"""The version of the installed distribution, from pyproject.toml."""

from importlib import metadata

try:
    __version__ = metadata.version("groundswell")
except metadata.PackageNotFoundError:  # a source tree on the path that is not installed
    __version__ = "0"
