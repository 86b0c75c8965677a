#include "runtime/processor.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace mote::runtime {

#if defined(__linux__)

int thread_id() { return static_cast<int>(syscall(SYS_gettid)); }

int current_processor() { return sched_getcpu(); }

void move_off(int thread, int processor) {
  cpu_set_t allowed;  // more than 1024 processors: left to the system
  if (thread <= 0 || processor < 0 || processor >= CPU_SETSIZE) return;
  if (sched_getaffinity(thread, sizeof allowed, &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(static_cast<size_t>(processor), &others);
  if (CPU_COUNT(&others) == 0 || CPU_EQUAL(&others, &allowed)) return;
  if (sched_setaffinity(thread, sizeof others, &others) == 0)
    sched_setaffinity(thread, sizeof allowed, &allowed);
}

#else

int thread_id() { return 0; }
int current_processor() { return -1; }
void move_off(int, int) {}

#endif

}  // namespace mote::runtime
