"""Start an engine, `python -m inspector.engine`: first close the sandbox, then import whatever else it is made of.

The order matters: numpy and torch start threads when they are imported, and the sandbox binds only what comes after it.
"""

import argparse

from inspector.engine.limits import limit_memory
from inspector.engine.sandbox import close_sandbox


def main() -> None:
    """Close the sandbox, then serve on stdin and stdout until they end."""
    parser = argparse.ArgumentParser(prog="python -m inspector.engine")
    parser.add_argument("--arrays-fd", type=int)
    parser.add_argument("--arrays-bytes", type=int, default=0)
    parser.add_argument("--temporary-folder", default="")
    parser.add_argument("--cold", action="store_true", help="import torch only when a request needs it")
    options = parser.parse_args()
    limit_memory()
    writable = [options.temporary_folder] if options.temporary_folder else []
    # The user's files are chosen later, and reads can't be widened then.
    sandbox = close_sandbox(readable=["/"], writable=writable)

    from inspector.engine.array_writer import ArrayWriter  # noqa: PLC0415 - see above
    from inspector.engine.server import run_server  # noqa: PLC0415

    run_server(ArrayWriter(options.arrays_fd, options.arrays_bytes), sandbox, warm=not options.cold)


main()
