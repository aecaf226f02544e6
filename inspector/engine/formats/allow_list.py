"""Names that a pickle may import without asking, and why each other one is a risk.

A scan never grants trust of its own: what is allowed here is still loaded by torch's `weights_only` reader, with
exactly these names beside torch's own. A test compares both lists with the installed torch.
"""

import re

from inspector.protocol.files import GlobalUse

_NUMBERS = ["BFloat16", "Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short"]
_DTYPES = [
    "bfloat16",
    "bool",
    "complex128",
    "complex32",
    "complex64",
    "float16",
    "float32",
    "float64",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "int16",
    "int32",
    "int64",
    "int8",
    "qint32",
    "qint8",
    "quint2x4",
    "quint4x2",
    "quint8",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
]
_REBUILDERS = [
    "_rebuild_device_tensor_from_cpu_tensor",
    "_rebuild_device_tensor_from_numpy",
    "_rebuild_meta_tensor_no_storage",
    "_rebuild_nested_tensor",
    "_rebuild_parameter",
    "_rebuild_parameter_with_state",
    "_rebuild_qtensor",
    "_rebuild_sparse_tensor",
    "_rebuild_tensor",
    "_rebuild_tensor_v2",
    "_rebuild_tensor_v3",
    "_rebuild_wrapper_subclass",
]
_SCHEMES = (
    "per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine per_tensor_symmetric"
)

# What torch's weights_only reader allows by itself.
PLAIN_GLOBALS = frozenset(
    {
        *("_codecs.encode", "builtins.bytearray", "builtins.complex", "builtins.set"),
        *("collections.Counter", "collections.OrderedDict", "torch.Size", "torch.Tensor", "torch.device"),
        *("torch._tensor._rebuild_from_type_v2", "torch.nn.parameter.Parameter", "torch.serialization._get_layout"),
        *("torch.storage.TypedStorage", "torch.storage.UntypedStorage"),
        *(f"torch.{name}Storage" for name in [*_NUMBERS, "ComplexDouble", "ComplexFloat"]),
        *(f"torch.{name}Storage" for name in ["QInt32", "QInt8", "QUInt2x4", "QUInt4x2", "QUInt8"]),
        *(f"torch.{name}Tensor" for name in _NUMBERS),
        *(f"torch.cuda.{name}Storage" for name in [*_NUMBERS, "ComplexDouble", "ComplexFloat"]),
        *(f"torch.cuda.{name}Tensor" for name in _NUMBERS),
        *(f"torch.{name}" for name in _DTYPES),
        *(f"torch._utils.{name}" for name in _REBUILDERS),
        *(f"torch.{name}" for name in _SCHEMES.split()),
    }
)

# Plain data that training scripts leave in checkpoints; handed to weights_only by name.
DATA_GLOBALS = frozenset(
    {
        *("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype"),
        *(
            f"numpy.dtypes.{name}DType"
            for name in ["Bool", "Float16", "Float32", "Float64", "Int8", "Int16", "Int32", "Int64", "UInt8"]
        ),
        *("argparse.Namespace", "builtins.slice", "pathlib.PosixPath", "pathlib.PurePosixPath"),
    }
)

_MODULES = {
    "activation": "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish "
    "MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink "
    "Softsign Tanh Tanhshrink Threshold",
    "adaptive": "AdaptiveLogSoftmaxWithLoss",
    "batchnorm": "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm",
    "channelshuffle": "ChannelShuffle",
    "container": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
    "distance": "CosineSimilarity PairwiseDistance",
    "dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "flatten": "Flatten Unflatten",
    "fold": "Fold Unfold",
    "instancenorm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d",
    "linear": "Bilinear Identity Linear NonDynamicallyQuantizableLinear",
    "loss": "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss "
    "HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss "
    "MultiMarginLoss NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss",
    "module": "Module",
    "normalization": "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    "padding": "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d "
    "ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d",
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "pooling": "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
    "AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d "
    "LPPool3d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d",
    "rnn": "GRU GRUCell LSTM LSTMCell RNN RNNCell",
    "sparse": "Embedding EmbeddingBag",
    "transformer": "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer",
    "upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
}
MODULE_GLOBALS = frozenset(
    f"torch.nn.modules.{file}.{name}" for file, names in _MODULES.items() for name in names.split()
)

# Functions that torch's own modules keep as attributes (TransformerEncoderLayer.activation).
FUNCTION_GLOBALS = frozenset(
    {"torch.nn.functional.relu", "torch.nn.functional.gelu", "torch._C._nn.gelu", "torch.nn.functional.silu"}
)

ALLOWED_GLOBALS = PLAIN_GLOBALS | DATA_GLOBALS | MODULE_GLOBALS | FUNCTION_GLOBALS

_RUNS = "runs other programs or reaches into the system"
_CODE = "runs text or bytes as code"
_REACHES = "reaches any attribute or function from a harmless one"
_NETWORK = "talks to the network"
_UNPICKLES = "opens another pickle, which may run anything"
_FILES = "reads, writes or deletes files"
_IMPORTS = "imports any module and runs it"

