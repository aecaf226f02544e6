"""`inspector describe`: what is in a file, read inertly."""

from inspector.cli.engine import CommandEngine, command_engine
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
    with command_engine(warm=False) as engine:
        description = described(engine, path)
    if as_json:
        print_json(description)
    else:
        print_text(description_text(description))
    return 0


def described(engine: CommandEngine, path: str) -> FileDescription:
    """What the file holds.

    Raises:
        CommandError: it can't be read.
    """
    request = DescribeFile(path=absolute_path(path))
    engine.lend(request.path)
    return engine.answer(request, FileDescribed).description
