#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/base/result.h"
#include "tests/lab/reflector_layout.h"

namespace sonde {

/// The tables of a reflector, as the BPF program wants them.
struct ReflectorPlan {
  uint32_t syn_loss = 0;     ///< millionths
  uint32_t answer_loss = 0;  ///< millionths
  std::vector<reflector_block> blocks;
  std::vector<reflector_span> spans;
};

/// Reads a plan, a line at a time:
///   loss SYN ANSWER              millionths, at most once
///   span PORT WORD               a port span; they number themselves from 0
///   block FIRST LAST SPAN COUNT  addresses as 32 hexadecimal digits
/// Blocks are sorted and disjoint; the words are those of a truth file. An
/// error names the line.
Result<ReflectorPlan> parse_plan(const std::string& text);

}  // namespace sonde
