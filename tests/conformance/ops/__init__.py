"""One-operator models. Each module adds generators to OPS; importing this package loads them all."""
from .base import OPS, Case, generate  # noqa: F401
from . import linear, elementwise, reduce, shape, recurrent, control  # noqa: F401
