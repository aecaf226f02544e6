"""What goes to stdout: one JSON object, or text."""

import errno
import os
import sys

import msgspec

from inspector.cli.engine import CommandError
from inspector.protocol.base import Message


def print_json(report: Message) -> None:
    """Print a report as one JSON object, alone on stdout. NaN and infinities become null.

    Raises:
        CommandError: stdout takes no more, as on a full disk.
    """
    _write(msgspec.json.encode(report) + b"\n")


def print_text(text: str) -> None:
    """Print text for people; characters that the terminal can't show are replaced.

    Raises:
        CommandError: stdout takes no more, as on a full disk.
    """
    _write((text + "\n").encode(sys.stdout.encoding or "utf-8", "replace"))


def note(text: str) -> None:
    """Say something beside the result, on stderr."""
    sys.stderr.write(text + "\n")


def _write(content: bytes) -> None:
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:  # `| head` has enough: Typer ends quietly
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # Python tries once more at its end, and would fail loudly
        os.close(nowhere)
        raise CommandError(f"The result can't be written: {error.strerror}.") from error
