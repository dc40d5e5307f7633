// Runs the tests of the files whose names have the given part, or all.
#include "check.h"

int main(int count, char** arguments) {
  using namespace wavenet;
  const std::string part = count > 1 ? arguments[1] : "";
  std::size_t run = 0;
  for (const Test& test : all_tests()) {
    if (test.file.find(part) == std::string::npos) continue;
    ++run;
    try {
      test.run();
    } catch (const std::exception& error) {
      check(false, test.file.c_str(), 0, test.name, " throws: ", error.what());
    }
  }
  std::cout << run << " tests, " << failures << " failures" << std::endl;
  return run == 0 || failures > 0;
}
