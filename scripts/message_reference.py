"""Write docs/messages.md: every message between the processes, its fields and what they mean.

Run by `make docs`; a test says when the page is no longer true.
"""

import inspect
import re
import sys
import typing
from pathlib import Path

import msgspec

from inspector.protocol import (
    base,
    evaluation,
    events,
    files,
    findings,
    gradients,
    graph,
    inputs,
    outputs,
    reports,
    requests,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "messages.md"
SECTIONS = (
    ("Requests", requests),
    ("Events", events),
    ("Reports of the command line", reports),
    ("Files", files),
    ("Graph", graph),
    ("Gradients", gradients),
    ("Inputs", inputs),
    ("Outputs", outputs),
    ("Findings", findings),
    ("Evaluation", evaluation),
    ("Parts", base),
)


def reference() -> str:
    """The page as Markdown."""
    lines = [
        "# Messages",
        "",
        "What the window, the command line and the engine say to each other. Made by `make docs` from",
        "`inspector/protocol`: frozen structs, sent as MessagePack in frames with a length of four bytes, and printed",
        "as JSON by the command line. A struct of a union carries its tag under `type`.",
    ]
    for title, module in SECTIONS:
        lines += ["", f"## {title}"]
        for name, struct in vars(module).items():
            if inspect.isclass(struct) and issubclass(struct, msgspec.Struct) and struct.__module__ == module.__name__:
                lines += ["", *_struct_lines(name, struct)]
    return "\n".join(lines) + "\n"


def _struct_lines(name: str, struct: type[msgspec.Struct]) -> list[str]:
    tag = struct.__struct_config__.tag
    lines = [f"### {name}" + (f" (`{tag}`)" if tag else ""), "", inspect.cleandoc(struct.__doc__ or "")]
    hints = typing.get_type_hints(struct)
    fields = msgspec.structs.fields(struct)
    if fields:
        lines += ["", "| field | type | default |", "|---|---|---|"]
        lines += [
            f"| `{field.encode_name}` | {_type_text(hints[field.name])} | {_default(field)} |" for field in fields
        ]
    return lines


def _type_text(hint: object) -> str:
    text = hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
    text = re.sub(r"inspector\.protocol\.\w+\.|typing\.|msgspec\.", "", text)
    return "`" + text.replace("|", "\\|") + "`"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        return f"`{field.default!r}`"
    if field.default_factory is not msgspec.NODEFAULT:
        return f"`{field.default_factory()!r}`"
    return ""


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == reference() else "docs/messages.md is out of date: make docs")
    PAGE.write_text(reference(), encoding="utf-8")
    print(f"{PAGE} written")
