#pragma once

#include <cstdint>  // with glibc, defines __GLIBC__

/// Before a function whose loop treats many numbers alike: it is compiled once
/// for each kind of vectors that x86-64 processors have, and the one that fits
/// is chosen when the program starts (GCC's target_clones), so that the same
/// program runs on all of them. Elsewhere the function is compiled once.
///
/// The loop must have a constant count and write nothing that it also reads by
/// another name; what it calls must be inline.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define SONDE_WIDE_VECTORS __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define SONDE_WIDE_VECTORS
#endif
