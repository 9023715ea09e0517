#include "engine/sweep/completeness.h"

#include <cmath>

namespace sonde {
namespace {

constexpr double kSmallestLoss = 1e-12;
constexpr double kLargestLoss = 1 - 1e-9;
constexpr int kBisections = 200;
// Half of the 95 % quantile of the χ² distribution with one degree of freedom.
constexpr double kLikelihoodDrop = 1.9207;

struct Totals {
  double found = 0;    // endpoints
  double retries = 0;  // sum over endpoints of the passes before the one that found it
  double passes = 0;
};

/// log of Π q^k (1−q) / (1−q^passes), over all found endpoints.
double log_likelihood(const Totals& totals, double q) {
  return totals.retries * std::log(q) +
         totals.found * (std::log1p(-q) - std::log1p(-std::pow(q, totals.passes)));
}

double derivative(const Totals& totals, double q) {
  const double power = std::pow(q, totals.passes);
  return totals.retries / q - totals.found / (1 - q) + totals.found * totals.passes * power / q / (1 - power);
}

/// The q at which a function that falls from positive to negative crosses zero.
template <typename F>
double crossing(F f, double low, double high) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = std::sqrt(low * high);  // q spans many orders of magnitude
    (f(middle) > 0 ? low : high) = middle;
  }
  return low;
}

double most_likely_loss(const Totals& totals) {
  if (totals.retries == 0) return kSmallestLoss;
  return crossing([&](double q) { return derivative(totals, q); }, kSmallestLoss, kLargestLoss);
}

double highest_plausible_loss(const Totals& totals, double best) {
  const double bound = log_likelihood(totals, best) - kLikelihoodDrop;
  return crossing([&](double q) { return log_likelihood(totals, q) - bound; }, best, kLargestLoss);
}

}  // namespace

std::optional<CompletenessEstimate> estimate_completeness(std::span<const uint64_t> found) {
  Totals totals;
  for (size_t pass = 0; pass < found.size(); ++pass) {
    totals.found += static_cast<double>(found[pass]);
    totals.retries += static_cast<double>(pass) * static_cast<double>(found[pass]);
  }
  totals.passes = static_cast<double>(found.size());
  if (found.size() < 2 || totals.found == 0) return std::nullopt;
  const double best = most_likely_loss(totals);
  const double worst = highest_plausible_loss(totals, best);
  return CompletenessEstimate{1 - (totals.retries == 0 ? 0 : std::pow(best, totals.passes)),
                              1 - std::pow(worst, totals.passes)};
}

}  // namespace sonde
