"""install-desktop and --remove, in folders of the test's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.cli.desktop import TYPES, install_desktop, remove_desktop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="desktop entries are for Linux desktops")


def needs(program: str):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.fixture
def data_home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "data home"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def exec_line(data_home: Path) -> str:
    lines = (data_home / "applications" / "model-inspector.desktop").read_text().splitlines()
    return next(line for line in lines if line.startswith("Exec="))


def test_it_writes_a_menu_entry_icons_and_file_types(data_home):
    assert install_desktop() == 0
    there = files(data_home)
    assert "applications/model-inspector.desktop" in there
    assert "mime/packages/model-inspector.xml" in there
    assert "icons/hicolor/scalable/apps/model-inspector.svg" in there
    assert {f"icons/hicolor/{size}x{size}/apps/model-inspector.png" for size in (16, 48, 256)} <= set(there)


@needs("desktop-file-validate")
def test_the_menu_entry_is_valid(data_home):
    install_desktop()
    entry = data_home / "applications" / "model-inspector.desktop"
    answer = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_command_is_absolute_and_takes_files(data_home):
    install_desktop()
    command = exec_line(data_home).removeprefix("Exec=")
    assert command.endswith(" %F")
    program = Path(command.split('"')[1])
    assert program.is_absolute()
    assert os.access(program, os.X_OK)


def test_a_folder_with_odd_characters_is_quoted(data_home, tmp_path, monkeypatch):
    folder = tmp_path / "my $pecial 100% envs"
    folder.mkdir()
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    install_desktop()
    assert exec_line(data_home) == f'Exec="{tmp_path}/my \\\\$pecial 100%% envs/python" -m inspector %F'


@needs("update-mime-database")
def test_each_ending_gets_its_type_even_for_a_zip(data_home):
    install_desktop()
    globs = (data_home / "mime" / "globs2").read_text().splitlines()
    for ending, mime_type in zip(("pth", "pt", "safetensors", "pt2", "onnx"), TYPES, strict=True):
        assert f"80:{mime_type}:*.{ending}" in globs


def test_the_entry_claims_the_types_that_the_mime_file_defines(data_home):
    install_desktop()
    entry = (data_home / "applications" / "model-inspector.desktop").read_text()
    mime = (data_home / "mime" / "packages" / "model-inspector.xml").read_text()
    assert f"MimeType={';'.join(TYPES)};" in entry
    assert all(f'type="{mime_type}"' in mime for mime_type in TYPES)


def test_remove_takes_back_all_that_was_written(data_home):
    install_desktop()
    defaults = Path(os.environ["XDG_CONFIG_HOME"]) / "mimeapps.list"
    defaults.parent.mkdir(exist_ok=True)
    others = "[Default Applications]\ntext/plain=editor.desktop\n"
    ours = f"{TYPES[0]}=model-inspector.desktop\n{TYPES[1]}=other.desktop;model-inspector.desktop;\n"
    defaults.write_text(others + ours)
    assert remove_desktop() == 0
    assert not [name for name in files(data_home) if "model-inspector" in name]
    assert defaults.read_text() == others + f"{TYPES[1]}=other.desktop;\n"


@needs("update-mime-database")
def test_remove_makes_the_desktop_forget_the_types(data_home):
    install_desktop()
    remove_desktop()
    assert "torch" not in (data_home / "mime" / "globs2").read_text()


def test_remove_without_an_installation_is_no_error(data_home):
    assert remove_desktop() == 0


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_it_says_what_to_do_instead(data_home, monkeypatch, capsys, platform):
    monkeypatch.setattr(sys, "platform", platform)
    assert install_desktop() == remove_desktop() == 1
    assert "nothing was installed" in capsys.readouterr().err
    assert not data_home.exists()
