"""`gateway`: one command, its subcommands imported when they are used.

Exit status: 0 done, 1 failed, 2 wrong usage or settings, with one line on stderr and never a traceback.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version as version_of

import click

from config.garbage import starting
from config.logging import get_logger, redact_text
from config.reference import ReferenceInvalid
from config.settings import SettingsError

log = get_logger(__name__)

FAILED, WRONG_USAGE = 1, 2
SERVICES = frozenset({"run", "serve", "work", "clock", "listen", "simulate"})
"""Commands that write a log, where a traceback belongs. A person at a terminal gets one line."""

# Name -> "module:command". A command stands where what it needs stands; here is only its name.
COMMANDS: Mapping[str, str] = {
    "run": "workers.run:run",
    "serve": "gateway.cli.serve:serve",
    "work": "workers.commands:work",
    "clock": "workers.commands:clock",
    "listen": "workers.commands:listen",
    "simulate": "workers.simulators.command:simulate",
    "classify": "workers.classification.command:classify",
    "classifier": "workers.classification.command:classifier",
    "db": "gateway.cli.db:db",
    "data": "gateway.cli.data:data",
    "config": "gateway.cli.settings:config",
    "channels": "gateway.cli.channels:channels",
    "doctor": "gateway.cli.doctor:doctor",
    "backup": "gateway.cli.backup:backup",
    "restore": "gateway.cli.backup:restore",
    "bench": "workers.bench.command:bench",
    "soak": "workers.soak.command:soak",
    "month": "workers.month.command:month",
    "audit": "gateway.cli.audit:audit",
    "user": "gateway.cli.accounts:user",
    "token": "gateway.cli.tokens:token",
    "export": "gateway.cli.export:export",
    "retention": "gateway.cli.retention:retention",
    "sla": "gateway.cli.tools:sla",
    "sms": "gateway.cli.tools:sms",
    "number": "gateway.cli.tools:number",
    "mask": "gateway.cli.tools:mask",
    "version": "gateway.cli.main:version",
}

# What `gateway --help` says of each: the first sentence of its own help, here because asking must not import them all.
SUMMARIES: Mapping[str, str] = {
    "run": "Run the whole gateway on this machine; without a settings file, in training mode with simulators.",
    "serve": "Serve webhooks, pages and API until SIGTERM.",
    "work": "Carry out what waits in these queues (none named: all) until told to end.",
    "clock": "Ring queues and do what is due, until told to end.",
    "listen": "Ask the providers of these channels (none named: all that are to be asked) until told to end.",
    "simulate": "Play the providers and LAPOR!, and serve the practice site.",
    "classify": "Suggest language, kind, topic, agency, place and warnings for each text of FILE (default: stdin), in its order.",
    "classifier": "Measure the classifier, and teach it what people decided.",
    "db": "Bring the database up to date, or see whether it is.",
    "data": "Check the reference data, load it into the database, count deadlines by it.",
    "config": "Show and check the settings.",
    "channels": "Show and check the channels.",
    "doctor": "Look at settings, database, Redis, folders, processes, channels, backups: exit 0 well, 1 warnings, 2 broken.",
    "backup": "Write database, attachments, learned models and spool to one encrypted file, while everything runs.",
    "restore": "Put a backup in the place of database, attachments, learned models and spool; refuses while a gateway runs on them.",
    "bench": "Measure what this machine carries, and whether anything is lost or doubled under load.",
    "soak": "Let a simulated town live while everything breaks; then nothing may be lost, doubled, out of order or wrongly told.",
    "month": "Live a month of an office on the virtual clock; nobody may be left in silence, and nothing lost.",
    "audit": "The hash-chained record of actions.",
    "user": "People who sign in.",
    "token": "Tokens by which other programs call the API.",
    "export": "Write complaints as CSV: masked, without confidential and sensitive ones, at most 20,000.",
    "retention": "Take away what need not be kept any more; what must be kept (legal hold) stays.",
    "sla": "Deadlines in working days.",
    "sms": "What a text costs as SMS.",
    "number": "Telephone numbers.",
    "mask": "Print TEXT without personal data; with --json also where each was found (positions in TEXT).",
    "version": "Print the version of the gateway.",
}


class Commands(click.Group):
    """A group whose commands are named in a table and imported one by one."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in COMMANDS])

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def gateway() -> None:
    """Satu Pintu: one door for citizens' complaints, to SP4N-LAPOR! and the responsible agency, and back."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def version(as_json: bool) -> None:
    """Print the version of the gateway."""
    number = version_of("satupintu")
    click.echo(f'{{"version": "{number}"}}' if as_json else f"satupintu {number}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: whatever happens ends with a status and at most one line on stderr."""
    starting()
    try:
        status = gateway.main(arguments, prog_name="gateway", standalone_mode=False)
    except click.exceptions.Exit as ended:
        status = ended.exit_code
    except click.Abort:
        status = _say("berhenti / stopped", FAILED)
    except click.exceptions.NoArgsIsHelpError as question:
        click.echo(question.format_message(), err=True)
        status = WRONG_USAGE
    except click.UsageError as problem:
        where = problem.ctx.command_path if problem.ctx else "gateway"
        status = _say(f"{where}: {problem.format_message()} (see {where} --help)", WRONG_USAGE)
    except click.ClickException as problem:
        status = _say(problem.format_message(), FAILED)
    except (SettingsError, ReferenceInvalid) as problem:
        status = _say(str(problem), WRONG_USAGE)
    except BrokenPipeError:
        status = FAILED  # whoever read our output has gone
    except Exception as problem:
        if SERVICES & set((sys.argv[1:] if arguments is None else arguments)[:1]):
            log.exception("command_failed")
        status = _say(redact_text(f"{type(problem).__name__}: {problem}"), FAILED)
    sys.exit(status if isinstance(status, int) else 0)


def _say(line: str, status: int) -> int:
    click.echo(" ".join(line.split()), err=True)
    return status
