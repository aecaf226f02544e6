"""Notices in a strip above the picture: said in place, never in a modal box."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from inspector.gui.file_panel.notices import Notice, notices
from inspector.gui.parts import IconButton, PushButton, Sentence, named
from inspector.gui.parts.heading import Heading
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID, SMALL, theme, theme_source

DETAILS_HEIGHT = 168
BESIDE_FROM = 560  # pixels


class Banner(QFrame):
    """One notice, with its buttons and its details behind a toggle.

    Signals:
        deed_requested: which button was pressed.
        dismissed: it was closed.
    """

    deed_requested = Signal(str)
    dismissed = Signal()

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "banner", f"{notice.title.rstrip('.')}. {notice.text}".strip())
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self.notice = notice
        self.buttons: dict[str, PushButton] = {}
        self._inner = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.details = named(QPlainTextEdit(notice.details), "banner_details", f"The {notice.details_name}")
        self.details.setReadOnly(True)
        self.details.setFixedHeight(DETAILS_HEIGHT)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(SMALL)
        self.details.setFont(font)
        self.details.setVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 2, GRID * 2, GRID * 2)
        column.setSpacing(GRID * 2)
        column.addLayout(self._head())
        column.addWidget(self.details)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def _head(self) -> QHBoxLayout:
        notice = self.notice
        words = QVBoxLayout()
        words.setSpacing(2)
        if notice.tone == "accent":  # good to know, and not worth two lines of the graph's room
            known = Sentence("banner_text", "Good to know", "dimmed")
            known.say(f"{notice.title.rstrip('.')}. {notice.text}".strip())
            known.setMinimumHeight(22)
            words.addWidget(known)
        else:
            title = Heading("banner_title", "What happened")
            title.say(notice.title)
            text = Sentence("banner_text", "What happened, in full", "dimmed")
            text.say(notice.text)
            words.addWidget(title)
            words.addWidget(text)
        if notice.fix:
            fix = Sentence("banner_fix", "The fix")
            fix.say(f"→ {notice.fix}")
            words.addWidget(fix)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        for button in self._make_buttons():
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addStretch(1)
        self._inner.setSpacing(GRID)
        self._inner.addLayout(words, 1)
        self._inner.addLayout(buttons)
        close = IconButton("ph.x", "banner_close", "Close this notice")
        close.clicked.connect(self.dismissed)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addLayout(self._inner, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Where it is narrow, several buttons stand under the words, which would be a column of single words else."""
        super().resizeEvent(event)
        under = len(self.buttons) > 1 and self.width() < BESIDE_FROM
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._inner.setDirection(down if under else across)

    def _make_buttons(self) -> list[QWidget]:
        made: list[QWidget] = []
        for place, (deed, text) in enumerate(self.notice.deeds):
            button = PushButton(text, f"banner_{deed}", text, primary=place == 0)
            button.clicked.connect(lambda _checked=False, deed=deed: self.deed_requested.emit(deed))
            self.buttons[deed] = button
            made.append(button)
        if self.notice.details:
            name = self.notice.details_name
            toggle = PushButton(f"Show {name}", "banner_toggle", f"Show the {name}")
            toggle.setCheckable(True)
            toggle.toggled.connect(lambda shown: self._unfold(shown, toggle))
            self.buttons["details"] = toggle
            made.append(toggle)
        return made

    def _unfold(self, shown: bool, toggle: PushButton) -> None:
        self.details.setVisible(shown)
        toggle.setText(f"{'Hide' if shown else 'Show'} {self.notice.details_name}")

    def _restyle(self) -> None:
        colours = theme()
        tone = getattr(colours, self.notice.tone)
        self.setStyleSheet(
            f"Banner {{ background: {colours.panel}; border: none; border-left: 3px solid {tone};"
            f" border-bottom: 1px solid {colours.border}; }}"
            f"QPlainTextEdit {{ background: {colours.raised}; }}"
        )


class BannerStack(QWidget):
    """All notices, the gravest first; one that was closed stays away until it is said anew.

    Signals:
        deed_requested: which button was pressed.
    """

    deed_requested = Signal(str)

    def __init__(
        self, told: Callable[[WindowState], tuple[Notice, ...]] = notices, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        named(self, "banners", "Notices")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self._told = told
        self._all: tuple[Notice, ...] = ()
        self._dismissed: set[str] = set()
        self.banners: list[Banner] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.setVisible(False)

    def draw(self, state: WindowState) -> None:
        """Show what there is to say."""
        told = self._told(state)
        if told == self._all:
            return
        self._all = told
        self._dismissed &= {notice.key for notice in told}
        self._show()

    def _show(self) -> None:
        for banner in self.banners:
            self._column.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
        self.banners = []
        for notice in self._all:
            if notice.key in self._dismissed:
                continue
            banner = Banner(notice)
            banner.deed_requested.connect(self.deed_requested)
            banner.dismissed.connect(lambda key=notice.key: self._dismiss(key))
            self._column.addWidget(banner)
            self.banners.append(banner)
        self.setVisible(bool(self.banners))

    def _dismiss(self, key: str) -> None:
        self._dismissed.add(key)
        self._show()
