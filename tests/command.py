"""The command run as a person would, wrong usage included."""

from collections.abc import Sequence

import pytest

from cadre_rules.cli import main


def run(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return the exit status, and what was said on stderr."""
    try:
        status = main(arguments)
    except SystemExit as stopped:
        status = int(str(stopped.code))
    return status, capsys.readouterr().err
