#include "cli/arguments.h"

int main(int argc, char** argv) { return mote::cli::run_command_line(argc, argv); }
