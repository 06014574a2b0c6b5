#include "retrieval/byte_stream.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "errors.h"

namespace omnirouter::retrieval {

namespace {

constexpr size_t kPiece = size_t{4} << 20;

// Slicing by 8 (Kounavis, Berry 2005): eight bytes a step, with a table for each of their places.
using CrcTables = std::array<std::array<uint32_t, 256>, 8>;
constexpr CrcTables makeTables() {
  CrcTables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    tables[0][i] = c;
  }
  for (size_t t = 1; t < 8; ++t)
    for (size_t i = 0; i < 256; ++i) tables[t][i] = tables[0][tables[t - 1][i] & 255] ^ (tables[t - 1][i] >> 8);
  return tables;
}
constexpr CrcTables kTables = makeTables();

[[noreturn]] void ioError(const char* what, int number) {
  throw Error("ERR_OMNI_IO", "path", std::string(what) + ": " + std::generic_category().message(number));
}

}  // namespace

uint32_t crc32(uint32_t crc, const void* data, size_t size) {
  const auto* p = static_cast<const uint8_t*>(data);
  uint32_t c = ~crc;
  for (; size >= 8; p += 8, size -= 8) {
    uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + 4, 4);
    low ^= c;
    c = kTables[7][low & 255] ^ kTables[6][(low >> 8) & 255] ^ kTables[5][(low >> 16) & 255] ^ kTables[4][low >> 24] ^
        kTables[3][high & 255] ^ kTables[2][(high >> 8) & 255] ^ kTables[1][(high >> 16) & 255] ^
        kTables[0][high >> 24];
  }
  for (; size > 0; ++p, --size) c = kTables[0][(c ^ *p) & 255] ^ (c >> 8);
  return ~c;
}

void ByteSink::write(const void* data, size_t size) {
  if (size == 0) return;
  put(data, size);
  crc_ = crc32(crc_, data, size);
}

void ByteSource::read(void* data, size_t size) {
  if (size == 0) return;
  if (size > left()) throw Error("ERR_OMNI_CORRUPT", "", "the saved index is truncated");
  get(data, size);
  crc_ = crc32(crc_, data, size);
}

void MemorySink::put(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  bytes_.insert(bytes_.end(), bytes, bytes + size);
}

void MemorySource::get(void* data, size_t size) {
  std::memcpy(data, bytes_.data(), size);
  bytes_ = bytes_.subspan(size);
}

void FileSink::put(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  while (size > 0) {
    cancel_.throwIfRaised();
    const ssize_t written = ::write(descriptor_, bytes, std::min(size, kPiece));
    if (written < 0) {
      if (errno == EINTR) continue;
      ioError("cannot write the index", errno);
    }
    bytes += written;
    size -= static_cast<size_t>(written);
  }
}

FileSource::FileSource(int descriptor, const compute::CancelFlag& cancel) : descriptor_(descriptor), cancel_(cancel) {
  struct stat status;
  if (::fstat(descriptor, &status) != 0) ioError("cannot read the index", errno);
  if (!S_ISREG(status.st_mode)) throw Error("ERR_OMNI_IO", "path", "cannot read the index: not a regular file");
  left_ = static_cast<uint64_t>(status.st_size);
}

void FileSource::get(void* data, size_t size) {
  auto* bytes = static_cast<uint8_t*>(data);
  while (size > 0) {
    cancel_.throwIfRaised();
    const ssize_t got = ::read(descriptor_, bytes, std::min(size, kPiece));
    if (got < 0) {
      if (errno == EINTR) continue;
      ioError("cannot read the index", errno);
    }
    if (got == 0) throw Error("ERR_OMNI_CORRUPT", "", "the saved index became shorter while it was read");
    bytes += got;
    size -= static_cast<size_t>(got);
    left_ -= static_cast<uint64_t>(got);
  }
}

}  // namespace omnirouter::retrieval
