"""The commands, one module each: the only package that prints, exits or knows flags.

Stages are imported where they are used, so that `--help` answers at once.
"""

from __future__ import annotations

import errno
import sys

import click

from advisor import __version__
from advisor.cli.analyze import analyze
from advisor.cli.collect import collect
from advisor.cli.demo import demo
from advisor.cli.diff import diff
from advisor.cli.doctor import doctor
from advisor.cli.explain import explain
from advisor.cli.grants import grants
from advisor.cli.ledger import ledger
from advisor.cli.prove import prove
from advisor.cli.redact import redact
from advisor.cli.schedule import schedule
from advisor.cli.signals import Ended, heed
from advisor.cli.track import track
from advisor.errors import AdvisorError, InputError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="advisor")
def cli() -> None:
    """Find the changes to a Snowflake account that would save the most, and write the SQL to review."""


for command in (analyze, collect, demo, diff, doctor, explain, grants, ledger, prove, redact, schedule, track):
    cli.add_command(command)


def main() -> None:
    """Runs the command line; an expected failure is one line on stderr and the exit status that the contract gives it, a signal's
    is 128 and its number. A file that no command could name better is the user's to mend too."""
    heed()
    try:
        status = cli.main(standalone_mode=False)
    except AdvisorError as error:
        _fail(str(error), error.exit_status)
    except click.exceptions.Abort as abort:
        ended = abort.__cause__
        _fail(*((ended.said, ended.exit_status) if isinstance(ended, Ended) else ("interrupted", 130)))
    except click.ClickException as error:
        _fail(error.format_message(), InputError.exit_status)
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        _fail(": ".join(map(str, filter(None, (error.filename, error.strerror)))), InputError.exit_status)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str, status: int) -> None:
    click.echo(f"advisor: {' '.join(message.split())}", err=True)
    sys.exit(status)
