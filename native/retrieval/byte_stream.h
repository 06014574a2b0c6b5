// Where a saved index goes to and comes from: memory or a file descriptor, with a running CRC-32 of what passed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compute/cancel.h"

namespace omnirouter::retrieval {

// CRC-32 as of zlib and gzip (reflected polynomial 0xEDB88320): crc is 0 at first, then the last result.
uint32_t crc32(uint32_t crc, const void* data, size_t size);

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  void write(const void* data, size_t size);
  uint32_t crc() const { return crc_; }

 private:
  virtual void put(const void* data, size_t size) = 0;
  uint32_t crc_ = 0;
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Bytes not yet read.
  virtual uint64_t left() const = 0;
  // Throws Error ERR_OMNI_CORRUPT if fewer are left.
  void read(void* data, size_t size);
  uint32_t crc() const { return crc_; }

 private:
  virtual void get(void* data, size_t size) = 0;
  uint32_t crc_ = 0;
};

class MemorySink final : public ByteSink {
 public:
  std::vector<uint8_t> take() { return std::move(bytes_); }
  void reserve(size_t size) { bytes_.reserve(size); }

 private:
  void put(const void* data, size_t size) override;
  std::vector<uint8_t> bytes_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  uint64_t left() const override { return bytes_.size(); }

 private:
  void get(void* data, size_t size) override;
  std::span<const uint8_t> bytes_;
};

// Both work from the descriptor's current position and leave it open. Failures are Error ERR_OMNI_IO with the system's
// reason. They look at `cancel` before every piece.
class FileSink final : public ByteSink {
 public:
  FileSink(int descriptor, const compute::CancelFlag& cancel) : descriptor_(descriptor), cancel_(cancel) {}

 private:
  void put(const void* data, size_t size) override;
  int descriptor_;
  const compute::CancelFlag& cancel_;
};

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, const compute::CancelFlag& cancel);
  uint64_t left() const override { return left_; }

 private:
  void get(void* data, size_t size) override;
  int descriptor_;
  const compute::CancelFlag& cancel_;
  uint64_t left_;
};

}  // namespace omnirouter::retrieval
