"""Writes the table of the readers' limits in docs/security.md from the constants in the code."""

import sys
from pathlib import Path

from inspector.engine.formats import (
    gguf_file,
    guessing,
    hugging_face,
    json_text,
    onnx_graph,
    onnx_reader,
    pickle_machine,
    python_source,
    reading,
    safetensors_file,
    torch_contents,
    torch_tensors,
    zip_directory,
)
from inspector.engine.inputs import images
from inspector.engine.loading import consent, rebuilding
from inspector.engine.onnx_program import building
from inspector.protocol import wire

DOCUMENT = Path(__file__).parents[1] / "docs" / "security.md"
START, END = "<!-- limits -->\n", "<!-- /limits -->"
MEGABYTE = 2**20


def limits() -> list[tuple[str, str, str]]:
    """Reader, what is limited, and the limit, as text."""
    return [
        ("all", "bytes read at once", _bytes(reading.MAX_READ_BYTES)),
        ("all", "modules that names tell of", f"{guessing.MAX_MODULES:,}"),
        ("all", "a message to the window", _bytes(wire.MAX_FRAME_BYTES)),
        ("all", "a file held in memory between question and load", _bytes(consent._MAX_HELD_BYTES)),
        ("pickles", "bytes", _bytes(pickle_machine.MAX_PICKLE_BYTES)),
        ("pickles", "operations", f"{pickle_machine.MAX_OPCODES:,}"),
        ("pickles", "values on the stack", f"{pickle_machine.MAX_STACK:,}"),
        ("pickles", "remembered values", f"{pickle_machine.MAX_MEMO:,}"),
        ("pickles", "names that would be imported", f"{pickle_machine.MAX_GLOBALS:,}"),
        ("pickles", "steps of the walk over what they hold", f"{torch_contents.MAX_STEPS:,}"),
        ("pickles", "nesting of what they hold", f"{torch_contents.MAX_DEPTH:,}"),
        ("pickles", "time for that walk", f"{torch_contents.MAX_SECONDS:g} s"),
        ("pickles", "characters of all names", f"{torch_contents.MAX_NAMES_LENGTH:,}"),
        ("pickles", "dimensions of a tensor", f"{torch_tensors.MAX_DIMENSIONS:,}"),
        ("pickles", "nesting of what is rebuilt", f"{rebuilding.MAX_DEPTH:,}"),
        ("pickles", "values that are rebuilt", f"{rebuilding.MAX_VALUES:,}"),
        ("zips", "entries", f"{zip_directory.MAX_ENTRIES:,}"),
        ("zips", "bytes of the directory", _bytes(zip_directory.MAX_DIRECTORY_BYTES)),
        ("zips", "times that an entry grows when it is unpacked", f"{zip_directory.MAX_RATIO:,}"),
        ("safetensors", "bytes of the header", f"{safetensors_file.MAX_HEADER_BYTES:,}"),
        ("GGUF", "bytes of the header", _bytes(gguf_file._MAX_HEADER_BYTES)),
        ("GGUF", "tensors and facts", f"{gguf_file._MAX_ITEMS:,}"),
        ("GGUF", "entries of lists", f"{gguf_file._MAX_LISTED:,}"),
        ("ONNX", "fields", f"{onnx_reader.MAX_FIELDS:,}"),
        ("ONNX", "nesting of graphs", f"{onnx_reader.MAX_DEPTH:,}"),
        ("ONNX", "operations that are drawn or run", f"{onnx_graph.MAX_NODES:,}"),
        ("ONNX", "modules that are made to be run", f"{building.MAX_MODULES:,}"),
        ("JSON", "values", f"{json_text.MAX_VALUES:,}"),
        ("Hugging Face folders", "bytes of a configuration", _bytes(hugging_face._MAX_CONFIG_BYTES)),
        ("Hugging Face folders", "shards", f"{hugging_face._MAX_SHARDS:,}"),
        ("Python source", "bytes", _bytes(python_source.MAX_SOURCE_BYTES)),
        ("pictures", "pixels", f"{images.MOST_PIXELS:,}"),
    ]


def table() -> str:
    """The table in Markdown."""
    rows = [f"| {reader} | {what} | {limit} |\n" for reader, what, limit in limits()]
    return "".join(["| reader | what | at most |\n|---|---|---|\n", *rows])


def written() -> str:
    """The table as the document has it."""
    return DOCUMENT.read_text(encoding="utf-8").partition(START)[2].partition(END)[0]


def main() -> int:
    """Write it."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
    DOCUMENT.write_text(before + START + table() + END + rest.partition(END)[2], encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT} written\n")
    return 0


def _bytes(count: int) -> str:
    return f"{count // MEGABYTE:,} MB"


if __name__ == "__main__":
    sys.exit(main())
