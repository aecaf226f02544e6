"""What the inert reader says of torch's own files, compared with what torch itself loads."""

import subprocess
import sys
import warnings
from collections import OrderedDict

import numpy as np
import pytest
import torch
from loading_nets import Block, SmallNet, plain_net
from safetensors.torch import save_file
from torch import nn

from inspector.engine.formats import describe_file


def told(description):
    return {tensor.name: (tensor.shape, tensor.dtype) for tensor in description.tensors}


def truth(state):
    return {name: (tuple(value.shape), str(value.dtype).removeprefix("torch.")) for name, value in state.items()}


MODELS = {
    "convolutions": plain_net,
    "own_class": SmallNet,
    "recurrent": lambda: nn.LSTM(5, 7, 2, bidirectional=True),
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 16),
    "embedding": lambda: nn.Sequential(nn.Embedding(30, 6), nn.LayerNorm(6), nn.GRU(6, 4)),
    "half": lambda: nn.Linear(3, 2).half(),
    "bfloat16": lambda: nn.Conv1d(3, 2, 3).to(torch.bfloat16),
    "complex": lambda: nn.Linear(3, 2, dtype=torch.complex64),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_state_dict_is_read_as_torch_reads_it(tmp_path, name, zipped):
    path = str(tmp_path / "weights.bin")
    torch.save(MODELS[name]().state_dict(), path, _use_new_zipfile_serialization=zipped)
    description = describe_file(path)
    assert (description.format, description.safety) == ("state_dict", "inert")
    assert list(told(description).items()) == list(truth(torch.load(path, weights_only=True)).items())
    assert description.blocked_globals == ()
    assert description.warnings == ()
    assert all(module.guessed for module in description.modules)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in {"own_class", "attention"}])
def test_a_whole_module_of_torchs_own_classes_is_allow_listed(tmp_path, name):
    path = str(tmp_path / "model.pt")
    model = MODELS[name]()
    torch.save(model, path)
    description = describe_file(path)
    assert (description.format, description.safety) == ("module", "allow_listed")
    assert told(description) == truth(model.state_dict())
    real = [(fqn, f"{type(module).__module__}.{type(module).__qualname__}") for fqn, module in model.named_modules()]
    assert [(module.fqn, module.class_name) for module in description.modules] == real
    assert {use.risk for use in description.uses} == {"harmless"}
    assert description.warnings == ()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_module_of_another_class_needs_consent_and_names_it(tmp_path, zipped):
    path = str(tmp_path / "model.pt")
    torch.save(SmallNet(), path, _use_new_zipfile_serialization=zipped)
    description = describe_file(path)
    assert (description.format, description.safety) == ("module", "needs_consent")
    assert set(description.blocked_globals) == {"loading_nets.SmallNet", "loading_nets.Block"}
    assert told(description) == truth(SmallNet().state_dict())
    assert description.modules[0].class_name == "loading_nets.SmallNet"
    assert ("block", "loading_nets.Block") in {(module.fqn, module.class_name) for module in description.modules}


def test_tensors_that_share_memory_share_a_storage(tmp_path):
    path = str(tmp_path / "tied.pt")
    model = nn.ModuleDict({"embedding": nn.Embedding(9, 4), "head": nn.Linear(4, 9, bias=False)})
    model["head"].weight = model["embedding"].weight
    torch.save(model.state_dict(), path)
    first, second = describe_file(path).tensors
    assert first.storage == second.storage != ""


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_tells_its_weights_and_what_stands_beside_them(tmp_path, zipped):
    path = str(tmp_path / "last.ckpt")
    model = SmallNet()
    optimiser = torch.optim.AdamW(model.parameters())
    model(torch.rand(2, 3, 8, 8)).sum().backward()
    optimiser.step()
    torch.save(
        {
            "epoch": 12,
            "best_accuracy": np.float64(0.75),
            "model_state": model.state_dict(),
            "optimizer_state": optimiser.state_dict(),
            "hyper_parameters": {"width": 4, "name": "small"},
            "classes": ["cat", "dog"],
        },
        path,
        _use_new_zipfile_serialization=zipped,
    )
    description = describe_file(path)
    assert (description.format, description.safety) == ("checkpoint", "inert")
    wanted = {f"model_state.{name}": entry for name, entry in truth(model.state_dict()).items()}
    assert wanted.items() <= told(description).items()
    assert description.metadata["weights_at"] == "model_state"
    assert description.metadata["epoch"] == "12"
    assert description.metadata["best_accuracy"] == "0.75"
    assert description.metadata["hyper_parameters.width"] == "4"
    assert description.metadata["classes"] == "cat, dog"
    kinds = {module.fqn: module.class_name for module in description.modules}
    assert kinds == {"stem": "Conv2d", "norm": "BatchNorm", "block": "Module", "block.conv": "Conv2d", "head": "Linear"}


def test_a_module_inside_a_checkpoint_is_found(tmp_path):
    path = str(tmp_path / "run.pt")
    torch.save({"epoch": 1, "model": plain_net()}, path)
    description = describe_file(path)
    assert (description.format, description.safety) == ("checkpoint", "allow_listed")
    assert "model.4" in {module.fqn for module in description.modules}


