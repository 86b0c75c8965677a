#!/usr/bin/env python3
"""The suite's models: builds them with seeded weights, and converts them with the official tools.

    suite.py [MODEL...]

In the cache's folder models/NAME: model.keras (batch 1), data.npz (an input, and what Keras makes of it),
calibration.npz, PRECISION.official.tflite, model.onnx. What is there already is left. Batch norms are given
the statistics of seeded inputs, so that values stay in a sane range in models that nobody trained.
Needs tensorflow-cpu, keras and tf2onnx (bench/peers makes such an environment).
"""
import contextlib
import inspect
import os
import subprocess
import sys

import cache

SEED = 20240607
CALIBRATION_SAMPLES = 16
VERSION = 1  # of how the files are made; part of every key


def smooth(rng, shape):
    """Inputs with neighbours alike, as in images and signals, in [-1, 1]."""
    import numpy as np
    x = rng.normal(0, 0.6, shape)
    for axis in range(1, len(shape) - 1):
        if shape[axis] > 8:
            x = (x + np.roll(x, 1, axis) + np.roll(x, 2, axis)) / np.sqrt(3)
    return np.clip(x, -1, 1).astype(np.float32)


def randomize(model, rng):
    """Weights that keep the variance, and biases and scales that are not 0 and 1."""
    import numpy as np
    for weight in model.weights:
        shape = weight.shape
        if "moving" in weight.path or "seed" in weight.path:
            continue
        if weight.name == "gamma":
            value = rng.uniform(0.6, 1.4, shape)
        elif len(shape) < 2:
            value = rng.normal(0, 0.1, shape)
        elif "depthwise" in weight.path:
            value = rng.normal(0, 1 / np.sqrt(shape[0] * shape[1]), shape)
        elif "multi_head" in weight.path or "lstm" in weight.path or "gru" in weight.path:
            continue  # as Keras draws them
        else:
            value = rng.normal(0, np.sqrt(1.7 / np.prod(shape[:-1])), shape)
        weight.assign(value)


def settle(model, inputs):
    """Batch norms take the mean and variance that these inputs give them."""
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    kept = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    model(inputs, training=True)
    for layer, momentum in zip(norms, kept):
        layer.momentum = momentum


def sharpen(model, inputs):
    """Scales a classifier's last layer so that its logits spread as a trained one's do. Otherwise a thousand
    classes have a probability of a thousandth each, which no int8 output can tell apart."""
    import numpy as np
    classes = np.asarray(model(inputs))
    if classes.ndim != 2 or classes.shape[1] < 100 or np.any(classes < 0):
        return
    spread = np.std(np.log(np.maximum(classes, 1e-30)), axis=1).mean()
    last = next(layer for layer in reversed(model.layers) if layer.weights)
    last.set_weights([w * (4 / spread) for w in last.get_weights()])


def build(name, folder):
    """model.keras, data.npz and calibration.npz."""
    import architectures
    import keras
    import numpy as np
    keras.utils.set_random_seed(SEED)
    rng = np.random.default_rng(SEED)
    model = architectures.MODELS[name](None)
    randomize(model, rng)
    samples = {x.name: smooth(rng, (CALIBRATION_SAMPLES, *x.shape[1:])) for x in model.inputs}
    arrays = list(samples.values())
    settle(model, arrays if len(arrays) > 1 else arrays[0])
    if len(model.outputs) == 1:
        sharpen(model, arrays if len(arrays) > 1 else arrays[0])
    single = architectures.MODELS[name](1)
    single.set_weights(model.get_weights())
    firsts = [x[:1] for x in arrays]
    want = keras.tree.flatten(single(firsts if len(firsts) > 1 else firsts[0]))
    np.savez(folder / "calibration.npz", **samples)
    np.savez(folder / "data.npz", **{f"in_{x.name}": a for x, a in zip(model.inputs, firsts)},
             **{f"out_{i}": np.asarray(w) for i, w in enumerate(want)})
    single.save(folder / "model.keras")


def is_recurrent(model):
    return any(type(layer).__name__ in ("LSTM", "GRU") for layer in model.layers)


def unrolled(model):
    """Its time steps written out: in a loop, the official converter crashes when it calibrates. (Float
    models keep the loop, which its interpreter runs faster than the steps.)"""
    import keras
    layers = [layer.from_config({**layer.get_config(), **({"unroll": True} if hasattr(layer, "unroll") else {})})
              for layer in model.layers[1:]]
    x = source = keras.Input(batch_shape=model.inputs[0].shape, name=model.inputs[0].name)
    for layer in layers:
        x = layer(x)
    copy = keras.Model(source, x)
    copy.set_weights(model.get_weights())
    return copy


