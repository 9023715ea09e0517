#include "tests/lab/reflector_plan.h"

#include <array>
#include <charconv>
#include <sstream>
#include <string_view>

namespace sonde {
namespace {

constexpr std::array<std::string_view, REFLECT_BEHAVIOURS> kWords = {
    "closed",      "open",         "silent",        "reset-after-accept", "close-after-accept", "syn-proxy",
    "net-unreach", "host-unreach", "proto-unreach", "port-unreach",       "admin-prohibited",
};

bool read_address(std::istream& in, reflector_address& address) {
  std::string digits;
  if (!(in >> digits) || digits.size() != 32) return false;
  const auto half = [&](size_t from, __u64& value) {
    const char* const end = digits.data() + from + 16;
    return std::from_chars(digits.data() + from, end, value, 16).ptr == end;
  };
  return half(0, address.high) && half(16, address.low);
}

bool read_block(std::istream& in, ReflectorPlan& plan) {
  reflector_block block{};
  if (!read_address(in, block.first) || !read_address(in, block.last)) return false;
  if (!(in >> block.first_span >> block.span_count)) return false;
  plan.blocks.push_back(block);
  return true;
}

bool read_span(std::istream& in, ReflectorPlan& plan) {
  reflector_span span{};
  std::string word;
  if (!(in >> span.first_port >> word)) return false;
  for (size_t behaviour = 0; behaviour < kWords.size(); ++behaviour) {
    if (kWords[behaviour] != word) continue;
    span.behaviour = static_cast<__u16>(behaviour);
    plan.spans.push_back(span);
    return true;
  }
  return false;
}

bool read_line(const std::string& line, ReflectorPlan& plan) {
  std::istringstream in(line);
  std::string kind;
  in >> kind;
  if (kind == "loss") return static_cast<bool>(in >> plan.syn_loss >> plan.answer_loss);
  if (kind == "span") return read_span(in, plan);
  return kind == "block" && read_block(in, plan);
}

}  // namespace

Result<ReflectorPlan> parse_plan(const std::string& text) {
  ReflectorPlan plan;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (!read_line(line, plan)) return usage_error("line " + std::to_string(number) + " is no plan: " + line);
  }
  if (plan.blocks.empty() || plan.spans.empty()) return usage_error("the plan has no blocks or no spans");
  if (plan.blocks.size() > REFLECTOR_MOST_ENTRIES || plan.spans.size() > REFLECTOR_MOST_ENTRIES) {
    return usage_error("the plan has more than 2^20 blocks or port spans: use fewer rules");
  }
  return plan;
}

}  // namespace sonde
