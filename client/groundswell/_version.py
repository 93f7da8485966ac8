"""The version of the distribution that is installed; pyproject.toml is where it is written."""

from importlib import metadata

try:
    __version__ = metadata.version("groundswell")
except metadata.PackageNotFoundError:  # a source tree on the path that nobody installed
    __version__ = "0"
