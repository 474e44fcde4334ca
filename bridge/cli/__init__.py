"""The command `singing-pager`. Output is plain lines; colour only on a terminal that wants it."""

from __future__ import annotations

import sys

import typer

from bridge import __version__
from bridge.cli import books, client, duty, mutes, preview, render, rulebook, serve, silences, sounds, story
from bridge.model.errors import ConfigError, PagerError

app = typer.Typer(
    name="singing-pager",
    help="Hear how your systems are.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _version(*, version: bool = typer.Option(False, "--version", help="Say the version and end.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


app.command()(serve.serve)
app.command()(client.fire)
app.command()(client.resolve)
app.command()(duty.ack)
app.command()(duty.unack)
app.command()(mutes.mute)
app.command()(mutes.unmute)
app.command()(mutes.quiet)
app.command()(mutes.unquiet)
app.command()(silences.silence)
app.command()(silences.unsilence)
app.command()(duty.watch)
app.command()(duty.who)
app.command()(client.status)
app.command()(client.digest)
app.command()(story.events)
app.command()(story.explain)
app.command()(books.ledger)
app.command()(books.export)
app.command()(client.healthcheck)
app.command()(render.render)
app.command()(preview.preview)
app.command("check-config")(rulebook.check_config)
app.command()(rulebook.schema)
app.add_typer(rulebook.routes, name="routes")
app.add_typer(sounds.synthdefs, name="synthdefs")


def main() -> None:
    """Run the command; an error of ours is a line on stderr and exit code 1."""
    try:
        app()
    except ConfigError as e:
        sys.exit(str(e))
    except PagerError as e:
        sys.exit(f"singing-pager: {e}")
