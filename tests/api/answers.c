/* Prints what a library makes of seeded inputs of a model, byte by byte: what two of them can be
 * compared by.
 *
 *   answers MODEL */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mote/mote_c.h"

/* Small numbers of the type. */
static void fill(const mote_tensor* tensor, void* data, size_t size_bytes, uint32_t* seed) {
  size_t i = 0;
  const int is_float = tensor->dtype == MOTE_FLOAT32;
  for (i = 0; i < (is_float ? size_bytes / sizeof(float) : size_bytes); ++i) {
    *seed = *seed * 1664525u + 1013904223u;
    if (is_float) {
      ((float*)data)[i] = (float)(*seed >> 8) / 8388608.0f - 1.0f;
    } else {
      ((unsigned char*)data)[i] = (unsigned char)(*seed >> 24);
    }
  }
}

static int fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, mote_last_error());
  return 1;
}

int main(int argc, char** argv) {
  mote_model* model = NULL;
  mote_session* session = NULL;
  uint32_t seed = 1;
  int run = 0;
  if (argc != 2) return 2;
  if (mote_model_load(argv[1], &model) != MOTE_OK) return fail("load");
  if (mote_session_create(model, NULL, 1, &session) != MOTE_OK) return fail("create");
  for (run = 0; run < 8; ++run) {
    size_t port = 0, i = 0, size_bytes = 0;
    mote_tensor tensor;
    for (port = 0; port < mote_model_inputs(model); ++port) {
      void* data = mote_session_input(session, port, &tensor, &size_bytes);
      fill(&tensor, data, size_bytes, &seed);
    }
    if (mote_session_run(session) != MOTE_OK) return fail("run");
    for (port = 0; port < mote_model_outputs(model); ++port) {
      const unsigned char* data = mote_session_output(session, port, &tensor, &size_bytes);
      for (i = 0; i < size_bytes; ++i) printf("%02x", data[i]);
      printf("\n");
    }
  }
  mote_session_free(session);
  mote_model_free(model);
  return 0;
}
