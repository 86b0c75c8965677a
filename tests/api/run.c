/* The C interface from C: runs a model on zeros and prints its first output.
 *
 *   run MODEL */
#include <stdio.h>
#include <string.h>

#include "mote/mote_c.h"

static int fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, mote_last_error());
  return 1;
}

int main(int argc, char** argv) {
  mote_model* model = NULL;
  mote_session* session = NULL;
  mote_tensor tensor;
  size_t size_bytes = 0;
  size_t i;

  if (argc != 2) {
    fprintf(stderr, "usage: run MODEL\n");
    return 2;
  }
  if (mote_model_load(argv[1], &model) != MOTE_OK) return fail("load");
  if (mote_session_create(model, NULL, 1, &session) != MOTE_OK) return fail("session");
  mote_model_free(model); /* the session keeps what it needs */
  for (i = 0; mote_session_input(session, i, &tensor, &size_bytes) != NULL; ++i) {
    memset(mote_session_input(session, i, NULL, NULL), 0, size_bytes);
  }
  if (mote_session_run(session) != MOTE_OK) return fail("run");
  if (mote_session_output(session, 0, &tensor, &size_bytes) == NULL) return fail("output");
  printf("%s: %lu bytes\n", tensor.name, (unsigned long)size_bytes);
  mote_session_free(session);
  return 0;
}
