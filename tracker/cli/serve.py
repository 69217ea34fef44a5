"""`serve`: the dashboard in a browser, by default on this machine only."""

import errno
import shlex
import socket
import sys

import click

from hooks.places import launcher
from tracker.cli.common import Invocation, dir_options
from tracker.cli.output import say
from tracker.errors import UserError


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8642, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others may then reach it.")
@dir_options
def serve(invocation: Invocation, port: int, host: str) -> None:
    """Show the dashboard in a browser, by default on this machine only.

    The printed address holds a token; requests without it are refused. Ctrl-C ends it.

    \b
    taximeter serve
    taximeter serve --port 9000
    """
    from tui.web.server import LOOPBACK, TokenServer, new_token

    _refuse_taken(host, port)
    if host not in LOOPBACK:
        say(f"{host} can be reached from other machines; the token is all that protects it")

    def tell(address: str) -> None:
        click.echo(f"{address}\nOpen it in a browser; Ctrl-C ends the service.")

    server = TokenServer(dashboard_command(invocation), host=host, port=port, token=new_token(), on_ready=tell)
    server.serve()


def dashboard_command(invocation: Invocation) -> str:
    """The shell command for a dashboard over the same folders."""
    words = [sys.executable, "-I", launcher(), "dashboard"]
    for option, folders in (("--claude-dir", invocation.claude_dirs), ("--cline-dir", invocation.cline_dirs)):
        for folder in folders:
            words += [option, str(folder)]
    return shlex.join(words)


def _refuse_taken(host: str, port: int) -> None:
    """UserError if the address cannot be listened on."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise UserError(f"--host {host}: this machine has no such address") from error
        raise UserError(f"port {port} of {host} is in use or not allowed (choose another with --port)") from error
    except UnicodeError as error:
        raise UserError(f"--host {host}: not an address") from error
