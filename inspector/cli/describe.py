"""`inspector describe`: what is in a file, read inertly."""

from inspector.cli.engine import CommandError, command_engine
from inspector.cli.models import absolute_path
from inspector.cli.printing import print_json, print_text
from inspector.cli.text import description_text
from inspector.protocol.events import FileDescribed
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import DescribeFile


def describe_command(path: str, *, as_json: bool) -> int:
    """Print what is in the file at `path`.

    Raises:
        CommandError: it can't be read.
    """
    description = _describe(path)
    if as_json:
        print_json(description)
    else:
        print_text(description_text(description))
    return 0


def _describe(path: str) -> FileDescription:
    with command_engine(warm=False) as engine:
        engine.lend(absolute_path(path))
        for reply in engine.ask(DescribeFile(path=absolute_path(path))):
            if isinstance(reply.event, FileDescribed):
                return reply.event.description
    raise CommandError("The engine said nothing of the file.")
