import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file
from inspector.engine.inputs import make_tensor, prepare_input
from inspector.engine.inputs.dtypes import DTYPES
from inspector.protocol.inputs import ArrayInput, ImageInput, RandomInput


def test_the_same_seed_gives_torchs_own_values_and_leaves_its_generator_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    made = make_tensor(RandomInput(shape=(2, 5), seed=7))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(made, torch.randn(2, 5, generator=torch.Generator().manual_seed(7)))
    assert not torch.equal(made, make_tensor(RandomInput(shape=(2, 5), seed=8)))


def test_half_precision_sees_the_same_values_rounded():
    whole = make_tensor(RandomInput(shape=(64,)))
    assert torch.equal(make_tensor(RandomInput(shape=(64,), dtype="float16")), whole.half())
    assert torch.equal(make_tensor(RandomInput(shape=(64,)), dtype="bfloat16"), whole.bfloat16())


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_every_dtype_has_zeros_ones_and_integers_or_says_why_not(dtype):
    for distribution in ("zeros", "ones", "integers"):
        source = RandomInput(shape=(3,), dtype=dtype, distribution=distribution, high=2)
        assert make_tensor(source).dtype is DTYPES[dtype]
    normal = RandomInput(shape=(3,), dtype=dtype)
    if DTYPES[dtype].is_floating_point or DTYPES[dtype].is_complex:
        assert make_tensor(normal).dtype is DTYPES[dtype]
    else:
        with pytest.raises(EngineError, match=r"gives no \w+ values"):
            make_tensor(normal)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=4), st.integers(-50, 50), st.integers(1, 40), st.integers(0, 2**63))
def test_integers_and_uniform_stay_in_their_range_for_any_shape(shape, low, width, seed):
    for distribution, dtype in (("integers", "int64"), ("uniform", "float32")):
        made = make_tensor(
            RandomInput(
                shape=tuple(shape), dtype=dtype, distribution=distribution, low=low, high=low + width, seed=seed
            )
        )
        assert made.shape == tuple(shape)
        assert ((made >= low) & (made <= low + width)).all()
        if distribution == "integers":
            assert (made < low + width).all()


def test_a_floating_dtype_for_the_run_leaves_indices_alone():
    indices = RandomInput(shape=(4,), dtype="int64", distribution="integers", high=9)
    assert make_tensor(indices, dtype="float16").dtype is torch.int64
    assert make_tensor(RandomInput(shape=(4,)), dtype="float16").dtype is torch.float16


@pytest.mark.parametrize(
    "source",
    [
        RandomInput(shape=(2, -1)),
        RandomInput(shape=(10**6, 10**6)),
        RandomInput(shape=(1,), dtype="float33"),
        RandomInput(shape=(1,), distribution="integers", low=3, high=3, dtype="int64"),
        RandomInput(shape=(1,), distribution="integers", high=300, dtype="uint8"),
        RandomInput(shape=(1,), distribution="uniform", low=2, high=1),
        RandomInput(shape=(1,), seed=2**70),
        RandomInput(shape=(1,), distribution="integers", dtype="int64", high=float("nan")),
        ImageInput(paths=()),
    ],
)
def test_what_can_not_be_made_is_said_in_a_sentence_with_a_fix(source):
    with pytest.raises(EngineError) as raised:
        make_tensor(source)
    assert raised.value.message.endswith(".")
    assert raised.value.fix


def test_a_device_that_is_not_here_is_said_in_a_sentence():
    with pytest.raises(EngineError, match="could not be moved to cuda:77") as raised:
        make_tensor(RandomInput(shape=(1,)), device="cuda:77")
    assert raised.value.fix == "Choose another device."


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "complex64", ">f4"])
def test_npy_files_keep_their_values_and_dtype(tmp_path, dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    made = make_tensor(ArrayInput(path=str(tmp_path / "a.npy")))
    assert made.shape == (2, 3)
    assert np.array_equal(made.numpy(), array)


def test_an_array_can_be_given_another_dtype(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6.0))
    assert make_tensor(ArrayInput(path=str(tmp_path / "a.npy"), dtype="float32")).dtype is torch.float32
    assert make_tensor(ArrayInput(path=str(tmp_path / "a.npy")), dtype="float16").dtype is torch.float16


def test_fortran_order_scalars_and_empty_arrays_are_read(tmp_path):
    for name, array in {"f": np.asfortranarray(np.arange(6).reshape(2, 3)), "s": np.float32(4)}.items():
        np.save(tmp_path / f"{name}.npy", array)
        assert np.array_equal(make_tensor(ArrayInput(path=str(tmp_path / f"{name}.npy"))).numpy(), array)
    np.save(tmp_path / "e.npy", np.zeros((0, 3), np.float32))
    assert make_tensor(ArrayInput(path=str(tmp_path / "e.npy"))).shape == (0, 3)


