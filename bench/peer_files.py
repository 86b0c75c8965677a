"""The peers' own files, made by the peers' own tools from model.onnx: QDQ int8 and dynamic ONNX,
OpenVINO IR, ncnn's and MNN's formats. In the environment of the peers."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import cache

VERSION = 1  # of how the files are made; part of every key
CALIBRATION_SAMPLES = 16


@contextlib.contextmanager
def quiet():
    """The tools' chatter, which goes past Python's streams too, is thrown away."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        for fd, saved in zip((1, 2), kept):
            os.dup2(saved, fd)
            os.close(saved)
        os.close(nowhere)


def samples(folder, inputs):
    """Calibration samples as the ONNX file takes them: {name: array}; images channels first."""
    with np.load(folder / "calibration.npz") as data:
        arrays = {key: data[key] for key in data.files}
    for i in range(CALIBRATION_SAMPLES):
        feed = {}
        for name, shape in inputs:
            key = next(k for k in sorted(arrays, key=len, reverse=True) if k in name)
            array = arrays[key][i:i + 1]
            feed[name] = array if array.shape == tuple(shape) else np.ascontiguousarray(array.transpose(0, 3, 1, 2))
        yield feed


def onnx_inputs(path):
    import onnx
    graph = onnx.load(path, load_external_data=False).graph
    return [(x.name, [d.dim_value or 1 for d in x.type.tensor_type.shape.dim]) for x in graph.input]


def ort_dynamic(source, path, folder):
    from onnxruntime.quantization import QuantType, quantize_dynamic
    quantize_dynamic(source, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def ort_float16(source, path, folder):
    """Weights stored as float16, which ONNX Runtime turns into float32 when it loads the model: it has no
    float16 kernels for this processor, and its converter's float16 graphs run slower than float32 ones."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    model = onnx.load(source)
    kept, casts = [], []
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT and array.size >= 16:
            kept.append(numpy_helper.from_array(array.astype(np.float16), tensor.name + "_f16"))
            casts.append(helper.make_node("Cast", [tensor.name + "_f16"], [tensor.name], to=TensorProto.FLOAT))
        else:
            kept.append(tensor)
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def ort_int8(source, path, folder):
    """As ONNX Runtime's guide says for x86 without VNNI: QDQ, uint8 activations, int8 weights of 7 bits a
    channel, after its own preprocessing."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self, inputs):
            self.feeds = samples(folder, inputs)

        def get_next(self):
            return next(self.feeds, None)
    with tempfile.TemporaryDirectory() as temporary:
        prepared = pathlib.Path(temporary) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(prepared, path, Reader(onnx_inputs(prepared)), quant_format=QuantFormat.QDQ,
                        per_channel=True, reduce_range=True, activation_type=QuantType.QUInt8,
                        weight_type=QuantType.QInt8)


def openvino_ir(source, path, folder, precision):
    import openvino
    core = openvino.Core()
    model = core.read_model(str(source))
    shapes = dict(onnx_inputs(source))
    model.reshape({name: shape for name, shape in shapes.items()})
    if precision in ("dynamic", "int8"):
        import nncf
        if precision == "dynamic":
            model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_ASYM)
        else:
            data = nncf.Dataset(list(samples(folder, list(shapes.items()))))
            kind = nncf.ModelType.TRANSFORMER if folder.name == "transformer" else None
            model = nncf.quantize(model, data, subset_size=CALIBRATION_SAMPLES, model_type=kind)
    openvino.save_model(model, str(path), compress_to_fp16=precision == "float16")


def without_pads(model):
    """Zeros around images become the padding of the convolution that follows: pnnx has no Pad for ncnn."""
    from onnx import helper, numpy_helper
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    pads = {node.output[0]: node for node in model.graph.node if node.op_type == "Pad"}
    for conv in [node for node in model.graph.node if node.op_type == "Conv" and node.input[0] in pads]:
        pad = pads[conv.input[0]]
        extents = constants.get(pad.input[1])
        if extents is None or len(extents) != 8 or any(extents[i] for i in (0, 1, 4, 5)):
            continue
        old = next((list(a.ints) for a in conv.attribute if a.name == "pads"), [0] * 4)
        kept = [a for a in conv.attribute if a.name not in ("pads", "auto_pad")]
        del conv.attribute[:]
        conv.attribute.extend([*kept, helper.make_attribute(
            "pads", [int(a + extents[i]) for a, i in zip(old, (2, 3, 6, 7))])])
        conv.input[0] = pad.input[0]
    used = {name for node in model.graph.node for name in node.input}
    nodes = [node for node in model.graph.node if node.op_type != "Pad" or node.output[0] in used]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def ncnn_files(source, path, folder, precision):
    import onnx
    import pnnx_path
    with tempfile.TemporaryDirectory() as temporary:
        onnx.save(without_pads(onnx.load(source)), str(pathlib.Path(temporary) / "model.onnx"))
        done = subprocess.run([pnnx_path.find(), "model.onnx", f"fp16={int(precision == 'float16')}"],
                              cwd=temporary, capture_output=True, text=True, timeout=600, check=False)
        param = pathlib.Path(temporary) / "model.ncnn.param"
        if done.returncode or not param.exists():
            raise cache.Refused(f"pnnx fails ({done.returncode})")
        text = param.read_text()
        unknown = sorted({line.split()[0] for line in text.splitlines()[2:] if "." in line.split()[0]})
        if unknown:
            raise cache.Refused(f"ncnn has no {', '.join(unknown)}")
        shutil.copy(param.with_suffix(".bin"), path.with_suffix(".bin"))
        shutil.copy(param, path)


