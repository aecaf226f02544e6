"""Opening files: describing them inertly, beside torch.load(mmap=True) and safetensors' own reader.

Each reading is done in a process of its own, after its imports; its time, and its peak memory beyond what the process
had before, come back. Sizes are those of the files; 5 GB ones are sparse, as their tensors are zeros that nobody wrote.
"""

import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch

MB = 2**20
SIZES = (("10 MB", 10 * MB, 4), ("500 MB", 500 * MB, 50), ("5 GB", 5000 * MB, 200), ("10,000 tensors", 10 * MB, 10_000))

READ = """
import json, sys, time
def peak_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
path, how = sys.argv[1:3]
if how == "ours":
    from inspector.engine.formats import describe_file as read
elif how == "torch":
    import torch
    torch.zeros(1)
    def read(path):
        return torch.load(path, mmap=True, weights_only=True)
else:
    from safetensors import safe_open
    import torch
    def read(path):
        with safe_open(path, "pt") as file:
            return {name: (file.get_slice(name).get_shape(), file.get_slice(name).get_dtype()) for name in file.keys()}
with open("/proc/self/clear_refs", "w") as forget:
    forget.write("5")  # the peak so far
before = peak_mb()
started = time.perf_counter()
found = read(path)
took = time.perf_counter() - started
print(json.dumps([took, peak_mb() - before]))
"""


def make_torch(path: Path, total_bytes: int, count: int) -> None:
    """A state_dict as torch.save would write it, whose storages are holes in the file."""
    numel = total_bytes // count // 4
    small = path.with_suffix(".small")
    torch.save({f"layers.{place}.weight": torch.zeros(1, 1).expand(1, 1).clone() for place in range(count)}, small)
    with zipfile.ZipFile(small) as before, path.open("wb") as raw:
        names = before.namelist()
        pickled = next(name for name in names if name.endswith("data.pkl"))
        root = pickled.removesuffix("data.pkl")
        raw.close()
        with zipfile.ZipFile(path, "w", allowZip64=True) as after:
            after.writestr(pickled, _grown(before.read(pickled), numel))
            after.writestr(f"{root}version", "3\n")
            after.writestr(f"{root}byteorder", "little")
            for place in range(count):
                _write_hole(after, f"{root}data/{place}", numel * 4)
    small.unlink()


def _grown(pickled: bytes, numel: int) -> bytes:
    """The same pickle for tensors of (1, numel): storage's size, shape and strides."""
    number = b"J" + struct.pack("<i", numel)
    # a storage's tuple ends with its size and `tq.Q`; then offset, (1, 1), (1, 1).
    grown = bytearray()
    place = 0
    while True:
        found = pickled.find(b"K\x01tq", place)
        if found < 0:
            return bytes(grown + pickled[place:])
        end = pickled.index(b"K\x00K\x01K\x01\x86", found)
        grown += pickled[place:found] + number + pickled[found + 2 : end] + b"K\x00K\x01" + number + b"\x86"
        place = end + len(b"K\x00K\x01K\x01\x86")


def _write_hole(archive: zipfile.ZipFile, name: str, length: int) -> None:
    """A stored entry of zeros that takes no room: its bytes are jumped over. Its checksum is left wrong (0)."""
    entry = zipfile.ZipInfo(name)
    file = archive.fp
    assert file is not None
    entry.header_offset = file.tell()
    entry.file_size = entry.compress_size = length
    entry.CRC = 0
    file.write(entry.FileHeader(zip64=False))
    file.seek(length, os.SEEK_CUR)
    file.truncate()
    archive.start_dir = file.tell()
    archive.filelist.append(entry)
    archive.NameToInfo[name] = entry
    archive._didModify = True


def make_safetensors(path: Path, total_bytes: int, count: int) -> None:
    """A header, and a hole for the tensors."""
    numel = total_bytes // count // 4
    header = json.dumps({
        f"layers.{place}.weight": {
            "dtype": "F32", "shape": [1, numel], "data_offsets": [place * numel * 4, (place + 1) * numel * 4]
        }
        for place in range(count)
    }).encode()  # fmt: skip
    header += b" " * (-len(header) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + count * numel * 4)


def read_in_child(path: Path, how: str, rounds: int) -> tuple[float, float]:
    """The median of seconds, and the largest peak in MB beyond what was there before."""
    measured = []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, "-c", READ, str(path), how], capture_output=True, text=True, check=True, timeout=200
        )
        measured.append(json.loads(done.stdout))
    return statistics.median(one[0] for one in measured), max(one[1] for one in measured)


def main() -> None:
    """Print a line for each file and reader."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    rounds = options.parse_args().rounds
    print(f"{'file':30} {'described':>12} {'MB':>5}   {'peer':24} {'took':>10} {'MB':>5}   ratio")
    with tempfile.TemporaryDirectory() as folder:
        for title, total_bytes, count in SIZES:
            for form, make, peer, name in (
                ("torch zip", make_torch, "torch", "torch.load(mmap=True)"),
                ("safetensors", make_safetensors, "safetensors", "safetensors.safe_open"),
            ):
                path = Path(folder) / "model.bin"
                make(path, total_bytes, count)
                ours_s, ours_mb = read_in_child(path, "ours", rounds)
                peer_s, peer_mb = read_in_child(path, peer, rounds)
                path.unlink()
                print(
                    f"{f'{title}, {form}':30} {ours_s * 1000:9.1f} ms {ours_mb:5.0f}   {name:24} "
                    f"{peer_s * 1000:7.1f} ms {peer_mb:5.0f}   {ours_s / peer_s:5.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
