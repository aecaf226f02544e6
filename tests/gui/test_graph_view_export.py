"""The picture of the graph as a file, read back by other readers; the dialog that asks for it."""

import re
from xml.etree import ElementTree

import msgspec
import pytest
from graph_view_graphs import node, residual
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from inspector.core.grouping import build_hierarchy
from inspector.core.layout import lay_out
from inspector.gui.graph_view.cards import Fonts, Ruler
from inspector.gui.graph_view.drawing import Cancelled, Drawing, png_size, whole, write_drawing
from inspector.gui.graph_view.export_dialog import GraphExportDialog
from inspector.gui.graph_view.export_work import ExportWork
from inspector.gui.graph_view.making import Wish, make_picture
from inspector.gui.graph_view.offscreen import write_graph_picture
from inspector.gui.graph_view.shading import Legend, Shading
from inspector.gui.theme import DARK, LIGHT
from inspector.protocol.graph import Edge, Graph, Group, TensorSpec

SVG = "{http://www.w3.org/2000/svg}"
NASTY = 'a.<b>&"quoted"\x01\x0b.' + "long" * 30


@pytest.fixture
def drawing(qapp):
    graph = residual(blocks=2)
    renamed = msgspec.structs.replace(graph.nodes[1], fqn=NASTY)
    return drawing_of(msgspec.structs.replace(graph, nodes=(graph.nodes[0], renamed, *graph.nodes[2:])), qapp)


def drawing_of(graph, qapp, **more):
    fonts = Fonts.of(qapp.font())
    wish = Wish(graph, build_hierarchy(graph), frozenset(), None, None, "down", Ruler(fonts))
    picture = make_picture(wish, lay_out)
    return Drawing(
        **({"picture": picture, "fonts": fonts, "colours": LIGHT, "area": whole(picture), "scale": 1.0} | more)
    )


def test_an_svg_is_well_formed_has_its_text_as_text_and_every_name_in_full(drawing, tmp_path):
    write_drawing(drawing, "svg", tmp_path / "g.svg")
    root = ElementTree.parse(tmp_path / "g.svg").getroot()
    texts = {"".join(found.itertext()).strip() for found in root.iter(f"{SVG}text")}
    assert {"Conv2d", "ReLU", "Linear", "blocks.1.relu"} <= texts
    titles = [title.text for title in root.iter(f"{SVG}title")]
    for each in drawing.picture.visible.hierarchy.graph.nodes:
        name = re.sub("[\x01\x0b]", "�", each.fqn)
        assert any(name in title for title in titles), name


def test_the_command_line_wraps_what_is_long(qapp, tmp_path):
    count = 120
    nodes = tuple(node(at, "Linear", f"fc{at}", 0, (1, at + 2), details=str(at)) for at in range(count))
    edges = tuple(Edge(source=at, source_output=0, target=at + 1, target_input=0) for at in range(count - 1))
    group = Group(id=0, fqn="", class_name="Net", parent=None, call_index=0)
    named = msgspec.structs.replace(nodes[7], outputs=(TensorSpec(shape=(1, 9), dtype="x", axes=("N", "D")),))
    graph = Graph(nodes=(*nodes[:7], named, *nodes[8:]), groups=(group,), edges=edges)
    write_graph_picture(graph, None, "svg", tmp_path / "g.svg")
    assert "N D" in (tmp_path / "g.svg").read_text(encoding="utf-8")
    height = float(ElementTree.parse(tmp_path / "g.svg").getroot().get("viewBox").split()[3])
    assert 1_000 < height < 4_000  # 9,000 in one column


def test_an_svg_shows_what_the_png_shows(drawing, tmp_path):
    write_drawing(drawing, "png", tmp_path / "g.png")
    write_drawing(drawing, "svg", tmp_path / "g.svg")
    png = QImage(str(tmp_path / "g.png"))
    drawn = QImage(png.size(), QImage.Format.Format_RGB32)
    renderer = QSvgRenderer(str(tmp_path / "g.svg"))
    painter = QPainter(drawn)
    renderer.render(painter, QRectF(drawn.rect()))
    painter.end()
    rect = drawing.picture.rect_of_node(2).translated(-drawing.area.topLeft())
    at = rect.toRect().topLeft()
    for x, y in ((7, 30), (60, 2), (-6, 10)):
        ours, theirs = png.pixelColor(at.x() + x, at.y() + y), drawn.pixelColor(at.x() + x, at.y() + y)
        assert abs(ours.red() - theirs.red()) + abs(ours.blue() - theirs.blue()) < 60, (x, y)


