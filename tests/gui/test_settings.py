"""What is remembered, and what happens when the file is not as expected."""

from pathlib import Path

import pytest

from inspector.gui.settings import Settings, SettingsFile, Trusted, read_settings


def test_what_is_changed_is_there_at_the_next_start(tmp_path: Path):
    path = tmp_path / "deep" / "settings.json"
    SettingsFile(path).change(
        recent_files=("/a.pth",), trusted={"5f" * 32: Trusted("a.pth", "2026-01-02")}, theme="dark"
    )
    again = SettingsFile(path).current
    assert again.recent_files == ("/a.pth",)
    assert again.trusted == {"5f" * 32: Trusted("a.pth", "2026-01-02")}
    assert again.theme == "dark"
    assert path.stat().st_mode & 0o077 == 0, "others of this machine need not know which files are trusted"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"theme": "pink"}', b"\xff\xfe"])
def test_a_file_that_can_not_be_read_gives_the_defaults(tmp_path: Path, content: bytes):
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert read_settings(path) == Settings()


def test_keys_of_another_version_are_ignored(tmp_path: Path):
    path = tmp_path / "settings.json"
    path.write_text('{"theme": "light", "of_the_future": [1, 2]}')
    assert read_settings(path).theme == "light"


def test_a_disk_that_can_not_be_written_costs_only_the_memory_of_it(tmp_path: Path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    settings = SettingsFile(blocker / "settings.json")
    settings.change(theme="dark")
    assert settings.current.theme == "dark"


@pytest.mark.parametrize(
    "told",
    [
        '"*"',
        '["*"]',
        "true",
        '{"*": "x.pt"}',
        '{"": "x.pt"}',
        '{"5f": "x.pt"}',
        '{"/x.pt": "x.pt"}',
        '{"a": 1}',
    ],
)
def test_trust_written_by_hand_is_a_hash_or_nothing(tmp_path: Path, told: str):
    path = tmp_path / "settings.json"
    path.write_text(f'{{"theme": "light", "trusted": {told}}}')
    assert read_settings(path).trusted == {}
    assert read_settings(path).theme == "light"


def test_trust_that_an_earlier_version_noted_is_kept(tmp_path: Path):
    path = tmp_path / "settings.json"
    path.write_text(f'{{"trusted": {{"{"AB" * 32}": "old.pt"}}}}')
    assert read_settings(path).trusted == {"ab" * 32: Trusted("old.pt")}


@pytest.mark.parametrize("held", [b"{ damaged", b'{"theme": "of a newer version"}', b"\xff\xfe"])
def test_settings_that_can_not_be_read_are_put_aside_before_others_are_written(tmp_path, held):
    path = tmp_path / "settings.json"
    path.write_bytes(held)
    settings = SettingsFile(path)
    assert path.read_bytes() == held
    settings.change(run_when_opened=False)
    assert (tmp_path / "settings.unread.json").read_bytes() == held
    assert SettingsFile(path).current.run_when_opened is False


def test_settings_that_can_not_be_written_still_hold_for_now(tmp_path):
    (tmp_path / "no folder").write_text("a file where the folder would be")
    settings = SettingsFile(tmp_path / "no folder" / "settings.json")
    settings.change(run_when_opened=False)
    assert settings.current.run_when_opened is False
