"""The input panel: what it asks for, and what it says of what the model sees."""

from dataclasses import replace

import numpy as np
import pytest
from panel_states import IMAGE_SLOT, loaded_model
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from inspector.core.presets import PRESETS
from inspector.gui.input_panel import InputPanel
from inspector.gui.input_panel.in_force import preprocess_text
from inspector.gui.input_panel.numbers import parse_figures, parse_shape
from inspector.gui.state import PreviewState, Problem, RunSettings, WindowState
from inspector.protocol.events import InputPrepared
from inspector.protocol.graph import Statistics
from inspector.protocol.inputs import ArrayInput, ImageInput, InputSlot, NamedInput, Preprocess, RandomInput

MASK = InputSlot(
    name="mask",
    proposed=RandomInput(shape=(1, 16), dtype="int64", distribution="integers", low=0, high=2),
    required=False,
)
TOKENS = InputSlot(
    name="tokens", proposed=RandomInput(shape=(1, 16), dtype="int64", distribution="integers", low=0, high=100)
)
ONE = WindowState(model=loaded_model())


@pytest.fixture
def panel(qtbot):
    made = InputPanel()
    qtbot.addWidget(made)
    made.resize(320, 420)
    made.show()
    made.draw(ONE)
    return made


def choose(box, text):
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


def with_inputs(*sources, state=ONE):
    slots = state.model.slots
    inputs = tuple(NamedInput(source=source, name=slot.name) for source, slot in zip(sources, slots, strict=False))
    return replace(state, settings=RunSettings(inputs=inputs))


def drop(panel, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    action, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(panel.rect().center(), action, data, buttons, keys)
    QApplication.sendEvent(panel, entered)
    if entered.isAccepted():
        QApplication.sendEvent(panel, QDropEvent(QPointF(panel.rect().center()), action, data, buttons, keys))
    return entered.isAccepted()


def test_the_proposed_shape_is_shown_with_its_reason(panel):
    assert panel.random.shape_field.text() == "1,3,32,32"
    assert panel.why.text() == "The first Conv2d takes 3 channels."


def test_a_typed_shape_is_asked_for_once_the_typing_pauses(panel, qtbot):
    panel.random.shape_field.clear()
    asked = []
    panel.inputs_change_requested.connect(asked.append)
    with qtbot.waitSignal(panel.preview_requested) as preview:
        qtbot.keyClicks(panel.random.shape_field, "2, 3,64,64")
    assert asked == [(NamedInput(source=RandomInput(shape=(2, 3, 64, 64)), name="x"),)]
    assert preview.args == [asked[0][0].source]


def test_a_shape_that_can_not_be_read_is_said_beneath_the_field(panel, qtbot):
    panel.random.shape_field.clear()
    with qtbot.assertNotEmitted(panel.inputs_change_requested):
        qtbot.keyClicks(panel.random.shape_field, "1,three")
        qtbot.keyPress(panel.random.shape_field, Qt.Key.Key_Return)
    assert "“three” is not a size" in panel.random.sentence.text()


@pytest.mark.parametrize(
    ("text", "shape"),
    [("1,3,224,224", (1, 3, 224, 224)), ("(1, 10)", (1, 10)), ("8x20x16", (8, 20, 16)), ("[5]", (5,)), ("()", ())],
)
def test_shapes_are_read_as_people_write_them(text, shape):
    assert parse_shape(text) == shape


@pytest.mark.parametrize("text", ["", "1,-3", "1.5", "a", "99999999999,99999999999", ",".join("1" * 20)])
def test_what_is_no_shape_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"\.$"):
        parse_shape(text)


def test_the_dice_gives_another_seed(panel, qtbot):
    panel.random.seed.setValue(123456)
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        panel.random.dice.click()
    assert asked.args[0][0].source.seed != 123456


def test_integers_bring_their_type_and_a_range(panel, qtbot):
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        choose(panel.random.distribution, "integers")
    source = asked.args[0][0].source
    assert (source.distribution, source.dtype, source.low, source.high) == ("integers", "int64", 0, 10)
    assert panel.random.low.isVisible()


def test_an_empty_range_is_refused(panel, qtbot):
    choose(panel.random.distribution, "uniform")
    with qtbot.assertNotEmitted(panel.inputs_change_requested):
        panel.random.low.setValue(3)
        qtbot.keyPress(panel.random.shape_field, Qt.Key.Key_Return)
    assert panel.random.sentence.text() == "The range from 3 up to 1 is empty."


