"""What goes to stdout: one JSON object, or text."""

import sys

import msgspec

from inspector.protocol.base import Message


def print_json(report: Message) -> None:
    """Print a report as one JSON object, alone on stdout. NaN and infinities become null."""
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


def print_text(text: str) -> None:
    """Print text for people; characters that the terminal can't show are replaced."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def note(text: str) -> None:
    """Say something beside the result, on stderr."""
    sys.stderr.write(text + "\n")
