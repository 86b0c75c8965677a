/* Runs a command and says, on standard error, how long it took to the first byte of its output and to its
 * end, and the most memory that it held: "FIRST_US END_US PEAK_KB STATUS". A program of its own, because a
 * process starts with its parent's peak, and Python's is larger than what is measured here. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char** argv) {
  int ends[2];
  if (argc < 2 || pipe(ends) != 0) return 2;
  const double start = now_us();
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    if (freopen("/dev/null", "w", stderr) == NULL) _exit(126);
    execv(argv[1], argv + 1);
    _exit(127);
  }
  close(ends[1]);
  double first = 0;
  char buffer[4096];
  ssize_t count;
  while ((count = read(ends[0], buffer, sizeof buffer)) > 0) {
    if (first == 0) first = now_us() - start;
    if (fwrite(buffer, 1, (size_t)count, stdout) != (size_t)count) return 2;
  }
  int status = 0;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) < 0) return 2;
  fprintf(stderr, "%.0f %.0f %ld %d\n", first, now_us() - start, usage.ru_maxrss,
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
