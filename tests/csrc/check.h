// Tests of the core that need no Python: TEST(name) { CHECK(...); }. A failed check says where and
// goes on; what a test throws fails it.
#pragma once

#include <cmath>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

namespace wavenet {

struct Test {
  std::string file;
  std::string name;
  void (*run)();
};

inline std::vector<Test>& all_tests() {
  static std::vector<Test> tests;
  return tests;
}
inline bool add_test(const char* file, const char* name, void (*run)()) {
  all_tests().push_back({file, name, run});
  return true;
}

inline std::size_t failures = 0;

template <typename... Parts>
void check(bool holds, const char* file, int line, const Parts&... parts) {
  if (holds) return;
  ++failures;
  ((std::cerr << file << ":" << line << ": ") << ... << parts) << std::endl;
}

// What `work` throws, or an empty sentence.
template <typename Error, typename Work>
std::string thrown(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace wavenet

#define TEST(name)                                                             \
  static void name();                                                          \
  static const bool name##_added = ::wavenet::add_test(__FILE__, #name, name); \
  static void name()

#define CHECK(condition) ::wavenet::check(condition, __FILE__, __LINE__, #condition)

#define CHECK_EQUAL(a, b) \
  ::wavenet::check((a) == (b), __FILE__, __LINE__, #a " is ", a, ", " #b " is ", b)

#define CHECK_NEAR(a, b, tolerance)                                                      \
  ::wavenet::check(std::abs((a) - (b)) <= (tolerance), __FILE__, __LINE__, #a " is ", a, \
                   ", " #b " is ", b)

// The statement throws that error, and its sentence has these words.
#define CHECK_THROWS(error, words, statement)                                                     \
  ::wavenet::check(::wavenet::thrown<error>([&] { statement; }).find(words) != std::string::npos, \
                   __FILE__, __LINE__, #statement " does not throw '", words, "'")
