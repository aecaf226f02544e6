"""The node panel's section "Change": what can be tried with the chosen node in the next runs."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from inspector.core.changes import ACTIVATIONS, refusal
from inspector.gui.changes.target import place_of, target_of
from inspector.gui.parts import NumberBox, PushButton, Sentence, named, plain_tip
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID
from inspector.protocol.changes import Change, ChangeKind, NodePlace

_BUTTONS: tuple[tuple[ChangeKind, str, str], ...] = (
    ("bypass", "Bypass", "Pass its input on in place of its output"),
    ("zero", "Zero", "Make its output all zeros"),
    ("noise", "Add noise", "Add normal noise to its output, as a share of the output's std"),
)


class ChangeSection(QWidget):
    """Buttons for the changes of one node; one that can't be made is grey, and its tool tip says why.

    Signals:
        change_requested: a Change.
    """

    change_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "change_section", "Change this node for the next runs")
        self._place: NodePlace | None = None
        self.buttons = {kind: PushButton(text, f"change_{kind}", tip) for kind, text, tip in _BUTTONS}
        self.noise = named(NumberBox(), "change_noise_percent", "Strength of the noise, per cent of the output's std")
        self.noise.setRange(1, 1000)
        self.noise.setValue(10)
        self.noise.setSuffix(" % of std")
        self.swap = named(QComboBox(), "change_swap", "Swap the activation function")
        self.swap.addItem("Swap activation for …", "")
        for name, shown in ACTIVATIONS.items():
            self.swap.addItem(shown, name)
        self.why = Sentence("change_why", "What can't be done here, and why", "dimmed", small=True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GRID)
        grid.addWidget(self.buttons["bypass"], 0, 0)
        grid.addWidget(self.buttons["zero"], 0, 1)
        grid.addWidget(self.buttons["noise"], 1, 0)
        grid.addWidget(self.noise, 1, 1)
        grid.addWidget(self.swap, 2, 0, 1, 2)
        grid.addWidget(self.why, 3, 0, 1, 2)
        for kind, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, kind=kind: self._ask(kind))
        self.swap.activated.connect(self._swap)

    def draw(self, state: WindowState) -> None:
        """Offer what can be done with what is chosen."""
        target = target_of(state)
        self._place = place_of(state)
        self.setVisible(self._place is not None)
        if target is None or self._place is None:
            return
        tips = {kind: tip for kind, _, tip in _BUTTONS}
        refusals = {kind: refusal(target, kind) for kind in self.buttons}
        for kind, button in self.buttons.items():
            button.setEnabled(not refusals[kind])
            button.setToolTip(plain_tip(refusals[kind]) or tips[kind])
        self.noise.setEnabled(not refusals["noise"])
        no_swap = refusal(target, "swap")
        self.swap.setVisible(not no_swap)
        self.swap.setToolTip("Compute another activation function in place of this one")
        self.why.say(" ".join(dict.fromkeys(filter(None, refusals.values()))))

    def _ask(self, kind: ChangeKind) -> None:
        if self._place is not None:
            self.change_requested.emit(Change(place=self._place, kind=kind, amount=self.noise.value() / 100))

    def _swap(self, index: int) -> None:
        activation = self.swap.itemData(index)
        self.swap.setCurrentIndex(0)
        if activation and self._place is not None:
            self.change_requested.emit(Change(place=self._place, kind="swap", activation=activation))
