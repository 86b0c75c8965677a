"""Files that are made once: each has a note beside it of what it was made from."""
import hashlib
import json
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = pathlib.Path(os.environ.get("MOTE_BENCH_CACHE") or ROOT / "build/bench").resolve()
SUITE = ("mobilenet_v1_1.0", "mobilenet_v1_0.25", "mobilenet_v2", "mobilenet_v3_small",
         "efficientnet_lite0", "resnet8", "resnet18", "squeezenet", "ds_cnn", "autoencoder", "ecg_cnn",
         "lstm", "gru", "transformer", "unet", "ssd", "wake_word")
PRECISIONS = ("float32", "float16", "dynamic", "int8", "int16x8")


def model_folder(name):
    return FOLDER / "models" / name


def key_of(*parts):
    """A key for strings and for files' content."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, pathlib.Path) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


class Refused(Exception):
    """A tool can't do it; its text says why."""


def first_line(error):
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else repr(error))[:200]


def note_of(path):
    return path.with_name(path.name + ".made.json")


def failure(path):
    """Why `path` could not be made; None if it could, or was not tried."""
    note = note_of(path)
    return json.loads(note.read_text()).get("failed") if note.exists() else None


def fresh(path, key):
    """Whether `path`, or the failure to make it, is of this key."""
    note = note_of(path)
    if not note.exists():
        return False
    was = json.loads(note.read_text())
    return was["key"] == key and bool(was.get("failed") or (path.exists() and not was.get("trying")))


def make(path, key, function):
    """Calls function(path) unless `path`, or the failure to make it, is of this key already. Returns
    whether the file is there, and whether this call made it."""
    if fresh(path, key):
        return failure(path) is None, False
    note = note_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"key": key, "trying": True}))
    failed = None
    try:
        function(path)
    except Exception as error:  # the tools raise whatever they like
        failed = first_line(error)
    note.write_text(json.dumps({"key": key, "failed": failed}))
    return failed is None, True


def blame_crash(folder, why):
    """Marks what a process was making when it crashed as impossible."""
    for note in folder.glob("*.made.json"):
        was = json.loads(note.read_text())
        if was.pop("trying", False):
            note.write_text(json.dumps({**was, "failed": why}))
