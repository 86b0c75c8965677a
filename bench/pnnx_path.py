"""Where pnnx's program is; its package can't be imported without torch, which the program does not need."""
import importlib.metadata
import os


def find():
    files = importlib.metadata.files("pnnx")
    path = next(f.locate() for f in files if f.as_posix() == "pnnx/pnnx")
    os.chmod(path, 0o755)
    return str(path)
