"""Stands beside the window in tests: a file to be dragged, and an eye on the screen.

`python desk.py FILE X Y` shows the file as a square there. On stdin, `look PATH` saves what the whole screen shows, and
answers with one line: its number of colours, and a digest of its pixels.
"""

import hashlib
import sys

import numpy as np
from PySide6.QtCore import QMimeData, QSocketNotifier, Qt, QUrl
from PySide6.QtGui import QDrag, QGuiApplication, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

SIDE = 60


class FileOnTheDesk(QLabel):
    """Begins a drag when it is pulled."""

    def __init__(self, path: str) -> None:
        super().__init__("file")
        self._path = path
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWindowFlags(Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setWindowTitle("desk")
        self.setStyleSheet("background: #d0b040;")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.buttons() & Qt.MouseButton.LeftButton:
            files = QMimeData()
            files.setUrls([QUrl.fromLocalFile(self._path)])
            drag = QDrag(self)
            drag.setMimeData(files)
            drag.exec(Qt.DropAction.CopyAction)


def look(path: str) -> str:
    screen = QGuiApplication.primaryScreen()
    picture = screen.grabWindow(0).toImage().convertToFormat(QImage.Format.Format_RGB32)
    picture.save(path)
    pixels = np.frombuffer(picture.constBits(), np.uint32)
    return f"{len(np.unique(pixels))} {hashlib.sha256(pixels.tobytes()).hexdigest()}"


def obey() -> None:
    line = sys.stdin.readline()
    if not line:
        QApplication.quit()
        return
    print(look(line.removeprefix("look ").strip()), flush=True)  # noqa: T201 - that is how it answers


if __name__ == "__main__":
    app = QApplication([])
    file = FileOnTheDesk(sys.argv[1])
    file.setGeometry(int(sys.argv[2]), int(sys.argv[3]), SIDE, SIDE)
    file.show()
    notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(obey)
    print("here", flush=True)  # noqa: T201
    app.exec()
