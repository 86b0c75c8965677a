"""The official interpreter, as the tests use it."""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np  # noqa: E402
from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: E402

REFERENCE = OpResolverType.BUILTIN_REF
PLAIN = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
DEFAULT = OpResolverType.AUTO


class Refused(Exception):
    """The official interpreter does not take this model."""


class Official:
    """A loaded model. `reference` picks the plain reference kernels, else what a user gets (XNNPACK).
    The reference resolver lacks a few operators (ELU, CEIL, ROUND, late versions of TILE), and its
    quantized SUM reads memory that nothing has written; a model with one of them runs with the other
    built-in kernels, and `substituted` says so."""

    def __init__(self, model, reference=True, input_shapes=None):
        self.kind = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        self.input_shapes = input_shapes or []
        self.substituted = False
        try:
            self._load(REFERENCE if reference else DEFAULT)
        except (RuntimeError, ValueError) as error:
            if not reference or "Registration failed" not in str(error):
                raise Refused(str(error)) from error
            self.substituted = True
            try:
                self._load(PLAIN)
            except (RuntimeError, ValueError) as second:
                raise Refused(str(second)) from second
        if reference and not self.substituted and self._sums_integers():
            self.substituted = True
            self._load(PLAIN)
        self.inputs = self.interpreter.get_input_details()
        self.outputs = self.interpreter.get_output_details()

    def _sums_integers(self):
        sums = [op["inputs"][0] for op in self.interpreter._get_ops_details() if op["op_name"] == "SUM"]
        kinds = {t["index"]: t["dtype"] for t in self.interpreter.get_tensor_details()} if sums else {}
        return any(kinds[int(index)] in (np.int8, np.int16) for index in sums)

    def _load(self, resolver):
        self.interpreter = Interpreter(experimental_op_resolver_type=resolver, num_threads=1, **self.kind)
        for detail, shape in zip(self.interpreter.get_input_details(), self.input_shapes):
            if shape is not None and list(detail["shape"]) != list(shape):
                self.interpreter.resize_tensor_input(detail["index"], list(shape), strict=False)
        self.interpreter.allocate_tensors()

    def run(self, arrays):
        for detail, array in zip(self.inputs, arrays):
            self.interpreter.set_tensor(detail["index"], array)
        try:
            self.interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise Refused(str(error)) from error
        return [np.array(self.interpreter.get_tensor(d["index"])) for d in self.outputs]


def run(model, arrays, reference=True):
    """Outputs of one run of a fresh interpreter."""
    shapes = [np.asarray(a).shape for a in arrays]
    return Official(model, reference, shapes).run(arrays)
