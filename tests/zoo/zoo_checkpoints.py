"""Checkpoints of an architecture in every form, and where the inert reader says something else than torch does."""

import warnings
from collections import defaultdict

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.parameter import is_lazy

from inspector.engine.formats import describe_file

SMALL_BYTES = 64 * 2**20  # of larger ones the bytes are left out, where torch can do that


def faults(model, folder):
    """A sentence for each difference, and how many files were compared."""
    found, compared = [], 0
    size_bytes = sum(value.numel() * value.element_size() for value in _tensors(model.state_dict()).values())
    for form, (make, read, needs_bytes) in FORMS.items():
        if needs_bytes and size_bytes > SMALL_BYTES:
            continue
        path = folder / "checkpoint"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                make(model, path)
                truth = read(path)
            except Exception:  # noqa: BLE001 - what torch can't save so, or not read again, can't be compared
                continue
        compared += 1
        description = describe_file(str(path))
        found += [f"{form}: {line}" for line in _differences(description, truth)]
    return found, compared


def _differences(description, truth):
    told = {tensor.name: (tensor.shape, tensor.dtype) for tensor in description.tensors}
    real = {name: (tuple(value.shape), str(value.dtype).removeprefix("torch.")) for name, value in truth.items()}
    for name in sorted(told.keys() | real.keys()):
        if told.get(name) != real.get(name):
            yield f"{name} is {told.get(name)}, and {real.get(name)} to torch"
    groups, real_groups = defaultdict(set), defaultdict(set)
    for tensor in description.tensors:
        if tensor.storage and 0 not in tensor.shape:
            groups[tensor.storage].add(tensor.name)
    for name, value in truth.items():
        if value.layout is torch.strided and value.numel() and not _has_no_storage(value):
            real_groups[value.untyped_storage()._cdata].add(name)
    if groups and {frozenset(one) for one in groups.values()} != {frozenset(one) for one in real_groups.values()}:
        yield "which tensors share a storage is told otherwise"


def _has_no_storage(value):
    return value.is_meta or type(value) not in (torch.Tensor, nn.Parameter) or value.is_nested


def _save(model, path, *, whole=False, **options):
    """Without the bytes of weights, which would be gigabytes over the zoo, where torch can leave them out."""
    value = model if whole else model.state_dict()
    if options.get("_use_new_zipfile_serialization", True):
        with torch.serialization.skip_data():
            torch.save(value, path, **options)
    else:
        torch.save(value, path, **options)


def _read_state(path):
    return _tensors(torch.load(path, weights_only=False))


def _read_module(path):
    module = torch.load(path, weights_only=False)
    named = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    return _tensors(dict(named))


def _tensors(state):
    """Quantised modules keep weight and bias as a pair; modules that are still lazy have no shapes."""
    found = {}
    for name, value in state.items():
        parts = (
            {f"{name}.{place}": part for place, part in enumerate(value)} if isinstance(value, tuple) else {name: value}
        )
        found |= {key: part for key, part in parts.items() if torch.is_tensor(part) and not is_lazy(part)}
    return found


OLDER = {"_use_new_zipfile_serialization": False}
# What writes the file, what reads it, and whether all bytes have to be in it.
FORMS = {
    "state_dict": (_save, _read_state, False),
    "state_dict, older form": (lambda model, path: _save(model, path, **OLDER), _read_state, True),
    "module": (lambda model, path: _save(model, path, whole=True), _read_module, False),
    "module, older form": (lambda model, path: _save(model, path, whole=True, **OLDER), _read_module, True),
    "safetensors": (lambda model, path: save_file(model.state_dict(), path), load_file, True),
}
