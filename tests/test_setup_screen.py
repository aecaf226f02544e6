"""The test set-up itself: its own home, its own screen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOW_A_WINDOW = """
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel("here")
label.setWindowTitle("on the unseen screen")
label.resize(300, 200)
label.show()
app.processEvents()
print(app.platformName(), app.primaryScreen().size().width())
"""


def test_no_test_writes_into_the_home_of_a_person():
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        assert "inspector-" in os.environ[name]
    assert Path(os.environ["XDG_RUNTIME_DIR"]).stat().st_mode & 0o777 == 0o700


@pytest.mark.window
def test_the_unseen_screen_shows_a_real_window(screen):
    answer = subprocess.run(
        [sys.executable, "-c", SHOW_A_WINDOW], env=screen, capture_output=True, text=True, timeout=300, check=True
    )
    assert answer.stdout.split() == ["xcb", "1600"]
