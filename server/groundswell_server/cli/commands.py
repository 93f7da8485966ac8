"""What all groups of commands have in common, in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer.core import TyperOption

Function = TypeVar("Function", bound=Callable[..., Any])


class _Command(TyperCommand):
    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """Typer shows `--help` as if it took a value."""
        return _without_value(super().get_help_option(ctx))


class _Group(TyperGroup):
    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """The same for a group."""
        return _without_value(super().get_help_option(ctx))


def _without_value(option: TyperOption | None) -> TyperOption | None:
    if option is not None:
        option.metavar = ""
    return option


class Commands(typer.Typer):
    """A group of commands, which shows its help when none is named."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"no_args_is_help": True, "add_completion": False, "cls": _Group, **options})

    def command(self, name: str | None = None, **options: Any) -> Callable[[Function], Function]:
        """A decorator that adds a command."""
        return super().command(name, **{"cls": _Command, **options})
