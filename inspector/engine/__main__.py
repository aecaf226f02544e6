"""Start an engine, `python -m inspector.engine`: first close the sandbox, then import whatever else it is made of.

The order matters: numpy and torch start threads when they are imported, and the sandbox binds only what comes after it.
"""

import argparse
import faulthandler
import signal

from inspector.engine.borrowing import borrow_through
from inspector.engine.limits import limit_memory
from inspector.engine.sandbox import close_sandbox
from inspector.engine.sandbox_lacks import what_lacks


def main() -> None:
    """Close the sandbox, then serve on stdin and stdout until they end."""
    parser = argparse.ArgumentParser(prog="python -m inspector.engine")
    parser.add_argument("--arrays-fd", type=int)
    parser.add_argument("--arrays-bytes", type=int, default=0)
    parser.add_argument("--temporary-folder", default="")
    parser.add_argument("--lender-fd", type=int, default=-1, help="the socket over which files are borrowed")
    parser.add_argument("--cold", action="store_true", help="import torch only when a request needs it")
    parser.add_argument("--memory-bytes", type=int, default=0, help="how much it may take; a share of what is free")
    options = parser.parse_args()
    # Ctrl+C in a terminal reaches this process too, but it is the other one's to answer: it cancels, or goes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(all_threads=False)  # when native code ends the process, the log says in which line of the model
    memory = limit_memory(options.memory_bytes)
    writable = [options.temporary_folder] if options.temporary_folder else []
    lent = options.lender_fd >= 0
    borrower = borrow_through(options.lender_fd) if lent else None
    # Reads can't be widened later, when the user's files are chosen: without a lender all must stay readable.
    sandbox = close_sandbox(readable=[] if lent else ["/"], writable=writable)
    if borrower is not None:
        borrower.start()
    if memory:
        sandbox = (*sandbox, memory)

    from inspector.engine.array_writer import ArrayWriter  # noqa: PLC0415 - see above
    from inspector.engine.server import run_server  # noqa: PLC0415

    arrays = ArrayWriter(options.arrays_fd, options.arrays_bytes)
    run_server(arrays, sandbox, what_lacks(sandbox), warm=not options.cold)


main()