@pytest.mark.parametrize(("colours", "scale"), [(LIGHT, 1.0), (DARK, 2.5)])
def test_a_png_has_the_chosen_size_and_colours(drawing, tmp_path, colours, scale):
    chosen = Drawing(drawing.picture, drawing.fonts, colours, drawing.area, scale)
    write_drawing(chosen, "png", tmp_path / "g.png")
    with Image.open(tmp_path / "g.png") as image:
        assert image.size == (int(drawing.area.width() * scale), int(drawing.area.height() * scale))
        corner = "#{:02X}{:02X}{:02X}".format(*image.convert("RGB").getpixel((2, 2)))
    assert corner == colours.canvas.upper()


def test_a_pdf_has_one_page_of_the_pictures_size_and_fonts_for_its_text(drawing, tmp_path):
    write_drawing(drawing, "pdf", tmp_path / "g.pdf")
    content = (tmp_path / "g.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", content)) == 1
    assert b"/Font" in content
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert float(box[1]) == pytest.approx(drawing.area.width(), abs=1.5)
    assert float(box[2]) == pytest.approx(drawing.area.height(), abs=1.5)


def test_a_picture_too_large_for_an_image_gets_a_smaller_scale_and_says_so():
    size, scale, remark = png_size(QRectF(0, 0, 4_000, 70_000), 2.0)
    assert size.height() <= 32_000
    assert size.width() * size.height() <= 100_000_000
    assert scale < 0.5
    assert "8,000 × 140,000" in remark
    assert png_size(QRectF(0, 0, 400, 700), 2.0)[2] == ""


def test_what_is_cancelled_leaves_the_file_that_was_there(drawing, tmp_path):
    there = tmp_path / "g.svg"
    there.write_text("before")
    steps = 0

    def tick():
        nonlocal steps
        steps += 1
        if steps == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_drawing(drawing, "svg", there, tick)
    assert there.read_text() == "before"
    assert list(tmp_path.iterdir()) == [there]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [(OSError(28, "No space left"), "No space left"), (KeyError("op"), "'op'"), (TypeError(), "TypeError")],
)
def test_whatever_goes_wrong_with_a_file_ends_the_waiting(qtbot, wrong, told):
    def job(_tick):
        raise wrong

    work = ExportWork()
    with qtbot.waitSignal(work.failed) as failed:
        work.start(job)
    assert failed.args == [told]


def test_a_large_picture_is_written_beside_the_window_and_can_be_cancelled(qapp, qtbot, tmp_path):
    large = drawing_of(residual(blocks=400), qapp)
    work = ExportWork()
    with qtbot.waitSignal(work.failed) as told:
        with qtbot.waitSignal(work.progressed):
            work.start(lambda tick: write_drawing(large, "svg", tmp_path / "g.svg", tick))
        assert work.runs
        work.cancel()
    assert told.args == [""]
    assert not list(tmp_path.iterdir())


@pytest.fixture
def dialog(opened, qtbot, tmp_path):
    graph = opened.panels.graph
    qtbot.waitUntil(lambda: graph.picture is not None)
    opened.actions_by_name["export_svg"].trigger()
    shown = opened.findChild(GraphExportDialog)
    shown.path.setText(str(tmp_path / "out.svg"))
    yield shown
    shown.close()


def write(dialog, qtbot, kind):
    dialog.kind.setCurrentIndex(dialog.kind.findData(kind))
    qtbot.mouseClick(dialog.write, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.told.text()))
    return dialog.told.text()


