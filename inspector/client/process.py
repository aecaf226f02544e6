"""An engine in a process of its own: start it, speak with it, notice how it ended."""

import codecs
import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from inspector.client.arrays import Ring, make_ring
from inspector.client.base import EngineEnded, EnginePrinted, Receiver, Reply
from inspector.client.checks import check_reply
from inspector.client.lending import Lender, make_lender
from inspector.client.temporary_folder import TemporaryFolder
from inspector.protocol.events import RequestCancelled, RequestFailed, RequestFinished
from inspector.protocol.requests import AnyRequest, ArraysRead, CancelRequest, RequestFrame
from inspector.protocol.wire import BrokenFrameError, read_event, write_frame

LOG_CHARACTERS = 40_000
LOG_PIECE_BYTES = 1 << 15
FLOOD_PAUSE_S = 0.02

# What an engine may know of its surroundings: enough to find Python, its libraries and its devices, and no secret.
ENVIRONMENT_NAMES = ("PATH", "HOME", "LANG", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SYSTEMROOT", "USERPROFILE")
ENVIRONMENT_PREFIXES = ("LC_", "PYTHON", "OMP_", "MKL_", "CUDA_", "NVIDIA_", "ROCR_", "HIP_", "ONEAPI_", "DYLD_")


class ProcessEngine:
    """The real engine, `python -m inspector.engine`, or whatever command speaks the same frames."""

    def __init__(self, command: Sequence[str] | None = None, *, warm: bool = True) -> None:
        self._command = list(command) if command else [sys.executable, "-P", "-m", "inspector.engine"]
        self._warm = warm
        self._process: subprocess.Popen[bytes] | None = None
        self._ring: Ring | None = None
        self._lender: Lender | None = None
        self._lent: list[str] = []
        self._folder: TemporaryFolder | None = None
        self._receive: Receiver = _ignore
        self._write_lock = threading.Lock()
        self._open_requests: set[int] = set()
        self._last_id = 0
        self._log = ""
        self._stopped = threading.Event()
        self._closed = False
        self._killed_because = ""
        self._threads: list[threading.Thread] = []

    def start(self, receive: Receiver) -> None:
        """Start the process. Call it from the main thread: the child dies with the thread that made it.

        Raises:
            OSError: the process can't be started.
        """
        self._receive = receive
        self._ring = make_ring()
        folder = TemporaryFolder()
        self._folder = folder
        arguments = [] if self._warm else ["--cold"]
        if self._ring is not None:
            arguments += ["--arrays-fd", str(self._ring.fd), "--arrays-bytes", str(self._ring.size)]
        self._lender = make_lender()
        if self._lender is not None:
            arguments += ["--lender-fd", str(self._lender.fd)]
            self._lender.lend(self._lent)
        passed = [part.fd for part in (self._ring, self._lender) if part is not None]
        self._process = subprocess.Popen(
            [*self._command, *arguments, "--temporary-folder", folder.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=engine_environment(folder.path),
            cwd=folder.path,
            pass_fds=passed,
        )
        if self._lender is not None:
            self._lender.passed_on()
        printing = threading.Thread(target=self._read_log, name="engine-log", daemon=True)
        reading = threading.Thread(target=self._read_events, args=(printing,), name="engine-events", daemon=True)
        self._threads = [printing, reading]
        for thread in self._threads:
            thread.start()

    def lend(self, paths: Iterable[str], *, anew: bool = False) -> None:
        """Let the engine read these files and folders, which the user chose, and what belongs to them."""
        self._lent = [*([] if anew else self._lent), *paths]
        if self._lender is not None:
            self._lender.lend(self._lent)

    def send(self, request: AnyRequest) -> int:
        """Send a request; its replies carry the id that this returns."""
        with self._write_lock:
            self._last_id += 1
            request_id = self._last_id
            if not isinstance(request, CancelRequest | ArraysRead):
                self._open_requests.add(request_id)
            if self._process is not None and self._process.stdin is not None and not self._closed:
                # A broken pipe is told by the reading thread, as the end of the process.
                with contextlib.suppress(OSError, ValueError):
                    self._write(RequestFrame(id=request_id, body=request))
        return request_id

    def _write(self, frame: RequestFrame) -> None:
        assert self._process is not None
        try:
            write_frame(cast("BinaryIO", self._process.stdin), frame)
        except UnicodeEncodeError:
            message = "A name in this request is no text in UTF-8, so it can't be told to the engine."
            self._refuse(frame.id, message, "Rename the file or its folder.")
        except OverflowError:
            self._refuse(frame.id, "A number in this request is too large to be told.", "Choose a smaller one.")

    def _refuse(self, request_id: int, message: str, fix: str) -> None:
        """Answer in the engine's stead; replies never come on the caller's own thread."""
        self._open_requests.discard(request_id)
        reply = Reply(request_id, RequestFailed(message=message, fix=fix))
        threading.Thread(target=self._receive, args=(reply,), daemon=True).start()

    def cancel(self, request_id: int, grace_s: float = 2.0) -> None:
        """Ask the request to stop.

        Kill the process when it has not within `grace_s` (one native forward can't be asked).
        """
        self.send(CancelRequest(request_id=request_id))
        timer = threading.Timer(grace_s, self._kill_if_open, (request_id, grace_s))
        timer.daemon = True
        timer.start()

    def kill(self, because: str = "") -> None:
        """End the process at once; `because` becomes the sentence of EngineEnded."""
        self._killed_because = because
        self._stopped.set()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def close(self) -> None:
        """End the process, wait for it and its threads, and remove its temporary folder."""
        self._closed = True
        self.kill("closed")
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._threads = []
        self._stop_lending()  # also when the process never started
        if self._folder is not None:
            self._folder.remove()

    def _kill_if_open(self, request_id: int, grace_s: float) -> None:
        if request_id in self._open_requests and not self._closed:
            self.kill(f"The engine was stopped, as it did not answer the cancel within {grace_s:g} s.")

    def _read_log(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        stream = cast("io.BufferedReader", self._process.stderr)
        while piece := stream.read1(LOG_PIECE_BYTES):  # not by lines: a line may never end
            text = decode(piece)
            self._log = (self._log + text)[-LOG_CHARACTERS:]
            self._receive(EnginePrinted(text))
            if len(piece) == LOG_PIECE_BYTES:  # a flood: its writer waits, and the window keeps its share of time
                self._stopped.wait(FLOOD_PAUSE_S)

    def _read_events(self, printing: threading.Thread) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        broken = ""
        try:
            while (frame := read_event(cast("BinaryIO", process.stdout))) is not None:
                block, start = b"", 0
                if self._ring is not None and frame.array_bytes > self._ring.read_total:
                    start = self._ring.read_total
                    block = self._ring.read_up_to(frame.array_bytes)
                    self.send(ArraysRead(total_bytes=frame.array_bytes))
                if isinstance(frame.body, RequestFinished | RequestFailed | RequestCancelled):
                    self._open_requests.discard(frame.id)
                reply = Reply(frame.id, frame.body, block, start)
                check_reply(reply)
                self._receive(reply)
        except (BrokenFrameError, ValueError) as error:
            broken = f"The engine sent a message that makes no sense ({error}), and was ended."
            process.kill()
        process.wait()
        printing.join()
        self._clean_up(process)
        sentence = broken or self._killed_because or how_it_ended(process.returncode)
        self._receive(EngineEnded(sentence, self._log, asked=self._closed))

    def _stop_lending(self) -> None:
        if self._lender is not None:
            self._lender.close()
            self._lender = None

    def _clean_up(self, process: subprocess.Popen[bytes]) -> None:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if self._ring is not None:
            self._ring.close()
            self._ring = None
        self._stop_lending()
        if self._folder is not None:
            self._folder.remove()


def engine_environment(folder: str) -> dict[str, str]:
    """The environment of an engine: allow-listed names, torch's refusal of pickles, `folder` for temporary files."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ENVIRONMENT_NAMES or name.startswith(ENVIRONMENT_PREFIXES)
    }
    package_root = str(Path(__file__).resolve().parents[2])
    paths = [package_root, *filter(None, kept.get("PYTHONPATH", "").split(os.pathsep))]
    return kept | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": folder,
        "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1",
        # Libraries of models may write what they keep, and ask no network: there is none.
        **dict.fromkeys(("XDG_CACHE_HOME", "HF_HOME", "TORCH_HOME", "MPLCONFIGDIR"), folder),
        "HF_HUB_OFFLINE": "1",
        # ONNX Runtime would write an identifier of this machine, and send what it is used for.
        "ORT_DISABLE_TELEMETRY": "1",
    }


def how_it_ended(returncode: int) -> str:
    """Say in a sentence how a process ended that nobody asked to end."""
    if returncode == -signal.SIGKILL:
        return "The engine was killed by the system, most likely because memory ran out."
    if returncode < 0:
        try:
            name = signal.Signals(-returncode).name
        except ValueError:
            name = str(-returncode)
        cause = {"SIGABRT": "native code aborted", "SIGSEGV": "native code crashed"}.get(name, "a signal ended it")
        return f"The engine ended with {name}: {cause}."
    return f"The engine ended with exit status {returncode}."


def _ignore(_incoming: object) -> None:
    """Receive nothing."""
