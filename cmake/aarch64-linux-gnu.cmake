# Toolchain: cross-compiles for Linux on 64-bit ARM with Debian's g++-aarch64-linux-gnu, and runs what it built, tests
# included, under Debian's qemu-user:
#
#   cmake -S . -B build/aarch64 --toolchain cmake/aarch64-linux-gnu.cmake \
#     -DOMNIROUTER_ADDON=OFF -DOMNIROUTER_RETRIEVAL=OFF -DOMNIROUTER_TESTS=ON
#   cmake --build build/aarch64 && ctest --test-dir build/aarch64
#
# The addon takes FAISS for ARM besides (dpkg --add-architecture arm64 && apt-get update && apt-get install libfaiss-dev:arm64),
# which CMake finds by the compiler's architecture:
#
#   npm run bundle -- --toolchain cmake/aarch64-linux-gnu.cmake --target linux-arm64
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

# Libraries are looked for among the target's. Eigen and doctest are headers, the same for every processor, and come from
# this machine.
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE NEVER)
