"""What the graph view is made of: the canvas with one picture on it, the overview, and the words beside them.

Boxes glide from one picture to the next. Knows no state of the window, and not what is selected.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QMargins, QObject, QPoint, QPointF, QRect, Qt, QVariantAnimation
from PySide6.QtWidgets import QGraphicsScene, QLabel, QWidget

from inspector.core.measures import Measured
from inspector.gui.graph_view.canvas import Canvas
from inspector.gui.graph_view.captions import Captions
from inspector.gui.graph_view.cards import Fonts
from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.legend import EDGE as LEGEND_EDGE
from inspector.gui.graph_view.legend import LegendView
from inspector.gui.graph_view.minimap import Minimap
from inspector.gui.graph_view.motion import DURATION_MS, start_places
from inspector.gui.graph_view.picture import Picture
from inspector.gui.graph_view.picture_item import Motion, PictureItem
from inspector.gui.graph_view.shading import Shading, shade
from inspector.gui.theme import theme
from inspector.protocol.events import ForwardProfiled
from inspector.protocol.gradients import NodeGradient
from inspector.protocol.graph import Graph

EMPTY = "Open a model and press Run to see its graph."
AROUND_MINIMAP = QMargins(8, 8, 8, 8)  # a box that close to it would look cut off


class Stage(QObject):
    """Shows one picture at a time inside a widget, which places `canvas` and tells when its size changes."""

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._scene = QGraphicsScene(self)
        self.item = PictureItem()
        self._scene.addItem(self.item)
        self.canvas = Canvas(self._scene, owner)
        self.canvas.setObjectName("graph_canvas")
        self.canvas.setAccessibleName("Layer graph")
        self.canvas.view_changed.connect(self._view_changed)
        self.canvas.resized.connect(self.place)
        self.minimap = Minimap(owner)
        self.minimap.place_requested.connect(self.canvas.look_at)
        self.captions = Captions(owner)
        self.legend = LegendView(owner)
        self._key = "kind"
        self._measurements: tuple[Graph | None, ForwardProfiled | None, tuple[NodeGradient, ...]] = (None, None, ())
        self._measured: Measured | None = None
        self._empty = QLabel(EMPTY, owner)
        self._empty.setObjectName("graph_empty")
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setDuration(DURATION_MS)
        self._animation.valueChanged.connect(self._step)
        self._animation.finished.connect(lambda: self.item.move(None))
        self._motion: Motion | None = None
        self._corner = 0
        self._placed: tuple[int, Callable[[], None]] = (-1, self.canvas.fit)

    @property
    def picture(self) -> Picture | None:
        """What is shown."""
        return self.item.picture

    @property
    def moves(self) -> bool:
        """Whether boxes are gliding."""
        return self._animation.state() == QVariantAnimation.State.Running

    def show_picture(self, picture: Picture | None, fonts: Fonts) -> None:
        """Put another picture in the place of the one before; the view stays where it was."""
        self._animation.stop()
        shading = self._shading_of(picture)
        self.item.show_picture(picture, fonts, shading)
        self.minimap.show_picture(picture, shading)
        self.legend.show_legend(None if shading is None else shading.legend)
        self._empty.setText(EMPTY)
        self._empty.setVisible(picture is None)
        if picture is not None:
            self.canvas.set_picture_rect(picture.bounds)
        self.place()
        self._view_changed()

    def colour_by(
        self, key: str, graph: Graph | None, profile: ForwardProfiled | None, gradients: tuple[NodeGradient, ...] = ()
    ) -> None:
        """Colour the boxes by a measure; profile and gradients are those of the graph. Nothing is laid out anew."""
        self._key, self._measurements = key, (graph, profile, gradients)
        shading = self._shading_of(self.picture)
        self.item.shade(shading)
        self.minimap.shade(shading)
        self.legend.show_legend(None if shading is None else shading.legend)
        self.place()
        self.place_again()

    def _shading_of(self, picture: Picture | None) -> Shading | None:
        if picture is None or self._key == "kind":
            return None
        graph = picture.visible.hierarchy.graph
        shown, profile, gradients = self._measurements
        if shown is not graph:
            profile, gradients = None, ()
        known = self._measured
        same = known is not None and known.graph is graph and known.profile is profile
        if known is None or not same or known.gradients is not gradients:
            self._measured = Measured(graph, profile, gradients)
        assert self._measured is not None
        return shade(picture.visible, self._measured, self._key)

    def say(self, text: str) -> None:
        """Words in the place of a picture, where there is none."""
        self._empty.setText(text)

    # moving from one picture to the next

    def glide(self, before: Picture, after: Picture, held: QPoint) -> None:
        """Let boxes glide from where they were seen to where they are; `held` is where the origin was seen before."""
        moved = QPointF(held - self.canvas.mapFromScene(QPointF(0, 0))) / self.canvas.zoom
        self._motion = start_places(before, after, (moved.x(), moved.y()))
        if self._motion is not None:
            self.item.move(self._motion)
            self._animation.start()

    def finish(self) -> None:
        """End the gliding at once."""
        self._animation.stop()
        self.item.move(None)

    def _step(self, share: float) -> None:
        if self._motion is not None and share < 1.0:
            self.item.move(replace(self._motion, share=share))

    # placing the view again

    def remember_placed(self, again: Callable[[], None]) -> None:
        """How the view was placed just now."""
        self._placed = (self.canvas.moved_at, again)

    def place_again(self) -> bool:
        """Place the view as it was placed last, as when a notice takes room; not once the user has moved it."""
        moved_at, again = self._placed
        if self.picture is None or moved_at != self.canvas.moved_at:
            return False
        again()
        return True

    def choose_corner(self, picture: Picture) -> None:
        """The overview stands where it covers the fewest boxes of a first view; it stays there while one moves."""
        places = [place.marginsAdded(AROUND_MINIMAP) for place in self.minimap.corners(self.canvas.rect())]
        corners = [self.canvas.mapToScene(place).boundingRect() for place in places]
        self._corner = int(np.argmin([picture.count_in(corner) for corner in corners]))
        self.place()

    # the frame

    def place(self) -> None:
        """Put what lies over the canvas into its corners."""
        self.minimap.fit_to_window()
        self.minimap.move(self.minimap.corners(self.canvas.geometry())[self._corner].topLeft())
        below = self.canvas.geometry().bottom() + 1
        self.legend.move(LEGEND_EDGE, max(0, below - self.legend.height() - LEGEND_EDGE))
        self.legend.raise_()
        covered = self.legend.geometry().translated(-self.canvas.pos())
        self.canvas.covered = QRect() if self.legend.legend is None else covered
        self._empty.setGeometry(self._owner.rect().adjusted(24, 24, -24, -24))
        self._view_changed()

    def recolour(self) -> None:
        """The colours changed."""
        look = theme()
        self._scene.setBackgroundBrush(colour(look.canvas))
        palette = self._empty.palette()
        palette.setColor(self._empty.foregroundRole(), colour(look.dimmed))
        self._empty.setPalette(palette)
        self.minimap.recolour()
        self.legend.update()
        self.item.update()

    def _view_changed(self) -> None:
        self.minimap.show_view(self.canvas.visible_rect)