@pytest.mark.parametrize("name", ["digits", "model.v2"])
def test_the_proposed_name_has_all_of_the_models(opened, qtbot, tmp_path, name):
    graph = opened.session.state.run.graph
    dialog = GraphExportDialog(lambda *_: None, graph, tmp_path / f"{name}_graph", "svg", opened)
    assert dialog.path.text() == str(tmp_path / f"{name}_graph.svg")
    dialog.kind.setCurrentIndex(dialog.kind.findData("dot"))
    assert dialog.path.text() == str(tmp_path / f"{name}_graph.dot")
    dialog.close()


def test_a_home_that_is_nobodys_is_told(dialog, qtbot):
    dialog.path.setText("~nobody-has-this-name/out.svg")
    assert "could not be written" in write(dialog, qtbot, "svg")


def test_the_dialog_writes_every_format_and_says_where(dialog, qtbot, tmp_path):
    for kind, begins in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph"), ("json", b"{")):
        dialog.told.say("")
        assert write(dialog, qtbot, kind) == f"Written: {tmp_path / 'out'}.{kind}."
        assert (tmp_path / f"out.{kind}").read_bytes().startswith(begins)
    msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Graph)


def test_the_dialog_says_what_cannot_be_written_and_what_it_would_become(dialog, qtbot, tmp_path):
    dialog.path.setText(str(tmp_path / "nowhere" / "out.png"))
    assert "could not be written: No such file or directory" in write(dialog, qtbot, "png")
    assert "pixels" in dialog.size_line.text()
    assert dialog.scale.isEnabled()
    dialog.kind.setCurrentIndex(dialog.kind.findData("json"))
    assert not dialog.area.isEnabled()
    assert "nodes" in dialog.size_line.text()


def test_what_is_in_view_can_be_written_alone(opened, qtbot):
    graph = opened.panels.graph
    qtbot.waitUntil(lambda: graph.picture is not None)
    graph.canvas.zoom_by(3.0)
    part, everything = graph.drawing(True, LIGHT, 1.0), graph.drawing(False, LIGHT, 1.0)
    assert everything.area.contains(part.area)
    assert part.area.width() < everything.area.width()


def test_boxes_are_written_in_the_colours_of_their_measure(drawing, tmp_path):
    inks = ("#FF0000",) * len(drawing.picture.cards)
    shading = Shading(inks, Legend("params"))
    shaded = Drawing(drawing.picture, drawing.fonts, LIGHT, drawing.area, 1.0, shading)
    write_drawing(shaded, "png", tmp_path / "shaded.png")
    write_drawing(drawing, "png", tmp_path / "plain.png")
    assert (tmp_path / "shaded.png").read_bytes() != (tmp_path / "plain.png").read_bytes()


@pytest.mark.parametrize("beside", [True, False])
def test_the_legend_is_written_beside_or_below_what_it_explains(drawing, tmp_path, beside):
    inks = ("#440154",) * len(drawing.picture.cards)
    legend = Legend("Parameters of everything", ticks=((0.0, "1"), (1.0, "9 k")), plain="Plain boxes have none.")
    size = (400.0, 500.0) if beside else (500.0, 400.0)
    area = QRectF(drawing.area.topLeft(), drawing.area.topLeft() + QPointF(*size))
    shaded = Drawing(drawing.picture, drawing.fonts, LIGHT, area, 1.0, Shading(inks, legend))
    write_drawing(shaded, "svg", tmp_path / "g.svg")
    texts = {"".join(found.itertext()).strip() for found in ElementTree.parse(tmp_path / "g.svg").iter(f"{SVG}text")}
    assert {legend.title, legend.plain, "9 k"} <= texts
    write_drawing(shaded, "png", tmp_path / "g.png")
    image = QImage(str(tmp_path / "g.png"))
    assert (image.width() > size[0]) is beside
    assert (image.height() > size[1]) is not beside
    bar = (shaded.legend_at - area.topLeft()).toPoint() + QPoint(12, 32)  # the dark end of the colours
    seen, dark = image.pixelColor(bar), QColor("#440154")
    assert max(abs(seen.red() - dark.red()), abs(seen.green() - dark.green()), abs(seen.blue() - dark.blue())) < 10
