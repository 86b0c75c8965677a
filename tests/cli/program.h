// Runs the mote program as its users do.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

namespace mote::cli_test {

using Json = nlohmann::json;

inline const std::string kFixtures = MOTE_SOURCE_DIR "/tests/fixtures/cli/";

inline std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Done {
  int exit_code;
  std::string out;
  std::string err;
};

// A folder of the test's own, empty at the start, with what a run left.
class Program : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "mote_cli_" + info->test_suite_name() + "_" + info->name() + "/";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    std::filesystem::create_directories(folder_ + "work");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The path of a file in the folder.
  std::string at(const std::string& name) const { return folder_ + "work/" + name; }
  bool empty() const { return std::filesystem::is_empty(folder_ + "work"); }

  Done mote(const std::string& arguments) const {
    const std::string command = std::string(MOTE_PROGRAM) + " " + arguments + " >" + folder_ +
                                "out 2>" + folder_ + "err </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(folder_ + "out"),
            read(folder_ + "err")};
  }
  // The report of a run that must succeed.
  Json json(const std::string& arguments) const {
    const Done done = mote(arguments + " --json");
    EXPECT_EQ(done.exit_code, 0) << arguments << "\n" << done.err;
    return Json::parse(done.out, nullptr, false);
  }
  // One line on standard error that begins with "mote: " and holds every one of `parts`; nothing on
  // standard output.
  void expect_error(const std::string& arguments, int exit_code,
                    std::initializer_list<std::string> parts) const {
    const Done done = mote(arguments);
    EXPECT_EQ(done.exit_code, exit_code) << arguments << "\n" << done.err;
    EXPECT_EQ(done.out, "") << arguments;
    EXPECT_EQ(done.err.rfind("mote: ", 0), 0u) << done.err;
    EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
    EXPECT_EQ(done.err.find("internal"), std::string::npos) << done.err;
    for (const std::string& part : parts) {
      EXPECT_NE(done.err.find(part), std::string::npos) << part << " in " << done.err;
    }
  }

 private:
  std::string folder_;
};

}  // namespace mote::cli_test
