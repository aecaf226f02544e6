import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.engine.errors import Cancelled, EngineError
from inspector.engine.evaluation import evaluate, scan_folder
from inspector.engine.evaluation.mapping import propose_mapping
from inspector.engine.evaluation.scan import refuse_many
from inspector.protocol.evaluation import LabelRule
from inspector.protocol.requests import Evaluate


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((2, 2), np.uint8)).save(path)


def scan(folder, labels=LabelRule(), **options):  # noqa: B008 - frozen
    return scan_folder(str(folder), labels, between_steps=lambda: None, **options)


def names_of(scanned):
    return [(os.path.relpath(i.path, scanned.folder), scanned.classes[i.label]) for i in scanned.images]


def test_class_folders_are_recognised_and_deep_images_count_to_their_top_folder(tmp_path):
    write(tmp_path, "C10/a.png", "C2/deep/er/b.PNG", "C1/c.png", "loose.png", ".hidden/d.png", "C1/.e.png")
    (tmp_path / "C1" / "notes.txt").write_text("x")
    scanned = scan(tmp_path)
    assert scanned.classes == ("C1", "C2", "C10")
    assert sorted(names_of(scanned)) == [("C1/c.png", "C1"), ("C10/a.png", "C10"), ("C2/deep/er/b.PNG", "C2")]
    reasons = {Path(skip.path).name: skip.reason for skip in scanned.skipped}
    assert reasons == {
        "loose.png": "It lies outside the class folders, so it has no label.",
        "notes.txt": "It is a .txt file, not a picture.",
    }
    assert scanned.sentence == "3 images in 3 classes, from the class folders; 2 files were left out."
    assert scanned.problems == ()


def test_case_e6_labels_in_file_names_are_found_and_the_rest_is_reported(tmp_path):
    write(tmp_path, *(f"img_C{c}_{i:02d}.png" for c in (1, 2, 10) for i in range(4)))
    write(tmp_path, "img_C1_C2_9.png", "holiday.png")
    scanned = scan(tmp_path)
    assert scanned.labels.source == "names"
    assert scanned.classes == ("C1", "C2", "C10")
    assert len(scanned.images) == 12
    reasons = {Path(skip.path).name: skip.reason for skip in scanned.skipped}
    assert reasons == {
        "img_C1_C2_9.png": "Its name holds more than one label: C1 and C2.",
        "holiday.png": "Its name holds no label.",
    }


def test_a_name_with_two_class_words_is_not_guessed(tmp_path):
    write(tmp_path, *(f"{c}_{i}.png" for c in ("cat", "dog") for i in range(5)), "cat_dog_7.png")
    scanned = scan(tmp_path)
    assert len(scanned.images) == 10
    assert scanned.skipped[0].reason == "Its name holds more than one label: cat and dog."


def test_a_pattern_of_the_users_own_is_used_and_a_bad_one_refused(tmp_path):
    write(tmp_path, "x1-red.png", "x2-blue.png")
    scanned = scan(tmp_path, LabelRule(source="names", pattern=r"-(\w+)$"))
    assert scanned.classes == ("blue", "red")
    with pytest.raises(EngineError, match="not a regular expression"):
        scan(tmp_path, LabelRule(source="names", pattern="("))


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("image,label\na.png,cat\nb.png,dog\n", ("cat", "dog")),
        ("id;file name;class\n1;a.png;2\n2;b.png;10\n", ("2", "10")),
        ("a.png,cat\nb.png,dog\n", ("cat", "dog")),
        ("path\ttarget\nsub/../a.png\t1.0\nb.png\t0.0\n", ("0", "1")),
        ("image,MEL,NV\na,1.0,0.0\nb,0.0,1.0\n", ("MEL", "NV")),
        ("\ufefffilename,class\n\na.png,cat\nb.png,dog\n", ("cat", "dog")),
    ],
)
def test_case_e6_a_csv_of_any_usual_form_gives_the_labels(tmp_path, text, classes):
    write(tmp_path, "a.png", "b.png")
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    scanned = scan(tmp_path)
    assert scanned.labels.source == "csv"
    assert scanned.classes == classes
    assert len(scanned.images) == 2
    assert scanned.skipped == ()