def test_pt_files_give_their_tensor_or_the_first_one_with_a_note(tmp_path):
    tensor = torch.arange(6.0).reshape(2, 3)
    for legacy in (False, True):
        torch.save(tensor, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
        prepared = prepare_input(ArrayInput(path=str(tmp_path / "a.pt")))
        assert torch.equal(prepared.tensor, tensor)
        assert prepared.note == ""
    torch.save({"step": 3, "batch": [tensor.half(), tensor]}, tmp_path / "b.pt")
    prepared = prepare_input(ArrayInput(path=str(tmp_path / "b.pt")))
    assert torch.equal(prepared.tensor, tensor.half())
    assert prepared.note == "the first tensor, ['batch'][0], of (2, 3) float16"


def hash_bomb(path):
    """A tensor under a key of 60 nested pairs, each of one part twice: hashing it takes 2**60 steps."""
    torch.save({"x": torch.zeros(2)}, path)
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    pickled = next(name for name in records if name.endswith("data.pkl"))
    key = b")" + b"".join(b"q%ch%c\x86" % (at, at) for at in range(100, 160))
    records[pickled] = records[pickled].replace(b"}q\x00", b"}q\x00" + key + b"K\x01s", 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, held in records.items():
            archive.writestr(name, held)


class Opener:
    def __reduce__(self):
        return (open, ("/tmp/opened-by-a-pickle", "w"))


def write_npz(path):
    with path.open("wb") as stream:
        np.savez(stream, a=np.zeros(3), b=np.ones(3))


def write_objects(path):
    with path.open("wb") as stream:
        np.save(stream, np.array([{}], dtype=object), allow_pickle=True)


def write_cut(path):
    with path.open("wb") as stream:
        np.save(stream, np.zeros(1000))
    path.write_bytes(path.read_bytes()[:400])


def write_lie(path):
    write_cut(path)
    path.write_bytes(path.read_bytes().replace(b"(1000,), }   ", b"(10**15,), } ").replace(b"10**15", b"999999"))


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: None, "There is no file"),
        (lambda path: path.write_text("1, 2, 3"), "neither"),
        (lambda path: path.write_bytes(b""), "neither"),
        (lambda path: torch.save(torch.nn.Linear(2, 2), path), "an object of type Linear"),
        (lambda path: torch.save(Opener(), path), "neither"),
        (lambda path: torch.save({"step": 3}, path), "holds no tensor"),
        (lambda path: torch.save(torch.zeros(2), path) or path.write_bytes(path.read_bytes()[:-99]), "holds no"),
        (write_npz, "several arrays"),
        (write_objects, "Python objects"),
        (write_cut, "not a whole"),
        (write_lie, "not a whole"),
    ],
)
def test_a_file_without_a_plain_tensor_is_said_in_a_sentence(tmp_path, write, words):
    path = tmp_path / "a.pt"
    write(path)
    with pytest.raises(EngineError, match=words) as raised:
        make_tensor(ArrayInput(path=str(path)))
    assert raised.value.message.endswith(".")


def test_a_file_that_torchs_safe_reader_would_hang_on_is_not_read_as_an_input(tmp_path):
    path = tmp_path / "bomb.pt"
    hash_bomb(path)
    assert any("hashes them" in told for told in describe_file(str(path)).warnings)
    with pytest.raises(EngineError, match="was not read"):
        make_tensor(ArrayInput(path=str(path)))


@pytest.mark.parametrize("shape", [(2, 1, 5, 6), (1, 3, 5, 6), (1, 4, 5, 6), (1, 5, 6, 3)])
def test_a_random_picture_shaped_tensor_is_shown_stretched_to_full_contrast(shape):
    picture = prepare_input(RandomInput(shape=shape)).picture
    assert picture.shape == (5, 6, 3)
    assert picture.dtype == np.uint8


def test_other_shapes_and_odd_values_have_no_or_a_plain_picture():
    assert prepare_input(RandomInput(shape=(1, 7, 5, 6))).picture is None
    assert prepare_input(RandomInput(shape=(3, 5, 6))).picture is None
    assert prepare_input(RandomInput(shape=(0, 3, 5, 6))).picture is None
    constant = prepare_input(RandomInput(shape=(1, 3, 4, 4), distribution="ones")).picture
    assert (constant == 127).all()
    grey = prepare_input(RandomInput(shape=(1, 1, 8, 8))).picture
    assert grey.min() == 0
    assert grey.max() == 255
