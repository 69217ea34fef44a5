"""`handover`: a brief for the next session."""

from pathlib import Path

import click

from tracker.cli.common import Invocation, named_session, open_modelled, reading_options
from tracker.cli.output import owner_only, print_json
from tracker.errors import UserError


@click.command()
@click.argument("session", required=False, metavar="[SESSION]")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE, readable only by you.",
)
@reading_options
def handover(invocation: Invocation, session: str | None, output: Path | None) -> None:
    """A brief for the next session, made from the records without a model.

    At most 1,500 tokens: the goal in your words, commits and files, what passed and failed, open to-dos.

    \b
    taximeter handover                       of the latest session
    taximeter handover 5ea3b8df --output handover.md
    claude "$(taximeter handover)"           start over with it
    """
    from tracker.handover.brief import handover as brief_of

    db = open_modelled(invocation)
    found = named_session(db, session)
    if found is None:
        raise UserError("no session is on record (taximeter doctor says where it looked)")
    brief = brief_of(db, found.id)
    if output is not None:
        with open(output, "w", encoding="utf-8", opener=owner_only) as file:
            file.write(brief.text)
    if invocation.as_json:
        print_json(
            {
                "schema_version": 1,
                "session": found.native_id,
                "agent": found.agent,
                "tokens_at_most": brief.tokens,
                "text": brief.text,
            }
        )
    elif output is not None:
        click.echo(f"{output}: at most {brief.tokens:,} tokens", err=True)
    else:
        click.echo(brief.text, nl=False)
