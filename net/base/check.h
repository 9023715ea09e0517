#pragma once

namespace sonde {

/// Ends the program after printing where and what: for a programmer's error,
/// a state that the code holds to be impossible. Never for a bad input, a
/// failed system call or anything that a network can cause.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace sonde

/// CHECK(condition): the condition holds, or the program has a defect and ends.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sonde::check_failed(#condition, __FILE__, __LINE__))
