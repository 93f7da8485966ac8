"""Options that are shown under headings of the help."""

from __future__ import annotations

from typing import Any

import click


class SectionedOption(click.Option):
    """An option that is shown under a heading of the help."""

    def __init__(self, *arguments: Any, section: str, **options: Any) -> None:
        self.section = section
        super().__init__(*arguments, **options)


class SectionedCommand(click.Command):
    """A command whose options are shown under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options section by section, in the order in which they were declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Argument):
                continue  # shown by click under a heading of its own
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)
