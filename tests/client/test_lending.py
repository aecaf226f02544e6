"""What is lent, and what is not, decided by names; and a file that goes over the socket."""

import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.client.lending import Chosen, Lender, may_lend
from inspector.engine.borrowing import Borrower, NotChosenError
from inspector.engine.limits import TimeUp, time_limited


def chosen(path: Path) -> list[Chosen]:
    return [Chosen(str(path), os.path.realpath(path), path.is_dir())]


@pytest.fixture
def lending() -> Iterator[tuple[Lender, Borrower]]:
    lender = Lender()
    borrower = Borrower(os.dup(lender.fd))
    lender.passed_on()
    yield lender, borrower
    lender.close()
    borrower.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder like a person's: a project, pictures, and what is nobody's business."""
    for name in (
        *("models/net.py", "models/net.pth", "models/config.json", "models/notes.txt", "models/blocks/conv.py"),
        *("models/blocks/__init__.py", "models/blocks/secret.txt", "models/.env", "models/.hidden/code.py"),
        *("pictures/cat/1.png", "pictures/cat/2.png", "other/diary.txt", "other/photo.png", ".ssh/id_rsa"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_a_chosen_file_is_lent_with_the_sources_and_settings_that_belong_to_it(home: Path) -> None:
    lent = chosen(home / "models/net.pth")
    for name in ("models/net.pth", "models/net.py", "models/blocks/conv.py", "models/config.json", "models"):
        assert may_lend(str(home / name), lent), name
    for name in ("models/notes.txt", "models/blocks/secret.txt", "models/.env", "models/.hidden/code.py", ".ssh/id_rsa",
                 "other/diary.txt", "."):  # fmt: skip
        assert not may_lend(str(home / name), lent), name


def test_a_chosen_folder_is_lent_with_all_that_is_in_it_and_nothing_beside(home: Path) -> None:
    lent = chosen(home / "pictures")
    assert may_lend(str(home / "pictures/cat/1.png"), lent)
    assert may_lend(str(home / "pictures"), lent)
    assert not may_lend(str(home / "pictures/../other/diary.txt"), lent)
    assert not may_lend(str(home / "pictures-2"), lent)


def test_what_is_hidden_in_a_chosen_folder_is_not_lent(home: Path) -> None:
    """Who chooses a whole home folder does not mean the keys in it."""
    lent = chosen(home)
    assert may_lend(str(home / "other/diary.txt"), lent)
    for name in (".ssh/id_rsa", ".ssh", "models/.env", "models/.hidden/code.py"):
        assert not may_lend(str(home / name), lent), name
    assert may_lend(str(home / "models/.hidden/code.py"), chosen(home / "models/.hidden")), "chosen itself"


def test_a_link_in_a_chosen_folder_is_followed_to_pictures_but_not_to_keys(home: Path) -> None:
    (home / "pictures/cat/linked.png").symlink_to(home / "other/photo.png")
    (home / "pictures/cat/trap.png").symlink_to(home / ".ssh/id_rsa")
    lent = chosen(home / "pictures")
    assert may_lend(str(home / "pictures/cat/linked.png"), lent)
    assert not may_lend(str(home / "pictures/cat/trap.png"), lent)


def test_a_cached_snapshot_is_lent_with_the_store_that_its_links_lead_to(home: Path) -> None:
    store, snapshot = home / "hub/models--x/blobs", home / "hub/models--x/snapshots/abc"
    store.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (store / "0123").write_text("weights")
    (snapshot / "model.safetensors").symlink_to("../../blobs/0123")
    assert may_lend(str(snapshot / "model.safetensors"), chosen(snapshot))
    assert not may_lend(str(home / "hub/models--x/refs"), chosen(snapshot))


def test_a_source_inside_a_package_is_lent_with_its_whole_package(home: Path) -> None:
    package = home / "models/blocks/deep"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "net.py").touch()
    lent = chosen(package / "net.py")
    assert may_lend(str(home / "models/blocks/conv.py"), lent)
    assert may_lend(str(home / "models/net.py"), lent)
    assert not may_lend(str(home / "models/net.pth"), lent)


def test_a_chosen_table_of_labels_lends_pictures_wherever_they_lie(home: Path) -> None:
    (home / "other/labels.csv").write_text("path,label\n")
    lent = chosen(home / "other/labels.csv")
    assert may_lend(str(home / "pictures/cat/1.png"), lent)
    assert not may_lend(str(home / ".ssh/id_rsa"), lent)


def test_a_lent_file_arrives_open_and_one_that_was_not_chosen_does_not(
    home: Path, lending: tuple[Lender, Borrower]
) -> None:
    lender, borrower = lending
    lender.lend([str(home / "models/net.pth"), str(home / "pictures")])
    descriptor = borrower.borrow(str(home / "models/net.pth"))
    with os.fdopen(descriptor) as file:
        assert file.read() == "models/net.pth"
        assert not os.get_inheritable(descriptor)
    folder = borrower.borrow(str(home / "pictures/cat"))
    assert sorted(entry.name for entry in os.scandir(folder)) == ["1.png", "2.png"]
    os.close(folder)
    with pytest.raises(NotChosenError):
        borrower.borrow(str(home / ".ssh/id_rsa"))
    with pytest.raises(FileNotFoundError):
        borrower.borrow(str(home / "pictures/cat/3.png"))
    lender.lend([str(home / "pictures")])
    with pytest.raises(NotChosenError):
        borrower.borrow(str(home / "models/net.pth"))


def test_a_pipe_is_not_lent_and_nobody_waits_for_its_writer(home: Path, lending: tuple[Lender, Borrower]) -> None:
    os.mkfifo(home / "pictures/pipe.png")
    lender, borrower = lending
    lender.lend([str(home / "pictures")])
    with pytest.raises(NotChosenError):
        borrower.borrow(str(home / "pictures/pipe.png"))


def test_threads_may_borrow_side_by_side(home: Path, lending: tuple[Lender, Borrower]) -> None:
    lender, borrower = lending
    lender.lend([str(home)])
    names = ["models/net.py", "models/net.pth", "pictures/cat/1.png", "pictures/cat/2.png"] * 25
    read = []

    def borrow(name: str) -> None:
        with os.fdopen(borrower.borrow(str(home / name))) as file:
            read.append((name, file.read()))

    threads = [threading.Thread(target=borrow, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 100
    assert all(name == content for name, content in read)


def test_a_limit_of_time_that_interrupts_a_borrowing_leaves_the_next_ones_their_own_answers(
    home: Path, lending: tuple[Lender, Borrower]
) -> None:
    """Else the file that was asked for first comes for the second, or none comes for ever."""
    lender, borrower = lending
    borrower.start()
    lender.lend([str(home)])
    chance = random.Random(0)
    interrupted = 0
    for _ in range(300):
        try:
            with time_limited(chance.uniform(1e-5, 1e-3)):
                while True:
                    os.close(borrower.borrow(str(home / "models/net.py")))
        except TimeUp:
            interrupted += 1
        with os.fdopen(borrower.borrow(str(home / "pictures/cat/1.png"))) as file:
            assert file.read() == "pictures/cat/1.png"
        with pytest.raises(FileNotFoundError):
            borrower.borrow(str(home / "pictures/cat/3.png"))
    assert interrupted == 300


def test_a_name_of_absurd_length_ends_the_lending_and_nothing_else(
    home: Path, lending: tuple[Lender, Borrower]
) -> None:
    _, borrower = lending
    with pytest.raises(OSError, match=r"Input/output|reset|pipe"):
        borrower.borrow("/" + "x" * (1 << 17))
