"""The allow list never says more than the installed torch does."""

import importlib

import torch
from torch import nn

from inspector.engine.formats.allow_list import (
    ALLOWED_GLOBALS,
    DATA_GLOBALS,
    FUNCTION_GLOBALS,
    MODULE_GLOBALS,
    PLAIN_GLOBALS,
    judge_global,
)


def test_plain_names_are_allowed_by_torch_itself():
    assert set(torch._weights_only_unpickler._get_allowed_globals()) >= PLAIN_GLOBALS


def test_module_names_are_torchs_own_module_classes_without_a_setstate_of_their_own_kind():
    for name in MODULE_GLOBALS:
        module, _, attribute = name.rpartition(".")
        found = getattr(importlib.import_module(module), attribute)
        assert issubclass(found, nn.Module), name
        assert found.__module__ == module, name


def test_nothing_that_runs_code_is_allowed():
    for name in DATA_GLOBALS | FUNCTION_GLOBALS:
        assert not name.startswith(("os.", "posix.", "subprocess.", "functools.", "operator.")), name
    assert not {name for name in ALLOWED_GLOBALS if name.startswith("builtins.")} - {
        *("builtins.set", "builtins.bytearray", "builtins.complex", "builtins.slice")
    }


def test_names_are_judged_with_a_reason():
    for name in (
        *("os.system", "posix.system", "subprocess.Popen", "builtins.eval", "builtins.getattr", "runpy.run_path"),
        *("torch.hub.load", "torch.load", "torch.serialization.load", "functools.partial", "operator.attrgetter"),
        *("importlib.import_module", "pickle.loads", "torch.os.system", "socket.socket", "numpy.load", "ctypes.CDLL"),
        *("torch.jit.load", "torch.utils.cpp_extension.load_inline", "builtins.__import__", "shutil.rmtree"),
    ):
        use = judge_global(name)
        assert use.risk == "dangerous", name
        assert use.why
    assert judge_global("mymodel.Net").risk == "unknown"
    assert "script that saved" in judge_global("__main__.Net").why
    assert judge_global("torch.nn.modules.conv.Conv2d").risk == "harmless"
    assert judge_global("torch._utils._rebuild_tensor_v2").risk == "harmless"