_DANGEROUS_MODULES = {
    **dict.fromkeys(
        [
            "os",
            "posix",
            "nt",
            "subprocess",
            "pty",
            "commands",
            "popen2",
            "multiprocessing",
            "signal",
            "ctypes",
            "cffi",
            "sys",
            "resource",
        ],
        _RUNS,
    ),
    **dict.fromkeys(["concurrent", "asyncio", "threading", "_thread"], _RUNS),
    **dict.fromkeys(
        [
            "code",
            "codeop",
            "timeit",
            "pdb",
            "bdb",
            "doctest",
            "profile",
            "cProfile",
            "trace",
            "marshal",
            "types",
            "dis",
        ],
        _CODE,
    ),
    **dict.fromkeys(
        [
            "socket",
            "ssl",
            "http",
            "urllib",
            "urllib2",
            "ftplib",
            "smtplib",
            "telnetlib",
            "requests",
            "aiohttp",
            "webbrowser",
            "xmlrpc",
        ],
        _NETWORK,
    ),
    **dict.fromkeys(["pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "copyreg"], _UNPICKLES),
    **dict.fromkeys(
        ["shutil", "tempfile", "glob", "io", "_io", "fileinput", "zipfile", "tarfile", "sqlite3", "linecache"], _FILES
    ),
    **dict.fromkeys(
        [
            "importlib",
            "imp",
            "runpy",
            "pkgutil",
            "zipimport",
            "pip",
            "setuptools",
            "distutils",
            "site",
            "ensurepip",
            "venv",
        ],
        _IMPORTS,
    ),
    **dict.fromkeys(["operator", "functools", "gc", "inspect"], _REACHES),
}
_DANGEROUS_NAMES = {
    **dict.fromkeys((f"builtins.{name}" for name in ["eval", "exec", "compile", "execfile"]), _CODE),
    **dict.fromkeys(
        (f"builtins.{name}" for name in ["getattr", "setattr", "delattr", "vars", "globals", "locals", "apply", "map"]),
        _REACHES,
    ),
    **dict.fromkeys((f"builtins.{name}" for name in ["open", "file", "input", "raw_input", "breakpoint"]), _FILES),
    **dict.fromkeys(("builtins.__import__", "builtins.reload"), _IMPORTS),
}
_DANGEROUS_PREFIXES = {
    "torch.hub": "downloads code and runs it",
    "torch.load": _UNPICKLES,
    "torch.save": _FILES,
    "torch.serialization": _UNPICKLES,
    "torch.package": _IMPORTS,
    "torch.jit": "loads or compiles other code",
    "torch.utils.cpp_extension": "compiles and loads native code",
    "torch.utils.model_zoo": "downloads a file and unpickles it",
    "torch.utils.data.datapipes": _FILES,
    "torch.ops.load_library": "loads native code",
    "torch.classes.load_library": "loads native code",
    "torch._dynamo": _CODE,
    "torch._inductor": "compiles and loads native code",
    "torch.fx": _CODE,
    "torch.distributed": _NETWORK,
    "torch.multiprocessing": _RUNS,
    "torch.storage._load_from_bytes": _UNPICKLES,
    "torch.from_file": _FILES,
    "numpy.load": _UNPICKLES,
    "numpy.save": _FILES,
    "numpy.fromfile": _FILES,
    "numpy.testing": _CODE,
    "numpy.f2py": "compiles and loads native code",
    "numpy.ctypeslib": "loads native code",
    "pandas.read_pickle": _UNPICKLES,
    "pandas.eval": _CODE,
}


def judge_global(name: str) -> GlobalUse:
    """How risky it is to import and call this dotted name, and why."""
    if name in ALLOWED_GLOBALS:
        return GlobalUse(name=name, risk="harmless", why=_why_harmless(name))
    why = _why_dangerous(name)
    if why:
        return GlobalUse(name=name, risk="dangerous", why=why)
    module = name.rpartition(".")[0]
    if module == "__main__":
        return GlobalUse(name=name, risk="unknown", why="was defined in the script that saved this file")
    return GlobalUse(
        name=name, risk="unknown", why=f"is code of {module or 'an unknown module'}, which would be imported and run"
    )


def judge_import(module: str) -> GlobalUse:
    """The same for a module that a source file imports."""
    top = module.partition(".")[0]
    if module in _DANGEROUS_PREFIXES:
        return GlobalUse(name=module, risk="dangerous", why=_DANGEROUS_PREFIXES[module])
    if top in {"torch", "numpy", "math", "typing", "collections", "dataclasses", "enum", "abc", "__future__"}:
        return GlobalUse(name=module, risk="harmless", why="is a library that models are made of")
    if top in {
        "functools",
        "operator",
        "types",
        "inspect",
        "sys",
        "io",
    }:  # usual in honest source, where code runs anyway
        return GlobalUse(name=module, risk="unknown", why="is a part of Python")
    if top in _DANGEROUS_MODULES:
        return GlobalUse(name=module, risk="dangerous", why=_DANGEROUS_MODULES[top])
    return GlobalUse(name=module, risk="unknown", why="would be imported and run")


def _why_harmless(name: str) -> str:
    if name in MODULE_GLOBALS or name in FUNCTION_GLOBALS:
        return "is a part of torch.nn"
    return "makes a tensor" if name.startswith("torch.") else "makes plain data"


def _why_dangerous(name: str) -> str:
    if name in _DANGEROUS_NAMES:
        return _DANGEROUS_NAMES[name]
    if name.startswith("builtins.__"):
        return _REACHES
    for prefix, why in _DANGEROUS_PREFIXES.items():
        if name == prefix or name.startswith((f"{prefix}.", f"{prefix}_")):
            return why
    # A name with further dots reaches through what it imports: `torch.os.system` is `os.system`.
    for part in name.split(".")[:-1]:
        if part in _DANGEROUS_MODULES and not re.match(r"torch\.nn\.modules\.", name):
            return _DANGEROUS_MODULES[part]
    return ""
