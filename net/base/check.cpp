#include "net/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sonde {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "sonde: a defect in sonde: %s does not hold (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace sonde
