"""The one thread crossing."""

import threading

from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from inspector.client.base import EngineEnded, Reply
from inspector.client.fake import FakeEngine
from inspector.gui.engine_link import EngineLink
from inspector.protocol.events import EngineReady
from inspector.protocol.requests import DescribeFile, RunForward


class Heard:
    """What a link said, and on which thread."""

    def __init__(self, link: EngineLink) -> None:
        self.replies: list[Reply] = []
        self.ended: list[EngineEnded] = []
        self.printed: list[str] = []
        self.threads: set[int] = set()
        link.replied.connect(self._reply)
        link.ended.connect(self.ended.append)
        link.printed.connect(self.printed.append)

    def _reply(self, reply: Reply) -> None:
        self.threads.add(threading.get_ident())
        self.replies.append(reply)


def test_what_the_engine_says_on_its_thread_arrives_on_the_windows(qtbot: QtBot):
    link = EngineLink(FakeEngine)
    heard = Heard(link)
    link.start()
    request = link.send(DescribeFile(path="m.pth"))
    qtbot.waitUntil(lambda: len(heard.replies) == 3)
    assert isinstance(heard.replies[0].event, EngineReady)
    assert [reply.id for reply in heard.replies[1:]] == [request, request]
    assert heard.threads == {threading.get_ident()}
    assert QThread.currentThread() is link.thread()
    link.close()


def test_ids_keep_growing_over_restarts(qtbot: QtBot):
    link = EngineLink(FakeEngine)
    heard = Heard(link)
    link.start()
    first = [link.send(RunForward()), link.send(RunForward())]
    link.start()
    second = link.send(DescribeFile(path="m.pth"))
    assert second > max(first)
    qtbot.waitUntil(lambda: any(reply.id == second for reply in heard.replies))
    link.close()


def test_nothing_of_a_closed_engine_arrives(qtbot: QtBot):
    engines = [FakeEngine(held=True), FakeEngine(held=True)]
    remaining = iter(engines)
    link = EngineLink(lambda: next(remaining))
    heard = Heard(link)
    link.start()
    link.send(RunForward())
    engines[0].deliver(2)
    link.start()
    engines[1].deliver()
    qtbot.waitUntil(lambda: len(heard.replies) == 1)
    assert isinstance(heard.replies[0].event, EngineReady)
    assert heard.replies[0].id == 0
    link.close()


def test_a_crash_is_told_once_and_requests_then_go_nowhere(qtbot: QtBot):
    engine = FakeEngine()
    link = EngineLink(lambda: engine)
    heard = Heard(link)
    link.start()
    engine.print_text("about to abort\n")
    engine.die("It aborted.")
    qtbot.waitUntil(lambda: len(heard.ended) == 1)
    assert heard.ended[0].sentence == "It aborted."
    assert not link.running
    assert link.send(RunForward()) == 0
    assert "about to abort" in link.log


def test_an_engine_that_can_not_be_started_ends_with_a_sentence(qtbot: QtBot):
    class Missing(FakeEngine):
        def start(self, receive):
            raise FileNotFoundError("no such program: python9")

    link = EngineLink(Missing)
    heard = Heard(link)
    link.start()
    qtbot.waitUntil(lambda: len(heard.ended) == 1)
    assert "could not be started" in heard.ended[0].sentence


def test_cancel_reaches_the_engine_under_its_own_id(qtbot: QtBot):
    engines: list[FakeEngine] = []

    def make() -> FakeEngine:
        engines.append(FakeEngine(held=True))
        return engines[-1]

    link = EngineLink(make)
    link.start()
    old = link.send(RunForward())
    link.start()
    new = link.send(RunForward())
    link.cancel(old)
    link.cancel(new)
    assert engines[0].cancelled == []
    assert engines[1].cancelled == [1]
    link.close()
