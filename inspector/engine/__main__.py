"""Start an engine: `python -m inspector.engine`."""

from inspector.engine.server import main

main()
