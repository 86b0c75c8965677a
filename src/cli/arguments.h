// The command line: verbs, flags and help.
#pragma once

namespace mote::cli {

// Parses the arguments, runs the verb, and returns the exit code.
int run_command_line(int argc, char** argv);

}  // namespace mote::cli
