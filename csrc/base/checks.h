// Argument checks: every failure is a std::invalid_argument whose sentence quotes the bad value.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

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

}  // namespace wavenet
