/* Mote's C interface: load a model, run it, convert it.
 *
 * Every function that can fail returns a mote_status; mote_last_error() then says what went wrong,
 * in one line. Nothing prints, aborts or throws. Objects may be used from any thread, one at a
 * time; several sessions of one model may run at once. */
#ifndef MOTE_MOTE_C_H
#define MOTE_MOTE_C_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MOTE_API __attribute__((visibility("default")))
#else
#define MOTE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mote_status {
  MOTE_OK = 0,
  MOTE_USER_ERROR = 1,  /* the file, the data or the call is wrong */
  MOTE_UNSUPPORTED = 2, /* valid, but Mote can't do it */
  MOTE_INTERNAL = 3     /* a bug in Mote */
} mote_status;

/* Element types, by NumPy's names. Elements of MOTE_INT4 lie two to a byte, the low half first. */
typedef enum mote_dtype {
  MOTE_FLOAT32,
  MOTE_FLOAT16,
  MOTE_FLOAT64,
  MOTE_BFLOAT16,
  MOTE_INT4,
  MOTE_INT8,
  MOTE_INT16,
  MOTE_INT32,
  MOTE_INT64,
  MOTE_UINT8,
  MOTE_UINT16,
  MOTE_UINT32,
  MOTE_UINT64,
  MOTE_BOOL,
  MOTE_COMPLEX64,
  MOTE_COMPLEX128,
  MOTE_STRING,
  MOTE_RESOURCE,
  MOTE_VARIANT
} mote_dtype;

#define MOTE_MAX_RANK 8

/* An input or output. real value = scale * (stored - zero_point); a scale of 0: not quantized. */
typedef struct mote_tensor {
  const char* name; /* lives as long as the model */
  mote_dtype dtype;
  int32_t rank;
  int64_t shape[MOTE_MAX_RANK]; /* -1: not known before a session is made */
  float scale;
  int32_t zero_point;
} mote_tensor;

typedef struct mote_shape {
  int32_t rank;
  int64_t extents[MOTE_MAX_RANK];
} mote_shape;

typedef struct mote_model mote_model;
typedef struct mote_session mote_session;

/* "0.1.0" */
MOTE_API const char* mote_version(void);
/* Why the last call on this thread that failed did so. Never null; valid until the next call. */
MOTE_API const char* mote_last_error(void);

/* Reads a .tflite, .keras or .h5 file. On success *model is to be freed by mote_model_free. */
MOTE_API mote_status mote_model_load(const char* path, mote_model** model);
MOTE_API void mote_model_free(mote_model* model);
MOTE_API size_t mote_model_inputs(const mote_model* model);
MOTE_API size_t mote_model_outputs(const mote_model* model);
MOTE_API mote_status mote_model_input(const mote_model* model, size_t index, mote_tensor* tensor);
MOTE_API mote_status mote_model_output(const mote_model* model, size_t index, mote_tensor* tensor);

/* Plans the model for these input shapes (null: the model's own, unknown extents as 1; else one for
 * each input) and takes all the memory that runs need. The model may be freed before the session.
 */
MOTE_API mote_status mote_session_create(const mote_model* model, const mote_shape* input_shapes,
                                         int32_t threads, mote_session** session);
MOTE_API void mote_session_free(mote_session* session);
/* The memory of an input or output, and what it holds; null if there is no such one. `tensor` and
 * `size_bytes` may be null. Inputs are to be written before every run (runs reuse their memory),
 * outputs are valid until the next. */
MOTE_API void* mote_session_input(mote_session* session, size_t index, mote_tensor* tensor,
                                  size_t* size_bytes);
MOTE_API const void* mote_session_output(mote_session* session, size_t index, mote_tensor* tensor,
                                         size_t* size_bytes);
/* Takes no memory. Fails only if the data does not fit the model (an index out of range). */
MOTE_API mote_status mote_session_run(mote_session* session);
/* Recurrent state and variables back to what they were at the start. */
MOTE_API void mote_session_reset(mote_session* session);
/* Bytes that activations take; exact, and known before the first run. */
MOTE_API size_t mote_session_arena_bytes(const mote_session* session);

/* Fields that are null or 0 mean the default. Set the whole struct to zero first. */
typedef struct mote_convert_options {
  const char* quantize;    /* "none", "dynamic", "float16", "int8", "int16x8", "int4" */
  const char* calibrate;   /* .npz or .npy with samples, for int8 and int16x8 */
  const char* input_type;  /* "float32", "int8", "uint8", "int16" */
  const char* output_type; /* likewise */
} mote_convert_options;

/* Writes `model_path` as .tflite; the file appears whole or not at all. `options` may be null. */
MOTE_API mote_status mote_convert(const char* model_path, const char* output_path,
                                  const mote_convert_options* options);

#ifdef __cplusplus
}
#endif
#endif
