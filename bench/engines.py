"""The engines, one class each: load a model for a number of threads, take inputs, run, give outputs.

    inputs    [(name, shape)], as the engine wants them; `channels_first` tells images' layout
    set       writes the inputs; run: one inference, and nothing else; outputs: those of the last run
    prepare   where it is there, to be called before each run; not timed

Each in the configuration that its own documentation recommends for latency on this processor. Calls go to
the engine's lowest interface that Python reaches, so that the layers of its Python package are not timed.
"""
import ctypes
import os
import pathlib

import numpy as np


class Mote:
    """Through the C interface, by ctypes."""
    channels_first = False
    DTYPES = ("float32", "float16", "float64", None, None, "int8", "int16", "int32", "int64", "uint8",
              "uint16", "uint32", "uint64", "bool", "complex64")

    class Tensor(ctypes.Structure):
        _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int), ("rank", ctypes.c_int32),
                    ("shape", ctypes.c_int64 * 8), ("scale", ctypes.c_float),
                    ("zero_point", ctypes.c_int32)]

    def __init__(self, path, threads):
        library = os.environ.get("MOTE_LIBRARY") or pathlib.Path(__file__).resolve().parents[1] / "build/libmote.so"
        # PyDLL: no lock of the interpreter is given up and taken back around a call.
        self.lib = ctypes.PyDLL(str(library))
        self.lib.mote_last_error.restype = ctypes.c_char_p
        for name in ("mote_session_input", "mote_session_output"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        for name in ("mote_model_inputs", "mote_model_outputs", "mote_session_arena_bytes"):
            getattr(self.lib, name).restype = ctypes.c_size_t
        model, session = ctypes.c_void_p(), ctypes.c_void_p()
        self.check(self.lib.mote_model_load(str(path).encode(), ctypes.byref(model)))
        self.check(self.lib.mote_session_create(model, None, threads, ctypes.byref(session)))
        self.session = session
        self.input_arrays = [self.view(self.lib.mote_session_input, i)
                             for i in range(self.lib.mote_model_inputs(model))]
        self.output_count = self.lib.mote_model_outputs(model)
        self.inputs = [(name, array.shape) for name, array in self.input_arrays]
        self.arena_bytes = self.lib.mote_session_arena_bytes(session)
        run, handle = self.lib.mote_session_run, self.session
        self.run = lambda: run(handle)

    def check(self, status):
        if status:
            raise RuntimeError(self.lib.mote_last_error().decode())

    def view(self, function, index):
        tensor, size = self.Tensor(), ctypes.c_size_t()
        data = function(self.session, ctypes.c_size_t(index), ctypes.byref(tensor), ctypes.byref(size))
        shape = tuple(tensor.shape[:tensor.rank])
        buffer = (ctypes.c_char * size.value).from_address(data)
        return tensor.name.decode(), np.frombuffer(buffer, self.DTYPES[tensor.dtype]).reshape(shape)

    def set(self, arrays):
        self.kept = [np.ascontiguousarray(array, view.dtype)
                     for (_, view), array in zip(self.input_arrays, arrays)]
        self.prepare()

    def prepare(self):
        """Runs reuse the inputs' memory, so they are written before each."""
        for (_, view), array in zip(self.input_arrays, self.kept):
            view[...] = array

    def outputs(self):
        return [np.array(self.view(self.lib.mote_session_output, i)[1]) for i in range(self.output_count)]


class LiteRT:
    """XNNPACK as the default delegate, with its default flags."""
    channels_first = False

    def __init__(self, path, threads):
        from ai_edge_litert.interpreter import Interpreter
        self.interpreter = Interpreter(str(path), num_threads=threads)
        self.interpreter.allocate_tensors()
        self.details = self.interpreter.get_input_details()
        self.inputs = [(d["name"], tuple(d["shape"])) for d in self.details]
        self.run = self.interpreter._interpreter.Invoke  # what invoke() calls

    def set(self, arrays):
        for detail, array in zip(self.details, arrays):
            self.interpreter.set_tensor(detail["index"], array.astype(detail["dtype"]))

    def outputs(self):
        return [self.interpreter.get_tensor(d["index"]) for d in self.interpreter.get_output_details()]


class OnnxRuntime:
    """All graph optimizations; inputs and outputs bound once. Dimensions that were left open are 1."""
    channels_first = True

    def __init__(self, path, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
        self.inputs = [(x.name, tuple(d if isinstance(d, int) else 1 for d in x.shape))
                       for x in self.session.get_inputs()]

    def set(self, arrays):
        from onnxruntime import OrtValue
        binding = self.session.io_binding()
        self.values = []
        for (name, _), array in zip(self.inputs, arrays):
            value = OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))
            self.values.append(value)
            binding.bind_ortvalue_input(name, value)
        feed = {name: np.ascontiguousarray(array) for (name, _), array in zip(self.inputs, arrays)}
        for output, array in zip(self.session.get_outputs(), self.session.run(None, feed)):
            value = OrtValue.ortvalue_from_numpy(array)
            self.values.append(value)
            binding.bind_ortvalue_output(output.name, value)
        self.binding = binding
        call, bound = self.session._sess.run_with_iobinding, binding._iobinding
        self.run = lambda: call(bound, None)  # what run_with_iobinding() calls

    def outputs(self):
        return [np.array(x.numpy()) for x in self.binding.get_outputs()]