def test_several_arguments_have_a_tab_each_and_are_asked_for_together(panel, qtbot):
    state = WindowState(model=loaded_model(slots=(IMAGE_SLOT, TOKENS, MASK)))
    panel.draw(state)
    assert [panel.tabs.tabText(place) for place in range(3)] == ["x", "tokens", "mask (optional)"]
    panel.tabs.setCurrentIndex(1)
    assert panel.random.shape_field.text() == "1,16"
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        panel.random.seed.setValue(7)
    assert [given.name for given in asked.args[0]] == ["x", "tokens"]
    assert asked.args[0][1].source.seed == 7


def test_an_optional_argument_is_fed_when_it_is_ticked(panel, qtbot):
    panel.draw(WindowState(model=loaded_model(slots=(IMAGE_SLOT, MASK))))
    panel.tabs.setCurrentIndex(1)
    assert not panel.fed.isChecked()
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        panel.fed.click()
    assert [given.name for given in asked.args[0]] == ["x", "mask"]


def test_images_are_asked_for_and_shown_with_what_is_in_force(panel, qtbot):
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        panel.add_images(["/pictures/cat.png", "/pictures/dog.jpg"])
    source = asked.args[0][0].source
    assert source == ImageInput(paths=("/pictures/cat.png", "/pictures/dog.jpg"))
    panel.draw(with_inputs(source))
    assert panel.kind.current() == "image"
    assert [panel.images.files.item(row).text() for row in range(2)] == ["cat.png", "dog.jpg"]
    assert panel.images.in_force.text() == "own size · RGB · [0, 1] · not normalised"


def test_delete_takes_an_image_off(panel, qtbot):
    panel.draw(with_inputs(ImageInput(paths=("/a.png", "/b.png"))))
    panel.images.files.setCurrentRow(0)
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        qtbot.keyPress(panel.images.files, Qt.Key.Key_Delete)
    assert asked.args[0][0].source.paths == ("/b.png",)


def test_a_preset_is_one_click_away(panel, qtbot):
    panel.draw(replace(with_inputs(ImageInput(paths=("/a.png",))), preprocess=Preprocess(height=224, width=224)))
    with qtbot.waitSignal(panel.preprocess_change_requested) as asked:
        choose(panel.images.preset, "ImageNet")
    assert asked.args[0].mean == PRESETS["ImageNet"]["mean"]
    assert panel.images.in_force.text() == "224×224 · crop · RGB · [0, 1] · normalised (ImageNet)"
    assert panel.images.steps.mean.text() == "0.485, 0.456, 0.406"


def test_every_step_can_be_changed(panel, qtbot):
    panel.draw(with_inputs(ImageInput(paths=("/a.png",))))
    steps = panel.images.steps
    choose(steps.channels, "grey")
    choose(steps.resize_choice, "pad")
    steps.mean.setText("0.1307")
    with qtbot.waitSignal(panel.preprocess_change_requested) as asked:
        steps.height_field.setValue(28)
        steps.width_field.setValue(28)
    changed = asked.args[0]
    assert (changed.height, changed.width, changed.channels, changed.resize) == (28, 28, 1, "pad")
    assert changed.mean == (0.1307,)


def test_a_mean_that_does_not_fit_the_channels_is_said(panel, qtbot):
    panel.draw(with_inputs(ImageInput(paths=("/a.png",))))
    with qtbot.assertNotEmitted(panel.preprocess_change_requested):
        panel.images.steps.mean.setText("0.5, 0.5")
        qtbot.keyPress(panel.images.steps.mean, Qt.Key.Key_Return)
    assert "one for each of 3 channels, not 2" in panel.images.steps.sentence.text()


def test_a_std_of_zero_is_refused():
    with pytest.raises(ValueError, match="divide by zero"):
        parse_figures("0.2, 0, 0.2", 3, "std")


def test_the_line_in_force_names_every_departure():
    caffe = Preprocess(
        height=224,
        width=200,
        resize="crop",
        crop_fraction=0.875,
        interpolation="bicubic",
        channel_order="BGR",
        scale="byte",
    )
    assert preprocess_text(caffe) == "224×200 · crop 0.875 · bicubic · BGR · 0…255 · not normalised"


def test_dropped_images_are_fed_and_other_files_left_to_the_window(panel, qtbot):
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        assert drop(panel, "/pictures/cat.PNG")
    assert asked.args[0][0].source.paths == ("/pictures/cat.PNG",)
    assert not drop(panel, "/models/net.pt")
    assert not drop(panel, "/pictures/cat.png", "/models/net.pt")
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        assert drop(panel, "/arrays/x.npy")
    assert asked.args[0][0].source == ArrayInput(path="/arrays/x.npy")


