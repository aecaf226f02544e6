"""Looking around: pan, zoom, pinch and keys over one scene, and clicks told in scene coordinates. Knows no graph."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGestureEvent, QGraphicsScene, QGraphicsView, QPinchGesture, QWidget

CLOSEST = 4.0
FARTHEST = 0.01
NEAR_NOTHING = 1e-5
AIR = 24.0  # around a picture that is fitted
DRAG_FROM = 4  # pixels that make a press a drag
KEY_STEP = 80
ZOOM_STEP = 1.25
ROOM = 0.75  # how far the picture may be pushed out of view, in views


class Canvas(QGraphicsView):
    """A scene to move about in. Emits what the user did; changes nothing but the view itself."""

    clicked = Signal(QPointF)
    double_clicked = Signal(QPointF)
    pointed = Signal(QPointF)
    left = Signal()
    key_pressed = Signal(int, object)
    view_changed = Signal()
    help_requested = Signal(QPointF, QPoint)
    menu_requested = Signal(QPointF, QPoint)
    resized = Signal()

    def __init__(self, scene: QGraphicsScene, parent: QWidget) -> None:
        super().__init__(scene, parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)
        self._picture = QRectF()
        self._before = QRectF()
        self.covered = QRect()  # of the view, by the legend in its lower left corner: what is fitted keeps out of there
        self._pressed: QPoint | None = None
        self._panned = False
        self.arrows_choose = False  # arrow keys are told instead of moving the view; with Shift they move it
        self.moved_at = 0  # how often the view was moved, by anyone

    def set_picture_rect(self, rect: QRectF) -> None:
        """What there is to see; the view may go a little beyond it, whatever the zoom.

        What was there before stays within reach until `settle`, so that the view does not jump by itself.
        """
        self._before = self._picture
        self._picture = QRectF(rect)
        self._give_room()

    def settle(self) -> None:
        """The view is where it should be: forget the picture before."""
        self._before = QRectF()
        self._give_room()

    @property
    def zoom(self) -> float:
        """Pixels a scene unit."""
        return self.transform().m11()

    @property
    def visible_rect(self) -> QRectF:
        """The part of the scene that is in view."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def fit(self, rect: QRectF | None = None, *, closest: float = 1.0) -> None:
        """Show all of it, no closer than that."""
        target = self._picture if rect is None else rect
        if target.isEmpty():
            return
        room = self._room_for(target, closest)
        zoom = min(_fitting(target, room.size()), closest)
        beside = QPointF(room.center() - self.viewport().rect().center())
        self.look_at(target.center() - beside / zoom, zoom)

    @property
    def farthest(self) -> float:
        """The least zoom: as far as needed to see all of a picture, however long it is."""
        if self._picture.isEmpty():
            return FARTHEST
        return min(FARTHEST, max(_fitting(self._picture, self.viewport().size()), NEAR_NOTHING))

    def _room_for(self, target: QRectF, closest: float) -> QRect:
        """The part of the view to fit something into: all, unless it would lie under what covers the corner."""
        view = self.viewport().rect()
        zoom = min(_fitting(target, view.size()), closest)
        seen = QRectF(QPointF(), target.size() * zoom)
        seen.moveCenter(QPointF(view.center()))
        if not seen.intersects(QRectF(self.covered)):
            return view
        right, above = QRect(view), QRect(view)
        right.setLeft(self.covered.right())
        above.setBottom(self.covered.top())
        return max(right, above, key=lambda room: _fitting(target, room.size()))

    def look_at(self, centre: QPointF, zoom: float | None = None) -> None:
        """Bring a point into the middle."""
        if zoom is not None:
            zoom = min(max(zoom, self.farthest), CLOSEST)
            self.resetTransform()
            self.scale(zoom, zoom)
        self._give_room()
        self.centerOn(centre)
        self.moved_at += 1
        self.view_changed.emit()

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Closer or farther, what is under `around` (in view pixels; the middle by default) stays there."""
        at = QPointF(self.viewport().rect().center()) if around is None else around
        factor = min(max(self.zoom * factor, self.farthest), CLOSEST) / self.zoom
        fixed = self.mapToScene(at.toPoint())
        self.scale(factor, factor)
        self._give_room()
        self.keep(fixed, at)

    def keep(self, scene_point: QPointF, at: QPointF) -> None:
        """Scroll so that a point of the scene is seen at that place of the view."""
        moved = QPointF(self.mapFromScene(scene_point)) - at
        self.pan(round(moved.x()), round(moved.y()))

    def pan(self, x: int, y: int) -> None:
        """Move the view by pixels."""
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setValue(across.value() + x)
        down.setValue(down.value() + y)
        self.moved_at += 1
        self.view_changed.emit()

    def _give_room(self) -> None:
        """Let the picture be pushed almost out of view, so that any place of it can be brought to the middle."""
        zoom = max(self.zoom, self.farthest)
        size = self.viewport().size()
        x, y = size.width() * ROOM / zoom, size.height() * ROOM / zoom
        self.setSceneRect(self._picture.united(self._before).adjusted(-x, -y, x, y))

    # Qt's events

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  (Qt's name)
        """Zoom around the pointer; with Shift, go sideways."""
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(-(turned.x() or turned.y()), 0)
        else:
            self.zoom_by(1.0015 ** turned.y(), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Remember where: it becomes a click or a drag."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = event.position().toPoint()
            self._panned = False
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag the picture, or tell what is under the pointer."""
        at = event.position().toPoint()
        if self._pressed is None or event.buttons() == Qt.MouseButton.NoButton:
            self.pointed.emit(self.mapToScene(at))
            return
        moved = at - self._pressed
        if self._panned or moved.manhattanLength() >= DRAG_FROM:
            if not self._panned:
                self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self._panned = True
            self._pressed = at
            self.pan(-moved.x(), -moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A press that did not move is a click."""
        was_click = self._pressed is not None and not self._panned
        self._pressed = None
        self.viewport().unsetCursor()
        if was_click and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self.mapToScene(event.position().toPoint()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell where."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit(self.mapToScene(event.position().toPoint()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Tell where a menu is wanted; from the keyboard that is the middle."""
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        at = self.viewport().rect().center() if keyboard else self.viewport().mapFromGlobal(event.globalPos())
        self.menu_requested.emit(self.mapToScene(at), self.viewport().mapToGlobal(at))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Move and zoom; other keys are told."""
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        key = Qt.Key(event.key())
        plain = not event.modifiers() & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier)
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in steps and plain and (shifted or not self.arrows_choose):
            self.pan(steps[key][0] * KEY_STEP, steps[key][1] * KEY_STEP)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal) and plain:
            self.zoom_by(ZOOM_STEP)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore) and plain:
            self.zoom_by(1 / ZOOM_STEP)
        elif key in (Qt.Key.Key_0, Qt.Key.Key_F) and plain:
            self.fit()
        else:
            self.key_pressed.emit(event.key(), event.modifiers())
            event.setAccepted(
                key in steps
                or key
                in (Qt.Key.Key_Home, Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_Backspace)
            )

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        """Pinches, tooltips, and the pointer leaving."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1.0 + event.value(), event.position())
            return True
        if isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self.zoom_by(pinch.scaleFactor(), QPointF(self.viewport().mapFromGlobal(pinch.hotSpot().toPoint())))
                return True
        if isinstance(event, QHelpEvent):
            self.help_requested.emit(self.mapToScene(event.pos()), event.globalPos())
            return True
        if event.type() == QEvent.Type.Leave:
            self.left.emit()
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep what is in the middle there."""
        middle = self.mapToScene(QPoint(event.oldSize().width() // 2, event.oldSize().height() // 2))
        super().resizeEvent(event)
        self._give_room()
        if event.oldSize().isValid():
            self.centerOn(middle)
        self.resized.emit()
        self.view_changed.emit()


def _fitting(target: QRectF, room: QSize) -> float:
    """The zoom at which all of something fits into so many pixels, with some air around."""
    return min(max(room.width() - AIR, 1.0) / target.width(), max(room.height() - AIR, 1.0) / target.height())
