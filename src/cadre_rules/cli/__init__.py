"""The command: reads what is asked, prints what was found, says it with its exit status.

Messages for people go to stderr, results to stdout. Imports wait until a command needs them.
"""

import argparse
import gc
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module

from cadre_rules.cli.options import parser
from cadre_rules.cli.outputs import CLEAN, MISUSED, UNREADABLE
from cadre_rules.errors import CadreRulesError, RulebookError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; mistakes are told in one line each, never by a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser(arguments[0] if arguments else None).parse_args(arguments)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # nothing installed beside us has a say, or costs a search
    gc.set_threshold(1_000_000)  # a command keeps nearly all it makes; looking for garbage took a fifth of its time
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *_rest, **_more: print(f"cadre-rules: {message}", file=sys.stderr)
    home, _, name = options.run.partition(".")
    try:
        run: Callable[[argparse.Namespace], int] = getattr(import_module(f"cadre_rules.cli.{home}"), name)
        return run(options)
    except RulebookError as error:
        print(error, file=sys.stderr)
        return MISUSED
    except BrokenPipeError:
        sys.stderr.close()
        return CLEAN
    except (CadreRulesError, OSError) as error:
        print(f"cadre-rules: {error}", file=sys.stderr)
        return UNREADABLE
    except KeyboardInterrupt:
        return 130
    finally:
        gc.freeze()  # what is left goes with the process
