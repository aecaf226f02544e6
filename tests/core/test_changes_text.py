"""Changes as they are typed and told."""

import numpy as np
import pytest

from inspector.core.changes import change_text, outputs_sentence, parse_change, relative_text, with_change
from inspector.core.comparison import output_sentence
from inspector.protocol.changes import Change, NodePlace
from inspector.protocol.outputs import Head

LOGITS = Head(kind="logits", evidence="")


@pytest.mark.parametrize(
    ("text", "place", "kind"),
    [
        ("layer1.0.act=zero", NodePlace(kind="module", fqn="layer1.0.act"), "zero"),
        ("fc@2=bypass", NodePlace(kind="module", fqn="fc", call=1), "bypass"),
        ("layer1/add#2=zero", NodePlace(kind="function", fqn="layer1", op="add", occurrence=1), "zero"),
        ("/relu=GELU", NodePlace(kind="function", fqn="", op="relu"), "swap"),
        ("act=swap:leakyrelu", NodePlace(kind="module", fqn="act"), "swap"),
    ],
)
def test_a_change_is_typed_as_place_and_kind(text, place, kind):
    change = parse_change(text)
    assert (change.place, change.kind) == (place, kind)


def test_noise_takes_its_strength_and_seed():
    change = parse_change("conv=noise:0.25:9")
    assert (change.amount, change.seed) == (0.25, 9)


@pytest.mark.parametrize(
    "text", ["conv", "conv=", "conv=blur", "conv=noise:much", "conv=noise:-1", "a@0=zero", "a/=zero"]
)
def test_what_is_no_change_is_answered_with_the_right_form(text):
    with pytest.raises(ValueError, match=r"as in|NODE=|counted from 1"):
        parse_change(text)


def test_the_highest_class_is_told_by_name_where_it_moves():
    before, after = np.array([[0.1, 2.0, 0.3]]), np.array([[3.0, 2.0, 0.3]])
    told = outputs_sentence(before, after, LOGITS, ("cat", "dog", "owl"))
    assert told == "The highest class was 1 “dog” and is now 0 “cat”. Values move by 2.9 at most."
    assert outputs_sentence(before, before.copy(), LOGITS) == "The output is the same, bit for bit."
    rows = outputs_sentence(np.repeat(before, 2, 0), np.concatenate([before, after]), LOGITS)
    assert rows.startswith("1 of 2 rows have another highest class.")
    assert outputs_sentence(before, np.full((1, 3), np.nan), LOGITS).startswith("The output has NaN now")


def test_where_there_is_nan_no_class_is_called_the_highest():
    whole, holed = np.array([[0.1, 2.0, 0.3]]), np.array([[0.1, np.nan, 0.4]])
    told = outputs_sentence(holed, whole, LOGITS)
    assert told == "The output had NaN, and has none now. Values move by 0.1 at most."
    told = outputs_sentence(holed, holed + 1, LOGITS)
    assert told == "The output has NaN, as it had before. Values move by 1 at most."
    assert outputs_sentence(whole, np.full((1, 3), np.nan), LOGITS).endswith("had none before.")
    assert (
        output_sentence(holed, holed + 1, LOGITS) == "Both give NaN in the same places. Values are apart by 1 at most."
    )


def test_the_highest_classes_of_two_models_are_told_by_name():
    a, b = np.array([[0.1, 2.0, 0.3]]), np.array([[3.0, 2.0, 0.3]])
    told = output_sentence(a, b, LOGITS, ("cat", "dog", "owl"))
    assert told == "A puts class 1 “dog” highest, B 0 “cat”. Values are apart by 2.9 at most."
    maps = np.zeros((1, 2, 3, 3))
    other = maps.copy()
    other[0, 1, 0, 0] = 1.0
    assert output_sentence(maps, other, LOGITS).startswith("1 of 9 rows have another highest class.")


def test_a_second_change_of_one_kind_takes_the_place_of_the_first():
    first = parse_change("a=noise:0.1")
    changes = with_change(with_change((), first), parse_change("a=zero"))
    assert with_change(changes, parse_change("a=noise:0.5"))[1].amount == 0.5
    assert len(changes) == 2


def test_changes_are_told_in_words():
    swap = Change(place=NodePlace(kind="module", fqn="act", op="ReLU"), kind="swap", activation="tanh")
    assert change_text(swap) == "act ReLU → Tanh"
    assert change_text(parse_change("fc@2=zero")) == "fc (call 2): zeroed"
    assert relative_text(0.125) == "by 12.5 % of its norm"
    assert "can't be told" in relative_text(None)