def test_a_single_tensor_is_no_model(tmp_path):
    path = str(tmp_path / "input.pt")
    torch.save(torch.zeros(1, 3, 4), path)
    description = describe_file(path)
    assert description.format == "unknown"
    assert "single tensor of shape (1, 3, 4)" in description.summary


def test_torchscript_is_read_without_trust(tmp_path):
    path = str(tmp_path / "scripted.zip")
    model = plain_net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(model, torch.zeros(1, 3, 4, 4)).save(path)
    description = describe_file(path)
    assert (description.format, description.safety) == ("torchscript", "inert")
    assert told(description) == truth(model.state_dict())
    assert description.modules[0].class_name.endswith("Sequential")


def test_an_exported_program_is_read_from_its_json(tmp_path):
    path = str(tmp_path / "exported.bin")
    model = plain_net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(model, (torch.zeros(1, 3, 4, 4),)), path + ".pt2")
    description = describe_file(path + ".pt2")
    assert (description.format, description.safety) == ("exported_program", "inert")
    assert told(description) == truth(model.state_dict())
    assert {module.fqn for module in description.modules} == {"", "0", "1", "2", "3", "4"}


def test_safetensors_are_read_from_their_header(tmp_path):
    path = str(tmp_path / "model.pth")  # the name says otherwise
    save_file(plain_net().state_dict(), path, metadata={"format": "pt"})
    description = describe_file(path)
    assert (description.format, description.safety) == ("safetensors", "inert")
    assert told(description) == truth(plain_net().state_dict())
    assert description.metadata == {"format": "pt"}


def test_values_are_cleaned_before_they_travel(tmp_path):
    path = str(tmp_path / "odd.pt")
    torch.save({"a\ud800b": torch.zeros(2), "state": 10**5000, "<img src=x>": torch.zeros(1)}, path)
    description = describe_file(path)
    assert [tensor.name for tensor in description.tensors] == ["a?b", "<img src=x>"]
    assert "bits" in description.metadata["state"]
    str(description.summary).encode()


def test_ordered_dicts_with_metadata_and_buffers_are_state_dicts(tmp_path):
    path = str(tmp_path / "ordered.pt")
    torch.save(OrderedDict(Block(2).state_dict()), path)
    assert describe_file(path).format == "state_dict"


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory by Linux's /proc")
def test_five_gigabytes_are_described_without_reading_them(tmp_path):
    path = tmp_path / "large.safetensors"
    header = b'{"w":{"dtype":"F32","shape":[1250000,1000],"data_offsets":[0,5000000000]}}'
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 5_000_000_000)
    script = (
        "import re, sys\n"
        "from inspector.engine.formats import describe_file\n"
        "found = describe_file(sys.argv[1])\n"
        "with open('/proc/self/status') as status:\n"
        "    peak_kb = int(re.search(r'VmHWM:\\s+(\\d+)', status.read())[1])\n"
        "print(found.format, found.tensors[0].shape, peak_kb < 100_000, 'torch' in sys.modules)"
    )
    child = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert child.stdout == "safetensors (1250000, 1000) True False\n"


def test_a_tensor_that_reaches_beyond_its_storage_is_flagged(tmp_path):
    path = str(tmp_path / "stretched.pt")
    torch.save({"w": torch.zeros(4).as_strided((2**20, 2**20), (0, 0))}, path)
    (warning,) = describe_file(path).warnings
    assert "would take all memory" in warning


def test_a_cut_off_legacy_file_says_so(tmp_path):
    path = tmp_path / "cut.pth"
    torch.save(plain_net().state_dict(), path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-40])
    description = describe_file(str(path))
    assert description.format == "state_dict"
    assert any("cut off" in warning for warning in description.warnings)


def test_a_training_checkpoint_tells_its_epoch_optimisers_and_hyper_parameters(tmp_path):
    model = plain_net()
    groups = [{"params": model[0].parameters(), "lr": 0.001}, {"params": model[4].parameters(), "lr": 0.0001}]
    adam, sgd = torch.optim.AdamW(groups), torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.zeros(1, 3, 4, 4)).sum().backward()
    adam.step()
    checkpoint = {
        "epoch": 3,
        "global_step": 1200,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": {f"model.{name}": value for name, value in model.state_dict().items()},
        "optimizer_states": [adam.state_dict(), sgd.state_dict()],
        "hyper_parameters": {"width": 64},
    }
    torch.save(checkpoint, tmp_path / "last.ckpt")
    description = describe_file(str(tmp_path / "last.ckpt"))
    assert (description.format, description.safety) == ("checkpoint", "inert")
    told = description.metadata
    assert (told["epoch"], told["global_step"], told["hyper_parameters.width"]) == ("3", "1200", "64")
    assert told["optimizer_states.0"] == (
        "AdamW (by its settings), 2 groups, lr 0.001 / 0.0001, betas 0.9, 0.999, weight_decay 0.01"
    )
    assert told["optimizer_states.1"] == "SGD (by its settings), 1 group, lr 0.1, momentum 0.9, weight_decay 0"
    assert told["weights_at"] == "state_dict"
