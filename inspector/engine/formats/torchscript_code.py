"""What the code of a TorchScript could do beside computing: read or write files, or call another library's operations.

Its language has no imports, but operations by any name. They are found by the words of the text, whatever stands
between and around them: `torch.save`, `(torch).save`, `f = torch.save`, `getattr(torch, "sa" "ve")`. What torch itself
never prints, such as a name that is put together, is told as well.
"""

import re

from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.reading import Refused
from inspector.engine.formats.zip_directory import ZipDirectory
from inspector.protocol.files import GlobalUse

_MAX_CODE_BYTES = 64 * 2**20
_MOST_WORDS = 2_000_000
_FILE_OPERATIONS = ("from_file", "save", "load", "load_tensor")
# Operations of torch itself, and torchvision's boxes; other libraries' (`image.write_file`) do whatever they do.
_OPERATIONS = frozenset(
    {
        *("prim", "aten", "quantized", "_quantized", "sparse", "torchvision"),
        *("prepacked", "mkldnn", "mkldnn_prepacked", "onednn", "xnnpack"),
    }
)
_CLASSES = frozenset({"quantized", "rnn", "sparse", "mkldnn", "xnnpack"})
# Three quotes always begin a text of many lines, in torch's own reading too: one without an end is none.
_STRING = (
    r'"""(?:[^\\]|\\.)*?"""'
    + r"|'''(?:[^\\]|\\.)*?'''"
    + r'|(?!""")"(?:[^"\\\n]|\\.)*"'
    + r"|(?!''')'(?:[^'\\\n]|\\.)*'"
)
_WORDS = re.compile(
    rf"(?P<string>{_STRING})|(?P<comment>\#[^\n]*)|(?P<stray>[\"'])"
    rf"|(?<!\w)(?P<word>{'|'.join(_FILE_OPERATIONS)}|ops|classes|getattr)(?!\w)",
    re.DOTALL,
)
_GAP = re.compile(r"[\s\\]*")
_SECOND = re.compile(r",[\s(]*\Z")
_DEFINED = re.compile(r"\bdef[ \t]+\Z")
_DECLARED = re.compile(r"[ \t]*:")  # an attribute of that name, with its type
_OF_LIBRARY = re.compile(r"\.(\w+)\.")
_BEFORE = {"ops": re.compile(r"\.[\s\\]*\Z"), "classes": re.compile(r"torch[\s\\]*\.[\s\\]*\Z")}
_MOST_BEFORE = 200


def find_uses(directory: ZipDirectory) -> tuple[GlobalUse, ...]:
    """What its code could do beside computing, each once.

    Raises:
        Refused: the code is larger than any honest program's, or in a form that torch no longer writes.
    """
    names = directory.names()
    if any(name.casefold() == "model.json" for name in names):  # there the code may lie under any name
        raise Refused("It is a TorchScript of a form that torch wrote before version 1.2, which is not opened.")
    found: dict[str, GlobalUse] = {}
    left = _MAX_CODE_BYTES
    for name in names:
        folded = name.casefold()  # torch finds `code/X.PY` as well
        if not folded.startswith("code/") or folded.endswith(".debug_pkl"):
            continue
        left -= directory.size_of(name) or 0
        if left < 0:
            raise Refused("Its code is larger than any honest program's.")
        text = directory.read(name, _MAX_CODE_BYTES).decode("utf-8", "replace")
        for operation, why in _uses_in(text).items():
            where = clean_text(name, 120)
            found.setdefault(operation, GlobalUse(name=operation, risk="dangerous", why=why, where=where))
    return tuple(found.values())


def _uses_in(text: str) -> dict[str, str]:
    """Names of operations, and why each is a risk."""
    found: dict[str, str] = {}
    put_together = looks_up = False
    string_ended = -1
    for count, match in enumerate(_WORDS.finditer(text)):
        if count > _MOST_WORDS:
            raise Refused("Its code is larger than any honest program's.")
        if match["string"]:
            put_together |= _is_odd_name(text, match, string_ended)
            string_ended = match.end()
        elif match["comment"] or match["stray"]:
            found["torchscript.text"] = "has comments or odd texts, which torch never prints; they may hide anything"
            break  # what follows may be read in more ways than one
        elif match["word"] == "getattr":
            looks_up = True
        elif match["word"]:
            name, why = _use_of(text, match)
            if name:
                found[name] = why
    if looks_up and put_together:
        found["getattr"] = "looks up an operation by a name that is put together, which torch never prints"
    return found


def _use_of(text: str, match: re.Match[str]) -> tuple[str, str]:
    word, end = match["word"], match.end()
    if word in _FILE_OPERATIONS:
        defined = _stands_before(_DEFINED, text, match)
        return ("", "") if defined else (f"torch.{word}", "reads or writes files when it runs")
    if _stands_before(_BEFORE[word], text, match) == (word == "ops"):
        return "", ""  # a part of another name: `torchvision.ops.misc`, `self.classes`
    if _DECLARED.match(text, end):
        return "", ""
    library = _OF_LIBRARY.match(text, end)
    if library and library[1] in (_OPERATIONS if word == "ops" else _CLASSES):
        return "", ""
    told = clean_text(library[1], 60) if library else "…"
    return f"torch.{word}.{told}", "calls another library's own operations, which may do anything"


def _is_odd_name(text: str, match: re.Match[str], string_ended: int) -> bool:
    """Whether a text is another name than it seems, or one of the above; as a second argument, as getattr's is."""
    if string_ended >= 0 and _GAP.fullmatch(text, string_ended, match.start()):
        return True
    content = match["string"].strip("\"'")
    if "\\" not in content and content not in _FILE_OPERATIONS:
        return False
    return _stands_before(_SECOND, text, match)


def _stands_before(pattern: re.Pattern[str], text: str, match: re.Match[str]) -> bool:
    return pattern.search(text, max(0, match.start() - _MOST_BEFORE), match.start()) is not None
