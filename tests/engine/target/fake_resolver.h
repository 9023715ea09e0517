#pragma once

#include <map>

#include "engine/target/resolver.h"

namespace sonde {

/// Knows the names it is given; all others do not exist.
class FakeResolver final : public Resolver {
 public:
  explicit FakeResolver(std::map<std::string, std::vector<std::string>> names = {})
      : names_(std::move(names)) {}

  std::vector<Result<Addresses>> resolve_all(std::span<const std::string> names) override {
    std::vector<Result<Addresses>> answers;
    for (const std::string& name : names) answers.push_back(answer(name));
    return answers;
  }

 private:
  Result<Addresses> answer(const std::string& name) const {
    const auto known = names_.find(name);
    if (known == names_.end())
      return usage_error("host name \"" + name + "\": there is no such name (NXDOMAIN)");
    Addresses addresses;
    for (const std::string& text : known->second) addresses.push_back(IpAddress::parse(text).value());
    return addresses;
  }

  std::map<std::string, std::vector<std::string>> names_;
};

}  // namespace sonde
