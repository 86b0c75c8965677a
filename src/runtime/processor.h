// Which processor a thread runs on. Nothing is known where the system does not tell.
#pragma once

namespace mote::runtime {

// The system's number of the calling thread; 0: unknown.
int thread_id();
// The processor that the calling thread runs on; -1: unknown.
int current_processor();
// Moves a thread off a processor, to any other that it may use; what it may use stays as it is. A
// thread that has just been woken may wait for the processor of the thread that woke it, although
// another is free, and the system can take longer than many runs to notice.
void move_off(int thread, int processor);

}  // namespace mote::runtime
