// The recent past of a layer's input, contiguous in time.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/aligned_buffer.h"

namespace wavenet {

// A window of rows that slides through a buffer of at least twice its length: new rows are appended
// at the end, and the last `past` rows move to the start when it is full. A dilated tap thus is a
// plain pointer into the past, for one step as for a block.
class History {
 public:
  History() = default;
  // Keeps `past` rows of `width` bytes behind blocks of at most `block` rows; all `zero` at first.
  History(std::size_t past, std::size_t width, std::size_t block, char zero)
      : past_(past), width_(width), end_(past), rows_(past + std::max(past, block)) {
    buffer_.assign(rows_ * width, zero);
  }

  // Room for `count` new rows, count <= block; the rows before it are the past.
  char* append(std::size_t count) {
    if (end_ + count > rows_) {
      const char* recent = buffer_.data() + (end_ - past_) * width_;
      std::copy(recent, recent + past_ * width_, buffer_.data());
      end_ = past_;
    }
    char* room = buffer_.data() + end_ * width_;
    end_ += count;
    return room;
  }

  // The last `count` rows.
  const char* last(std::size_t count) const { return buffer_.data() + (end_ - count) * width_; }
  char* last(std::size_t count) { return buffer_.data() + (end_ - count) * width_; }

  std::size_t past() const { return past_; }

 private:
  std::size_t past_ = 0;
  std::size_t width_ = 0;
  std::size_t end_ = 0;
  std::size_t rows_ = 0;
  AlignedBuffer<char> buffer_;
};

}  // namespace wavenet
