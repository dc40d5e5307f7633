// Argument checks: every failure is a std::invalid_argument whose sentence quotes the bad value.
#pragma once

#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace wavenet {

// Concatenates its arguments into one message.
template <typename... Parts>
std::string message(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

// Throws std::invalid_argument with the concatenated parts unless `condition` holds.
template <typename... Parts>
void require(bool condition, const Parts&... parts) {
  if (!condition) throw std::invalid_argument(message(parts...));
}

// What `name` stands for; throws std::invalid_argument unless it is one of the `choices`.
template <typename T>
T choose(const char* what, const std::string& name,
         std::initializer_list<std::pair<const char*, T>> choices) {
  std::string names;
  for (const auto& [known, value] : choices) {
    if (name == known) return value;
    names += (names.empty() ? "" : ", ") + std::string(known);
  }
  throw std::invalid_argument(message(what, " must be one of ", names, ", got '", name, "'"));
}

}  // namespace wavenet
