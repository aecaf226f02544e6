"""Loads mutated files in real engines. An engine may die of native code; its client has to say so in a sentence."""

import random
import threading
from collections import Counter

from mutations import mutate

from inspector.cli.engine import CommandError, command_engine
from inspector.protocol.requests import LoadModel

SLOWEST_S = 30


def load_mutations(honest, loads, seed, folder):
    """How the loads ended, and what was wrong about an answer."""
    ends, wrong = Counter(), []
    names = [name for name in honest if name not in {"JSON", "npy", "source"}]
    path = folder / "loaded"
    turn = 0
    while turn < loads:
        with command_engine() as engine:
            engine.lend(str(path))
            while turn < loads:
                name = names[turn % len(names)]
                path.write_bytes(mutate(honest[name], random.Random(f"{seed}-load-{turn}")))
                how, sentence = _load(engine, str(path))
                ends[how] += 1
                if "fault of the app" in sentence or not sentence or how == "hung":
                    wrong.append(f"load of {name}, seed {seed}, turn {turn}: {sentence or 'nothing was said'}")
                turn += 1
                if how in {"ended the engine", "hung"}:
                    break
    return ends, wrong


def _load(engine, path):
    slow = threading.Timer(SLOWEST_S, engine._engine.kill, (f"stopped: a load took over {SLOWEST_S} s",))
    slow.start()
    try:
        events = [type(reply.event).__name__ for reply in engine.ask(LoadModel(path=path, try_inputs=False))]
    except CommandError as error:
        if error.message.startswith("stopped"):
            return "hung", error.message
        ended = error.message.startswith("The engine")
        return ("ended the engine" if ended else "refused"), error.message
    finally:
        slow.cancel()
    if "ModelLoaded" in events:
        return "loaded", "a model"
    return "asked for consent", "a question"