def mnn_file(source, path, folder, precision, kind="ONNX"):
    import _tools  # MNN's converter itself; its script would install a logger and send usage data
    flags = {"float16": ["--fp16"], "dynamic": ["--weightQuantBits", "8"]}.get(precision, [])
    _tools.mnnconvert(["mnnconvert", "-f", kind, "--modelFile", str(source), "--MNNModel", str(path),
                       "--bizCode", "bench", *flags])
    if not path.exists():
        raise cache.Refused("mnnconvert fails")


def tvm_library(source, path, folder):
    """Compiled for this processor by TVM's own pipeline, without tuning, which takes hours a model."""
    import onnx
    import tvm
    from tvm import relax
    from tvm.relax.frontend.onnx import from_onnx
    module = from_onnx(onnx.load(source), shape_dict=dict(onnx_inputs(source)), keep_params_in_input=False)
    module = relax.get_pipeline("zero")(module)
    target = tvm.target.Target({"kind": "llvm", "mcpu": native_processor()})
    tvm.compile(module, target).export_library(str(path))


def native_processor():
    """This machine's name for LLVM and GCC, e.g. znver3."""
    text = subprocess.run(["g++", "-march=native", "-Q", "--help=target"], capture_output=True, text=True,
                          check=True).stdout
    return next(line.split()[1] for line in text.splitlines() if line.strip().startswith("-march="))


# (engine, precision): (the file's name, what makes it; None: model.onnx as it is)
FILES = {
    ("onnxruntime", "float32"): ("model.onnx", None),
    ("onnxruntime", "float16"): ("float16.ort.onnx", ort_float16),
    ("onnxruntime", "dynamic"): ("dynamic.ort.onnx", ort_dynamic),
    ("onnxruntime", "int8"): ("int8.ort.onnx", ort_int8),
    **{("openvino", p): (f"{p}.ov.xml", lambda s, o, f, p=p: openvino_ir(s, o, f, p))
       for p in ("float32", "float16", "dynamic", "int8")},
    **{("ncnn", p): (f"{p}.ncnn.param", lambda s, o, f, p=p: ncnn_files(s, o, f, p))
       for p in ("float32", "float16")},
    # Models that were .tflite files to begin with: OpenVINO and MNN read those.
    ("onnxruntime", "as_is"): ("model.onnx", None),
    ("openvino", "as_is"): ("as_is.official.tflite", None),
    ("mnn", "as_is"): ("as_is.mnn", lambda s, o, f: mnn_file(s.with_name("as_is.official.tflite"), o, f, "", "TFLITE")),
    ("tvm", "float32"): ("float32.tvm.so", tvm_library),
    **{("mnn", p): (f"{p}.mnn", lambda s, o, f, p=p: mnn_file(s, o, f, p))
       for p in ("float32", "float16", "dynamic")},
}


def version_of(engine):
    import importlib.metadata
    parts = {"onnxruntime": ["onnxruntime"], "openvino": ["openvino", "nncf"], "ncnn": ["ncnn", "pnnx"],
             "mnn": ["mnn"], "tvm": ["apache-tvm"]}[engine]
    return [importlib.metadata.version(part) for part in parts]


def key_for(folder, engine):
    source = folder / "model.onnx"
    return cache.key_of(source if source.exists() else folder / "as_is.official.tflite", VERSION, *version_of(engine))


def make_here(name, engine, precision):
    """The engine's file for this model, in this process, which the tool may crash. Returns whether it is
    there."""
    folder = cache.model_folder(name)
    file, function = FILES[engine, precision]
    source, path = folder / "model.onnx", folder / file
    if function is None:
        return source.exists()

    def made(out):
        with quiet():
            function(source, out, folder)
    return cache.make(path, key_for(folder, engine), made)[0]


def make(name, engine, precision):
    """As make_here, in a process of its own. Returns (path or None, why not)."""
    folder = cache.model_folder(name)
    if (engine, precision) not in FILES:
        return None, "it has no such precision"
    path = folder / FILES[engine, precision][0]
    if path.suffix == ".tflite":
        return path, None
    if not (folder / "model.onnx").exists() and (engine, precision) != ("mnn", "as_is"):
        return None, f"no ONNX file: {cache.failure(folder / 'model.onnx')}"
    if FILES[engine, precision][1] is not None:
        key = key_for(folder, engine)
        if not cache.fresh(path, key):
            done = subprocess.run([sys.executable, __file__, name, engine, precision], capture_output=True,
                                  text=True, env={**os.environ, **without_telemetry()}, check=False)
            if done.returncode < 0:
                cache.blame_crash(folder, f"the tool crashed (signal {-done.returncode})")
            elif done.returncode:
                return None, cache.first_line(done.stderr.strip().splitlines()[-1])
        if cache.failure(path):
            return None, cache.failure(path)
    return (path, None) if path.exists() else (None, "not made")


def without_telemetry():
    """OpenVINO's tools send usage data unless a file in the home folder says 0."""
    home = cache.FOLDER / "home"
    (home / "intel").mkdir(parents=True, exist_ok=True)
    (home / "intel/openvino_telemetry").write_text("0")
    return {"HOME": str(home)}


if __name__ == "__main__":
    make_here(*sys.argv[1:])