def test_a_csv_reports_missing_unnamed_unlabelled_and_contradicting_rows(tmp_path):
    write(tmp_path, "a.png", "b.png", "c.png", "d.png", "e.png")
    rows = "image,label\na.png,x\nb.png,y\nc.png,x\nc.png,y\nd.png,\ngone.png,x\n"
    (tmp_path / "list.csv").write_text(rows)
    scanned = scan(tmp_path)
    assert len(scanned.images) == 2
    assert {Path(skip.path).name: skip.reason for skip in scanned.skipped} == {
        "c.png": "The CSV gives it more than one label: x and y.",
        "d.png": "The CSV gives it no label.",
        "e.png": "The CSV does not name it, so it has no label.",
        "gone.png": "The CSV names it, but there is no such file.",
    }


def test_a_csv_beside_a_single_folder_of_images_goes_before_the_folder(tmp_path):
    write(tmp_path, "images/a.png", "images/b.png")
    (tmp_path / "labels.csv").write_text("file,label\na.png,x\nb.png,y\n")
    assert scan(tmp_path).classes == ("x", "y")


def test_a_csv_whose_columns_can_not_be_told_gets_a_sentence(tmp_path):
    write(tmp_path, "a.png")
    table = tmp_path / "list.csv"
    table.write_text("image,colour,weight\na.png,red,3\n")
    with pytest.raises(EngineError, match="none is named label, class or target"):
        scan(tmp_path, LabelRule(source="csv", csv_path=str(table)))


def test_an_empty_folder_a_single_class_and_parts_of_a_data_set_get_a_sentence_each(tmp_path):
    assert scan(tmp_path).problems == ("The folder holds no pictures.",)
    write(tmp_path, "one/cat/a.png", "parts/train/cat/a.png", "parts/test/cat/a.png")
    assert "All images are of one class" in scan(tmp_path / "one").problems[0]
    assert "parts of a data set" in scan(tmp_path / "parts").problems[0]
    with pytest.raises(EngineError, match="no folder"):
        scan(tmp_path / "missing")
    with pytest.raises(EngineError, match="not a folder"):
        scan(tmp_path / "one/cat/a.png")


def test_a_class_count_that_differs_from_the_outputs_is_told(tmp_path):
    write(tmp_path, "a/1.png", "b/1.png", "c/1.png")
    assert "3 classes, but the model has 2 outputs" in scan(tmp_path, num_outputs=2).problems[0]
    assert '"c" has no output' in scan(tmp_path, num_outputs=2).problems[1]
    assert "outside the matrix" in scan(tmp_path, num_outputs=5).problems[0]
    assert scan(tmp_path, num_outputs=3).problems == ()
    assert scan(tmp_path).mapping == {}


@pytest.mark.parametrize(
    ("classes", "class_names", "num_outputs", "mapping"),
    [
        (("cat", "dog"), ("Dog", "CAT", "bird"), 3, {"cat": 1, "dog": 0}),
        (("hot_dog", "pie"), ("pie", "hot dog"), 2, {"hot_dog": 1, "pie": 0}),
        (("0", "3", "9"), (), 10, {"0": 0, "3": 3, "9": 9}),
        (("1", "2", "3"), (), 3, {"1": 0, "2": 1, "3": 2}),
        (("C1", "C2", "C10"), (), 10, {"C1": 0, "C2": 1, "C10": 9}),
        (("C1", "C2", "C10"), (), 3, {"C1": 0, "C2": 1, "C10": 2}),
        (("no", "yes"), (), 1, {"no": 0, "yes": 1}),
        (("a", "b", "c"), (), 2, {"a": 0, "b": 1}),
        (("cat", "dog", "newt"), ("dog", "cat"), 2, {"cat": 1, "dog": 0}),
        (("a", "b"), (), None, {}),
    ],
)
def test_each_class_is_proposed_the_output_of_its_name_number_or_place(classes, class_names, num_outputs, mapping):
    assert propose_mapping(classes, class_names, num_outputs) == mapping


