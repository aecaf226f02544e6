"""Renders the app's icon from its SVG into the sizes that desktops ask for: `make icons`. The results are committed."""

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ICONS = Path(__file__).resolve().parent.parent / "resources" / "icons"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


def main() -> None:
    """Write one PNG a size."""
    app = QGuiApplication([])
    renderer = QSvgRenderer(str(ICONS / "model-inspector.svg"))
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        image.save(str(ICONS / f"model-inspector-{size}.png"))
    print(f"{len(SIZES)} icons in {ICONS}")
    app.quit()


if __name__ == "__main__":
    main()