def to_tflite(folder, precision):
    import keras
    import numpy as np
    import tensorflow as tf
    model = keras.models.load_model(folder / "model.keras", compile=False)
    if precision in ("int8", "int16x8") and is_recurrent(model):
        model = unrolled(model)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision in ("int8", "int16x8"):
        with np.load(folder / "calibration.npz") as data:
            arrays = {x.name: data[x.name] for x in model.inputs}
        # By name, where there are several: the converter has an order of its own.
        converter.representative_dataset = lambda: (
            one if len(one) == 1 else dict(zip(arrays, one))
            for one in ([a[i:i + 1] for a in arrays.values()] for i in range(CALIBRATION_SAMPLES)))
    if precision == "int16x8":
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter.convert()


def recurrent_onnx(model, path):
    """tf2onnx writes a loop for a recurrent layer; this is ONNX' own operator, which the runtimes have fast
    kernels for. The model is Input, LSTM or GRU, Dense with softmax."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    layer, dense = model.layers[1], model.layers[2]
    kernel, recurrent, bias = layer.get_weights()
    lstm = type(layer).__name__ == "LSTM"
    order = [0, 3, 1, 2] if lstm else [0, 1, 2]  # Keras' gates i f c o, ONNX' i o f c; z r h both

    def gates(array):
        """[..., gates * units] to [1, gates * units, ...]"""
        parts = np.split(array, len(order), axis=-1)
        return np.concatenate([parts[i] for i in order], axis=-1).T[None]
    biases = [bias, np.zeros_like(bias)] if lstm else list(bias)
    constants = {"w": gates(kernel), "r": gates(recurrent),
                 "b": np.concatenate([gates(x) for x in biases], axis=1),
                 "kernel": dense.get_weights()[0], "bias": dense.get_weights()[1], "axes": np.array([0])}
    source, sink = model.inputs[0], model.outputs[0]
    attributes = {} if lstm else {"linear_before_reset": int(layer.reset_after)}
    nodes = [helper.make_node("Transpose", [source.name], ["frames_first"], perm=[1, 0, 2]),
             helper.make_node(type(layer).__name__, ["frames_first", "w", "r", "b"], ["", "last"],
                              hidden_size=layer.units, **attributes),
             helper.make_node("Squeeze", ["last", "axes"], ["state"]),
             helper.make_node("Gemm", ["state", "kernel", "bias"], ["logits"]),
             helper.make_node("Softmax", ["logits"], ["classes"], axis=-1)]
    graph = helper.make_graph(
        nodes, model.name,
        [helper.make_tensor_value_info(source.name, TensorProto.FLOAT, source.shape)],
        [helper.make_tensor_value_info("classes", TensorProto.FLOAT, sink.shape)],
        [numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def to_onnx(folder, path):
    """With images as the ONNX runtimes want them, channels first."""
    import keras
    import tensorflow as tf
    import tf2onnx
    model = keras.models.load_model(folder / "model.keras", compile=False)
    if is_recurrent(model):
        recurrent_onnx(model, path)
        return
    specs = [tf.TensorSpec(x.shape, x.dtype, name=x.name) for x in model.inputs]
    function = tf.function(lambda *x: model(list(x) if len(x) > 1 else x[0], training=False),
                           input_signature=specs)
    images = [x.name for x in model.inputs if len(x.shape) == 4]
    tf2onnx.convert.from_function(function, specs, opset=17, output_path=str(path),
                                  inputs_as_nchw=images)


def make(name):
    """All files of one model, in this process."""
    import architectures
    folder = cache.model_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    source = cache.key_of(VERSION, inspect.getsource(architectures.MODELS[name]), SEED)
    if not cache.make(folder / "model.keras", source, lambda path: build(name, folder))[0]:
        raise SystemExit(f"{name}: {cache.failure(folder / 'model.keras')}")
    key = cache.key_of(folder / "model.keras", VERSION)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # Keras tells of its exports
        convert(folder, key)


def convert(folder, key):
    for precision in cache.PRECISIONS:
        there, made = cache.make(folder / f"{precision}.official.tflite", key,
                                 lambda path, p=precision: path.write_bytes(to_tflite(folder, p)))
        if made:
            report(folder / f"{precision}.official.tflite", there)
    there, made = cache.make(folder / "model.onnx", key, lambda path: to_onnx(folder, path))
    if made:
        report(folder / "model.onnx", there)


def report(path, there):
    print(f"  {path.parent.name}/{path.name}: "
          + (f"{path.stat().st_size} bytes" if there else f"refused: {cache.failure(path)}"),
          file=sys.__stdout__, flush=True)


def main(names):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if names[:1] == ["--one"]:
        make(names[1])
        return 0
    failed = 0
    for name in names or cache.SUITE:
        print(name, flush=True)
        # A process of its own: the converters may crash, which costs that file only.
        for _ in range(len(cache.PRECISIONS) + 2):
            done = subprocess.run([sys.executable, __file__, "--one", name], stderr=subprocess.PIPE,
                                  text=True, check=False)
            if done.returncode >= 0:
                break
            cache.blame_crash(cache.model_folder(name), f"the tool crashed (signal {-done.returncode})")
        if done.returncode:
            failed = 1
            print(f"  failed: {done.stderr.strip()[-300:]}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
