"""What a command hands out, and the exit status it ends with."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from cadre_rules.errors import SourceError
from cadre_rules.wording import LEVELS, Level

RENDERERS = {
    "text": ("reports.text", "render_text", ""),
    "json": ("findings", "Report.to_json", ""),
    "sarif": ("reports.sarif", "render_sarif", ""),
    "junit": ("reports.junit", "render_junit", ""),
    "oscal": ("reports.oscal", "render_oscal", ""),
    "html": ("reports.html", "render_html", "html"),
    "xlsx": ("office.results", "render_workbook", "excel"),
    "docx": ("office.documents", "render_note", "word"),
}
"""Formats of a check's report: of each the function that renders it, a report in, text or bytes out, and the extra it needs."""
CLEAN, FOUND, MISUSED, UNREADABLE = 0, 1, 2, 3


def deliver(rendered: str | bytes, output: str | None = None) -> None:
    """Write what is told to a file, whole or not at all, or to standard output; raises `SourceError` if it cannot be written."""
    body = rendered.encode(errors="backslashreplace") if isinstance(rendered, str) else rendered
    if output is None:
        if isinstance(rendered, bytes) and sys.stdout.isatty():
            raise SourceError("standard output", "is a terminal, which shows no workbook or document; say --output FILE")
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    from cadre_rules.writing import whole

    with whole(output) as partial:
        partial.write_bytes(body)


def lines(told: Iterable[str]) -> None:
    deliver("".join(f"{line}\n" for line in told))


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Say which extra to install where a library is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SourceError(str(error.name), f"is not installed; pip install 'cadre-rules[{extra}]'") from error


def status(worst: Level | None, options: argparse.Namespace) -> int:
    return FOUND if worst is not None and LEVELS.index(worst) <= LEVELS.index(options.fail_on) else CLEAN
