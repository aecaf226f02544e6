"""How long the graph takes to paint: a full repaint with all of it in view, at 0.35×, at 1×, and while it is panned.

Run with `QT_QPA_PLATFORM=offscreen python benchmarks/frames.py`; prints a table. Medians, in a view of 1400×900.
"""

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from inspector.core import folding
from inspector.gui.appearance import ui_font
from inspector.gui.graph_view import GraphView
from inspector.gui.state import RunState, WindowState
from inspector.protocol.graph import Edge, Graph, Group, Node, TensorSpec

OPS = (
    ("LayerNorm", "normalisation"), ("Linear", "linear"), ("reshape", "shape"), ("matmul", "arithmetic"),
    ("softmax", "activation"), ("add", "arithmetic"), ("LayerNorm", "normalisation"), ("Linear", "linear"),
    ("GELU", "activation"), ("Linear", "linear"), ("Dropout", "dropout"), ("add", "arithmetic"),
)  # fmt: skip


def model(num_blocks: int) -> Graph:
    """Blocks of twelve operations in stages of twelve, all different in shape so that nothing folds."""
    groups = [Group(id=0, fqn="", class_name="Net", parent=None, call_index=0)]
    nodes: list[Node] = []
    edges: list[tuple[int, int]] = []
    for block in range(num_blocks):
        if block % 12 == 0:
            stage = len(groups)
            groups.append(Group(id=stage, fqn=f"stages.{block // 12}", class_name="Stage", parent=0, call_index=block))
        group = len(groups)
        groups.append(Group(id=group, fqn=f"blocks.{block}", class_name="Block", parent=stage, call_index=block))
        start = len(nodes)
        for op, category in OPS:
            out = TensorSpec(shape=(1, 197, 64 + block), dtype="float32")
            fqn = f"blocks.{block}.{op.lower()}{len(nodes)}"
            kind = "module" if op[0].isupper() else "function"
            nodes.append(
                Node(id=len(nodes), kind=kind, op=op, fqn=fqn, group=group, outputs=(out,), category=category)  # type: ignore[arg-type]  # literals from a table
            )
        edges.extend((at, at + 1) for at in range(max(start - 1, 0), len(nodes) - 1))
        edges.extend([(start, start + 5), (start + 5, start + 11)])
    return Graph(
        nodes=tuple(nodes),
        groups=tuple(groups),
        edges=tuple(Edge(source=a, source_output=0, target=b, target_input=0) for a, b in edges),
    )


def frame_ms(view: GraphView, count: int = 7) -> float:
    """The median time of a full repaint."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        view.canvas.viewport().repaint()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def pan_ms(view: GraphView) -> float:
    """The median time of a step of twenty pixels."""
    times = []
    for _ in range(15):
        start = time.perf_counter()
        view.canvas.pan(0, 20)
        QApplication.processEvents()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def shown(view: GraphView, action: Callable[[], None]) -> tuple[float, float]:
    """How long the window's thread was busy asking, and how long until the picture was there; ms."""
    loop = QEventLoop()
    view.picture_shown.connect(loop.quit)
    start = time.perf_counter()
    action()
    asked = time.perf_counter()
    loop.exec()
    view.picture_shown.disconnect(loop.quit)
    return 1e3 * (asked - start), 1e3 * (time.perf_counter() - start)


def main() -> None:
    """Print the table."""
    app = QApplication([])
    app.setFont(ui_font())
    print(f"{'boxes':>7} {'ask ms':>8} {'shown ms':>9} {'all ms':>8} {'at .35×':>8} {'at 1×':>8} {'pan 1×':>8}")
    for num_blocks in (84, 858):
        graph = model(num_blocks)
        view = GraphView()
        view.resize(1400, 900)
        view.show()
        shown(view, lambda view=view, graph=graph: view.draw(WindowState(run=RunState(graph=graph))))  # type: ignore[misc]
        asked, until = shown(view, view.unfold_all)
        app.processEvents()
        picture = view.picture
        if picture is None:
            raise RuntimeError("no picture came")
        middle = picture.box_rect(len(picture.cards) // 2).center()
        times = []
        for zoom in (None, 0.35, 1.0):
            view.canvas.fit() if zoom is None else view.canvas.look_at(middle, zoom)
            frame_ms(view, 2)
            times.append(frame_ms(view))
        boxes = len(folding.look_at(picture.visible.hierarchy, frozenset()).boxes)
        print(f"{boxes:7,} {asked:8.1f} {until:9.1f} " + " ".join(f"{t:8.1f}" for t in times) + f" {pan_ms(view):8.1f}")
        view.end()
        view.close()
        view.deleteLater()
    app.processEvents()


if __name__ == "__main__":
    main()