def test_what_a_person_dropped_or_typed_is_named_before_it_is_fed_and_nothing_else_is(panel, qtbot):
    told = []
    panel.files_named.connect(lambda paths: told.append(("named", *paths)))
    panel.inputs_change_requested.connect(lambda inputs: told.append(("fed", inputs[0].source)))
    drop(panel, "/pictures/cat.png")
    assert [one[:2] for one in told] == [("named", "/pictures/cat.png"), told[1]]
    assert told[1][1].paths == ("/pictures/cat.png",)
    del told[:]
    panel.kind.button("array").click()
    qtbot.keyClicks(panel.array.path, "/arrays/x.npy")
    qtbot.keyClick(panel.array.path, Qt.Key.Key_Return)
    assert told == [("named", "/arrays/x.npy"), ("fed", ArrayInput(path="/arrays/x.npy"))]
    del told[:]
    panel.draw(with_inputs(ArrayInput(path="/from/a/finding.npy")))
    choose(panel.array.dtype, "float16")
    assert told == [("fed", ArrayInput(path="/from/a/finding.npy", dtype="float16"))]


def test_another_model_finds_no_files_of_the_one_before(panel):
    panel.draw(with_inputs(ImageInput(paths=("/a.png",))))
    panel.draw(with_inputs(ArrayInput(path="/x.npy")))
    panel.draw(WindowState(model=loaded_model((IMAGE_SLOT,))))
    assert panel.images.paths() == ()
    assert panel.array.path.text() == ""


def test_choosing_images_or_an_array_asks_the_window_for_a_dialog(panel, qtbot):
    panel.kind.button("image").click()
    with qtbot.waitSignal(panel.open_images_requested):
        panel.images.open_button.click()
    panel.kind.button("array").click()
    with qtbot.waitSignal(panel.open_array_requested):
        panel.array.open_button.click()


def test_going_back_to_random_feeds_the_proposal(panel, qtbot):
    panel.draw(with_inputs(ImageInput(paths=("/a.png",))))
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        panel.kind.button("random").click()
    assert asked.args[0][0].source == IMAGE_SLOT.proposed


def test_going_back_to_images_feeds_those_that_are_still_listed(panel, qtbot):
    panel.draw(with_inputs(ImageInput(paths=("/a.png",))))
    panel.kind.button("random").click()
    panel.draw(with_inputs(IMAGE_SLOT.proposed))
    with qtbot.waitSignal(panel.inputs_change_requested) as asked:
        panel.kind.button("image").click()
    assert asked.args[0][0].source.paths == ("/a.png",)


def test_what_the_model_sees_is_shown_with_its_figures(panel):
    statistics = Statistics(
        num_elements=64, min=0.0, max=1.0, mean=0.31, std=0.37, zeros=3, nan=0, inf=0, num_sampled=64, histogram=(1, 2)
    )
    prepared = InputPrepared(shape=(1, 1, 8, 8), dtype="float32", statistics=statistics, note="Resized from 20×20.")
    picture = np.zeros((8, 8, 3), np.uint8)
    panel.draw(replace(ONE, preview=PreviewState(prepared, picture)))
    assert panel.preview.shape.text() == "(1, 1, 8, 8) float32"
    assert panel.preview.figures.text() == "0 … 1\nmean 0.31 · std 0.37"
    assert panel.preview.note.text() == "Resized from 20×20."
    assert panel.preview.picture.picture() is picture
    panel.draw(replace(ONE, preview=PreviewState(prepared, None)))
    assert panel.preview.spread.isVisible()


def test_small_pictures_are_magnified_in_sharp_squares(panel):
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 0] = 255
    panel.preview.picture.resize(100, 100)
    panel.preview.picture.show_picture(picture)
    image = panel.preview.picture.grab().toImage()
    assert {image.pixelColor(x, 25).red() for x in (10, 25, 45, 55, 75, 90)} == {0, 255}
    assert image.pixelColor(45, 25).red() == 255
    assert image.pixelColor(55, 25).red() == 0


def test_a_problem_of_the_input_is_said_with_its_fix(panel):
    panel.draw(replace(ONE, problems=(Problem("input", "cat.png ends too early.", "Choose another."),)))
    assert panel.problem.text() == "cat.png ends too early. Choose another."
    panel.draw(replace(ONE, problems=(Problem("run", "Elsewhere.", ""),)))
    assert not panel.problem.isVisible()


def test_live_is_asked_for(panel, qtbot):
    with qtbot.waitSignal(panel.live_change_requested) as asked:
        panel.live.click()
    assert asked.args == [True]


def test_a_drawn_state_does_not_disturb_typing(panel, qtbot):
    panel.random.shape_field.clear()
    qtbot.keyClicks(panel.random.shape_field, "4,3")
    panel.draw(replace(ONE, problems=(Problem("input", "late", ""),)))
    assert panel.random.shape_field.text() == "4,3"
    with qtbot.waitSignal(panel.inputs_change_requested):
        pass


def test_without_a_model_the_panel_says_what_to_do(panel):
    panel.draw(WindowState())
    assert panel.empty.text().startswith("Open a model")
    assert not panel.kind.isVisible()
