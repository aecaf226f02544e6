"""The file before there is a picture of it: the welcome, what a file holds, consent, what to build, notices.

Must not know the engine; tells what was decided.
"""

from inspector.gui.file_panel.banner import BannerStack
from inspector.gui.file_panel.panel import FilePanel

__all__ = ["BannerStack", "FilePanel"]
