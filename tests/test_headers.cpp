// Nothing: CMake precompiles the headers of all tests as a part of this (CMakeLists.txt).