def test_links_that_lead_back_up_end_the_walk(tmp_path):
    write(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert len(scan(tmp_path).images) <= 4


def test_a_large_folder_asks_often_whether_to_go_on(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for index in range(3000):
        (tmp_path / "ab"[index % 2] / f"{index}.png").touch()
    asked = []
    scanned = scan_folder(str(tmp_path), LabelRule(), between_steps=lambda: asked.append(1))
    assert len(scanned.images) == 3000
    assert len(asked) >= 5

    def stop():
        raise Cancelled

    with pytest.raises(Cancelled):
        scan_folder(str(tmp_path), LabelRule(), between_steps=stop)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps names as text")
def test_a_picture_whose_name_is_no_text_is_left_out_and_said(tmp_path):
    write(tmp_path, "a/one.png", "b/two.png")
    with open(os.fsencode(tmp_path) + b"/b/bad\xff.png", "wb") as file:  # noqa: PTH123 - a name in bytes
        file.write((tmp_path / "a" / "one.png").read_bytes())
    scanned = scan(tmp_path)
    assert len(scanned.images) == 2
    (skipped,) = scanned.skipped
    assert skipped.reason == "Its name is no text in UTF-8: rename it."
    skipped.path.encode()


@pytest.mark.parametrize("name", ["b" * 300 + ".png", "b\0.png"])
def test_a_csv_that_names_what_nobody_can_look_at_is_no_end_of_the_scan(tmp_path, name):
    write(tmp_path, "a.png")
    (tmp_path / "list.csv").write_text(f"image,label\na.png,x\n{name},y\n")
    scanned = scan(tmp_path)
    assert [image.path for image in scanned.images] == [str(tmp_path / "a.png")]
    assert [skip.reason for skip in scanned.skipped if skip.path == name] == [
        "The CSV names it, but there is no such file."
    ]


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0b"])
def test_a_row_of_a_csv_ends_where_its_line_does_and_at_no_other_mark(tmp_path, mark):
    write(tmp_path, "a.png", "b.png")
    (tmp_path / "list.csv").write_text(f"image,label\na.png,x{mark}y\nb.png,z\n", encoding="utf-8")
    assert scan(tmp_path).classes == (f"x{mark}y", "z")


def test_of_many_labels_and_columns_a_sentence_names_the_first(tmp_path):
    write(tmp_path, "a.png")
    table = tmp_path / "list.csv"
    table.write_text("image,label\n" + "".join(f"a.png,{number:05}\n" for number in range(20_000)))
    (skip,) = scan(tmp_path).skipped
    assert skip.reason.endswith("00010 and 00011 and 19,988 more.")
    table.write_text("image" + ",colour" * 3000 + "\na.png" + ",red" * 3000 + "\n")
    with pytest.raises(EngineError, match=r"colour and 2,989 more: none is named label"):
        scan(tmp_path, LabelRule(source="csv", csv_path=str(table)))


def test_a_link_to_itself_is_a_file_like_any_other_that_is_no_picture(tmp_path):
    write(tmp_path, "C1/a.png", "C2/b.png")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "C2" / "c.png").symlink_to("c.png")
    scanned = scan(tmp_path)
    assert [Path(skip.path).name for skip in scanned.skipped] == ["round"]
    assert len(scanned.images) == 3


def test_more_classes_than_a_matrix_can_have_are_refused_before_the_model_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("inspector.engine.evaluation.scan.MOST_CLASSES", 2)
    write(tmp_path, "C1/a.png", "C2/b.png")
    refuse_many(scan(tmp_path))
    write(tmp_path, "C3/c.png")
    scanned = scan(tmp_path)
    assert scanned.problems == (
        "There are 3 classes, and a matrix can have 2: the labels may be numbers of the images.",
    )
    with pytest.raises(EngineError, match="There are 3 classes"):
        evaluate(None, None, Evaluate(folder=str(tmp_path)), emit=[].append, put=None, between_steps=lambda: None)
