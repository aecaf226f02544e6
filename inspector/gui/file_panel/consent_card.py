"""Asks, in place, whether code of a file may run: names it, says how risky each name is and why."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.parts.flow import FlowLayout
from inspector.gui.parts.heading import Heading
from inspector.gui.theme import GRID, theme, theme_source
from inspector.gui.words import sandbox_sentence
from inspector.protocol.events import ConsentNeeded, TrustItem
from inspector.protocol.files import GlobalUse, Risk

_TITLES: dict[Risk, str] = {
    "dangerous": "Dangerous",
    "unknown": "Not known to be safe",
    "harmless": "Harmless",
}
_TONES = {"dangerous": "failure", "unknown": "warning", "harmless": "dimmed"}
_WHAT = {"pickle": "a pickle, whose loading runs code", "python_source": "Python source"}
MAX_USES = 30


class ConsentCard(QFrame):
    """The question.

    Signals:
        trust_requested: True for always, False for this once.
        weights_only_requested: open the file without that code.
        source_requested: choose the .py that defines what is missing.
        declined: the code is not to run.
    """

    trust_requested = Signal(bool)
    weights_only_requested = Signal()
    source_requested = Signal()
    declined = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "consent_card", "Code wants to run")
        self._consent: ConsentNeeded | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(GRID * 4, GRID * 4, GRID * 4, GRID * 4)
        self._column.setSpacing(GRID * 3)
        self._title = Heading("consent_title", "The question", large=True)
        self._title.say("Opening this file runs code from it")
        self._sentence = Sentence("consent_sentence", "What would run")
        self._sandbox = Sentence("consent_sandbox", "The sandbox", "dimmed", small=True)
        self._items = QWidget()
        self.refuse = PushButton("Don't run", "consent_decline", "Don't run it")
        self.once = PushButton("Run it this once", "consent_once", "Run it this once")
        self.always = PushButton("Always for this file", "consent_always", "Always run it for this very file")
        self.always.setToolTip("Remembered by the file's SHA-256: a file that was changed is asked about again.")
        self.weights = PushButton("Open without its code", "consent_weights_only", "Open it without its code")
        self.weights.setToolTip(
            "Tensors are read by name, and modules of torch's own classes are rebuilt; nothing of the file runs."
        )
        self.attach = PushButton("Attach .py…", "consent_attach", "Choose the .py that defines the missing classes")
        self.weights.clicked.connect(self.weights_only_requested)
        self.attach.clicked.connect(self.source_requested)
        self.refuse.clicked.connect(self.declined)
        self.once.clicked.connect(lambda: self.trust_requested.emit(False))
        self.always.clicked.connect(lambda: self.trust_requested.emit(True))
        for widget in (self._title, self._sentence, self._sandbox):
            self._column.addWidget(widget)
        self._column.addLayout(self._buttons())  # above the list, which may be long
        self._column.addWidget(self._items)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def show_consent(self, consent: ConsentNeeded, sandbox: Sequence[str], *, ready: bool) -> None:
        """Ask about these."""
        if consent is self._consent:
            return
        self._consent = consent
        dangerous = any(use.risk == "dangerous" for item in consent.items for use in item.uses)
        missing = bool(consent.missing)
        self.refuse.set_primary(dangerous and not consent.weights_only)
        self.weights.set_primary(dangerous and consent.weights_only)
        self.once.set_primary(not dangerous and not missing)
        self.attach.set_primary(not dangerous and missing)
        self.weights.setVisible(consent.weights_only)
        self.attach.setVisible(missing)
        for button in (self.once, self.always):
            button.setVisible(not missing)  # it could only fail
        self._title.say("Its classes are not here" if missing else "Opening this file runs code from it")
        self._sentence.say(consent.sentence)
        none = "There is no sandbox on this machine: it would run with your own rights."
        self._sandbox.say(sandbox_sentence(sandbox) if sandbox else none if ready else "")
        items = QWidget()
        column = QVBoxLayout(items)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID * 3)
        for item in consent.items:
            _add_item(column, item)
        self._column.replaceWidget(self._items, items)
        self._items.deleteLater()
        self._items = items

    def _buttons(self) -> FlowLayout:
        row = FlowLayout(GRID * 2)
        for button in (self.attach, self.once, self.always, self.weights, self.refuse):
            row.addWidget(button)
        return row

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(
            f"ConsentCard {{ background: {colours.panel}; border: 1px solid {colours.border};"
            f" border-top: 3px solid {colours.warning}; border-radius: 6px; }}"
        )


def _add_item(column: QVBoxLayout, item: TrustItem) -> None:
    title = Heading("consent_file", "The file")
    title.say(f"{Path(item.path).name}: {_WHAT[item.what]}")
    column.addWidget(title)
    for risk in ("dangerous", "unknown", "harmless"):
        uses = [use for use in item.uses if use.risk == risk]
        if uses:
            _add_uses(column, risk, uses)


def _add_uses(column: QVBoxLayout, risk: Risk, uses: list[GlobalUse]) -> None:
    box = QVBoxLayout()
    box.setContentsMargins(GRID * 2, 0, 0, 0)
    box.setSpacing(2)
    title = Sentence(f"consent_{risk}", _TITLES[risk], _TONES[risk], small=True)  # type: ignore[arg-type]  # all are tones
    title.say(f"{_TITLES[risk]} ({len(uses)})")
    box.addWidget(title)
    if risk == "harmless":  # one line: there is nothing to decide about these
        box.addWidget(_sentence("consent_use", _shortened([use.name for use in uses], ", "), dimmed=True))
    else:
        box.addWidget(_sentence("consent_use", _shortened([_told(use) for use in uses], "\n")))
    column.addLayout(box)


def _told(use: GlobalUse) -> str:
    """The name, why it is a risk, and in which part of the file it stands."""
    where = f" ({use.where})" if use.where else ""
    return f"{use.name}: {use.why}{where}" if use.why else f"{use.name}{where}"


def _shortened(told: list[str], between: str) -> str:
    more = f"{between}and {len(told) - MAX_USES} more" if len(told) > MAX_USES else ""
    return between.join(told[:MAX_USES]) + more


def _sentence(name: str, text: str, *, dimmed: bool = False) -> Sentence:
    made = Sentence(name, text, "dimmed" if dimmed else "text")
    made.say(text)
    return made