class OpenVINO:
    """Latency hint, this many threads; the binding's own infer, which hands the outputs out uncopied."""
    channels_first = True

    def __init__(self, path, threads):
        import openvino
        core = openvino.Core()
        self.model = core.compile_model(core.read_model(str(path)), "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": "f32"})
        self.request = self.model.create_infer_request()
        self.inputs = [(x.any_name, tuple(d.get_length() if d.is_static else 1 for d in x.partial_shape))
                       for x in self.model.inputs]

    def set(self, arrays):
        import openvino
        self.tensors = [openvino.Tensor(np.ascontiguousarray(a)) for a in arrays]
        for i, tensor in enumerate(self.tensors):
            self.request.set_input_tensor(i, tensor)
        call = next(c for c in type(self.request).__mro__ if "_pyopenvino" in c.__module__).infer
        self.run = lambda: call(self.request, {}, True, False)  # what infer() calls

    def outputs(self):
        return [np.array(self.request.get_output_tensor(i).data) for i in range(len(self.model.outputs))]


class Ncnn:
    """Its default options, which hold float16 where the processor converts it fast."""
    channels_first = True

    def __init__(self, path, threads):
        import ncnn
        self.ncnn = ncnn
        self.net = ncnn.Net()
        self.net.opt.num_threads = threads
        if self.net.load_param(str(path)) or self.net.load_model(str(path.with_suffix(".bin"))):
            raise RuntimeError("ncnn can't load it")
        self.names = self.net.input_names()
        self.output_names = self.net.output_names()
        self.inputs = [(name, None) for name in self.names]  # ncnn knows no shapes before it runs

    def set(self, arrays):
        self.arrays = [np.ascontiguousarray(a[0]) for a in arrays]  # it has no batch, and copies nothing
        self.mats = [self.ncnn.Mat(a) for a in self.arrays]
        self.results = None

    def run(self):
        extractor = self.net.create_extractor()
        for name, mat in zip(self.names, self.mats):
            extractor.input(name, mat)
        self.results = [extractor.extract(name) for name in self.output_names]
        self.extractor = extractor  # the results are in its memory

    def outputs(self):
        if any(code for code, _ in self.results):
            raise RuntimeError("ncnn's extract fails")
        return [np.array(mat) for _, mat in self.results]


class Mnn:
    """The session interface, precision 'high': float32 arithmetic."""
    channels_first = True

    def __init__(self, path, threads):
        import MNN
        self.mnn = MNN
        self.interpreter = MNN.Interpreter(str(path))
        self.session = self.interpreter.createSession(
            {"backend": "CPU", "numThread": threads, "precision": "high"})
        self.tensors = self.interpreter.getSessionInputAll(self.session)
        self.inputs = [(name, tuple(t.getShape())) for name, t in self.tensors.items()]

    def set(self, arrays):
        mnn = self.mnn
        if any(array.dtype != np.float32 for array in arrays):
            raise RuntimeError("inputs that are not float32 are not tried with MNN")
        self.arrays = [np.ascontiguousarray(array) for array in arrays]
        self.hosts = [mnn.Tensor(shape, mnn.Halide_Type_Float, array, self.tensors[name].getDimensionType())
                      for (name, shape), array in zip(self.inputs, self.arrays)]
        self.prepare()
        self.run = lambda: self.interpreter.runSession(self.session)

    def prepare(self):
        """Its runs reuse the inputs' memory too."""
        for (name, _), host in zip(self.inputs, self.hosts):
            self.tensors[name].copyFrom(host)

    def outputs(self):
        mnn = self.mnn
        arrays = []
        for tensor in self.interpreter.getSessionOutputAll(self.session).values():
            shape = tensor.getShape()
            host = mnn.Tensor(shape, mnn.Halide_Type_Float, np.zeros(shape, np.float32),
                              tensor.getDimensionType())
            tensor.copyToHostTensor(host)
            arrays.append(np.array(host.getNumpyData()).reshape(shape))
        return arrays


class Tvm:
    """Compiled ahead of time by its default pipeline, untuned."""
    channels_first = True

    def __init__(self, path, threads):
        os.environ["TVM_NUM_THREADS"] = str(threads)
        import tvm
        from tvm import relax
        self.tvm = tvm
        self.machine = relax.VirtualMachine(tvm.runtime.load_module(str(path)), tvm.cpu())
        source = pathlib.Path(path).with_name("model.onnx")
        import onnx
        self.inputs = [(x.name, tuple(d.dim_value or 1 for d in x.type.tensor_type.shape.dim))
                       for x in onnx.load(source).graph.input]

    def set(self, arrays):
        self.machine.set_input("main", *[self.tvm.runtime.tensor(np.ascontiguousarray(a)) for a in arrays])
        call = self.machine.invoke_stateful
        self.run = lambda: call("main")

    def outputs(self):
        found = self.machine.get_outputs("main")
        return [x.numpy() for x in (found if isinstance(found, (list, tuple)) else [found])]


ENGINES = {"mote": Mote, "litert": LiteRT, "onnxruntime": OnnxRuntime, "openvino": OpenVINO,
           "ncnn": Ncnn, "mnn": Mnn, "tvm": Tvm}
