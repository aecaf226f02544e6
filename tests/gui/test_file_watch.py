"""Real files that change in every way that files do, and a watch that tells each change once."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from inspector.gui.file_watch import FileWatch, files_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pth"
    path.write_bytes(b"first")
    return path


def watching(qtbot: QtBot, path: Path) -> FileWatch:
    made = FileWatch(quiet_ms=80, poll_ms=150)
    made.begin(str(path))
    qtbot.waitUntil(lambda: made.watching)
    return made


@pytest.fixture
def watch(qtbot: QtBot, model: Path) -> Iterator[FileWatch]:
    made = watching(qtbot, model)
    yield made
    made.end()


def two_looks_go_by(qtbot: QtBot, watch: FileWatch) -> None:
    for _ in range(2):
        with qtbot.waitSignal(watch._looked):
            pass


def test_an_import_of_a_name_too_long_for_any_file_ends_no_watching(qtbot: QtBot, tmp_path: Path) -> None:
    source = tmp_path / "net.py"
    source.write_text(f"import {'long' * 100}\nfrom . import {'long' * 100}\n")
    watch = watching(qtbot, source)
    with qtbot.waitSignal(watch.changed):
        source.write_text("import torch\n")
    watch.end()


def test_a_watch_that_is_let_go_of_while_its_thread_ends_is_not_destroyed_there(qtbot: QtBot, model: Path) -> None:
    destroyed_on: list[int] = []
    for _ in range(2):  # the second one lets go of the first
        watch = watching(qtbot, model)
        watch.destroyed.connect(lambda: destroyed_on.append(threading.get_ident()))
        thread = watch._thread
        watch.end()
        del watch
        thread.join()
    assert set(destroyed_on) <= {threading.get_ident()}


def test_a_file_modified_in_place_is_told(qtbot: QtBot, watch: FileWatch, model: Path) -> None:
    with qtbot.waitSignal(watch.changed) as told:
        model.write_bytes(b"second, longer")
    assert told.args == [(str(model),)]


def test_a_file_replaced_by_renaming_is_told_again_and_again(qtbot: QtBot, watch: FileWatch, model: Path) -> None:
    for content in (b"other", b"again"):  # of the same length as before
        with qtbot.waitSignal(watch.changed):
            fresh = model.with_suffix(".new")
            fresh.write_bytes(content)
            fresh.replace(model)


def test_a_file_written_in_pieces_is_told_once_when_it_is_quiet(qtbot: QtBot, watch: FileWatch, model: Path) -> None:
    told: list[object] = []
    watch.changed.connect(told.append)
    with model.open("wb") as file:
        for _ in range(3):
            file.write(b"piece")
            file.flush()
            with qtbot.waitSignal(watch._looked):
                pass
            assert not told, "the file was not whole"
    qtbot.waitUntil(lambda: bool(told))
    two_looks_go_by(qtbot, watch)
    assert len(told) == 1
    assert model.stat().st_size == 15


def test_a_file_deleted_is_not_told_until_it_is_back(qtbot: QtBot, watch: FileWatch, model: Path) -> None:
    told: list[object] = []
    watch.changed.connect(told.append)
    model.unlink()
    two_looks_go_by(qtbot, watch)
    assert not told
    with qtbot.waitSignal(watch.changed):
        model.write_bytes(b"back")


def test_without_any_notice_of_the_system_the_slow_look_finds_it(qtbot: QtBot, watch: FileWatch, model: Path) -> None:
    watch._watcher.blockSignals(True)  # as on a network drive
    with qtbot.waitSignal(watch.changed):
        os.utime(model, ns=(1, 1))


def test_nothing_is_told_where_nothing_changed(qtbot: QtBot, watch: FileWatch, model: Path) -> None:
    with qtbot.assertNotEmitted(watch.changed):
        (model.parent / "other.txt").write_text("beside")
        model.read_bytes()
        two_looks_go_by(qtbot, watch)


def test_the_parts_of_a_sharded_model_and_of_a_folder_are_watched(tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "one.safetensors", "b": "two.safetensors", "c": "../out.safetensors"}}')
    names = [Path(path).name for path in files_of([str(index)])]
    assert names == ["model.safetensors.index.json", "one.safetensors", "two.safetensors"]
    (tmp_path / "config.json").write_text("{}")
    assert {Path(path).name for path in files_of([str(tmp_path)])} >= {"config.json", index.name, tmp_path.name}
    index.write_text("not json")
    assert files_of([str(index)]) == (str(index),)


def test_modules_that_a_source_imports_from_its_own_folder_are_watched(tmp_path: Path) -> None:
    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)

    source = write(
        "net.py", "import os, blocks as b\nfrom parts import (  # two\n    head,\n    neck as n,\n)\nimport torch\n"
    )
    blocks = write("blocks.py", "import net\n    from norm import *\n")  # a circle
    norm = write("norm.py", "")
    package = write("parts/__init__.py", "from .deep import deepest")
    head, neck, deep = (write(f"parts/{name}.py", "from . import neck") for name in ("head", "neck", "deep"))
    write("unused.py", "")
    write("parts/unused.py", "")
    assert set(files_of([source])) == {source, blocks, norm, package, head, neck, deep}
    assert set(files_of([head])) == {head, neck}, "and inside a package"


def test_a_changed_module_beside_the_source_is_told_and_one_that_comes_with_it_is_not(
    qtbot: QtBot, watch: FileWatch, model: Path
) -> None:
    source, blocks = model.with_name("net.py"), model.with_name("blocks.py")
    source.write_text("from blocks import Block")
    blocks.write_text("Block = 1")
    told: list[object] = []
    watch.changed.connect(told.append)
    watch.also(str(source))
    two_looks_go_by(qtbot, watch)
    assert not told, "they are as they were when the model was opened"
    with qtbot.waitSignal(watch.changed) as change:
        blocks.write_text("Block = 22")
    assert change.args == [(str(blocks),)]
