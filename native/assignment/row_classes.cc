#include "assignment/row_classes.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "compute/chunks.h"
#include "compute/pool.h"
#include "compute/random.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSlice = 32768;
// What classing a row takes, in readings of its values.
constexpr uint64_t kClassed = 8;

// Whether a quantity's values matter, and whether a constant added to them all does.
struct Use {
  bool matters = false;
  bool shiftable = true;
};

std::vector<Use> usesOf(const Problem& problem) {
  std::vector<Use> uses(problem.quantities.size());
  for (size_t k = 0; k < uses.size(); ++k) uses[k].matters = problem.objective[k] != 0;
  for (const Limit& limit : problem.limits) {
    if (limit.quantity == kRequests) continue;
    Use& use = uses[static_cast<size_t>(limit.quantity)];
    use.matters = true;
    use.shiftable &= limit.model == kAll;
  }
  return uses;
}

bool alike(const RowSet::Row& a, const RowSet::Row& b) {
  return a.group == b.group && a.models.size() == b.models.size() &&
         std::equal(a.models.begin(), a.models.end(), b.models.begin());
}

// The kinds among the rows added, with the number of each.
class Kinds {
 public:
  Kinds(const Problem& problem, const Terms& terms, const std::vector<Use>& uses)
      : rows(problem.quantities.size(), problem.limits.size()),
        problem_(problem),
        terms_(terms),
        uses_(uses),
        slots_(1024, kEmpty) {}

  // Counts `copies` more of a row; returns its kind.
  uint32_t add(const RowSet::Row& row) {
    normalise(row);
    const RowSet::Row plain{row.id, row.group, row.models, values_.data()};
    if (2 * (rows.size() + 1) > slots_.size()) grow();
    const uint64_t hash = hashOf(plain);
    for (size_t slot = hash & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
      const uint32_t kind = slots_[slot];
      if (kind == kEmpty) {
        slots_[slot] = static_cast<uint32_t>(rows.size());
        hashes_.push_back(hash);
        copies.push_back(row.copies);
        rows.add(plain);
        return static_cast<uint32_t>(rows.size() - 1);
      }
      const RowSet::Row other = rows[kind];
      if (hashes_[kind] == hash && alike(plain, other) &&
          std::memcmp(plain.values, other.values, valueCount(plain) * sizeof(float)) == 0) {
        copies[kind] += row.copies;
        return kind;
      }
    }
  }

  RowSet rows;  // one of each kind; its decided sums are what was taken out of the rows' values
  std::vector<double> copies;

 private:
  static constexpr uint32_t kEmpty = ~uint32_t{0};

  size_t valueCount(const RowSet::Row& row) const { return uses_.size() * row.models.size(); }

  // Writes the row's values to values_: those that matter, less what all candidates have in common.
  void normalise(const RowSet::Row& row) {
    const size_t count = row.models.size();
    values_.resize(valueCount(row));
    for (size_t k = 0; k < uses_.size(); ++k) {
      const float* from = row.values + k * count;
      float* to = values_.data() + k * count;
      if (!uses_[k].matters) {
        std::fill_n(to, count, 0.0f);
        continue;
      }
      const float common = uses_[k].shiftable ? from[0] : 0.0f;
      bool exact = true;
      for (size_t c = 0; c < count; ++c) {
        to[c] = from[c] - common;
        exact &= static_cast<double>(to[c]) == static_cast<double>(from[c]) - static_cast<double>(common);
      }
      if (!exact)
        std::copy_n(from, count, to);
      else if (common != 0)
        decide(row, k, common);
    }
  }

  void decide(const RowSet::Row& row, size_t k, float common) {
    const double amount = row.copies * static_cast<double>(common);
    rows.decided.objective += problem_.weight(k, row.group) * amount;
    for (const Term& term : terms_.shared(row.group))
      if (term.quantity == static_cast<int>(k))
        rows.decided.limit[static_cast<size_t>(term.limit)] += term.sign * amount;
  }

  uint64_t hashOf(const RowSet::Row& row) const {
    uint64_t models = 0;
    for (const uint8_t model : row.models) models |= uint64_t{1} << model;
    uint64_t hash = compute::hash(row.group, models);
    const float* value = row.values;
    const auto mix = [&](uint64_t bits) { hash = (hash ^ (hash >> 32) ^ bits) * 0x9E3779B97F4A7C15u; };
    size_t left = valueCount(row);
    for (; left >= 2; left -= 2, value += 2) {
      uint64_t bits;
      std::memcpy(&bits, value, sizeof bits);
      mix(bits);
    }
    if (left > 0) {
      uint32_t bits;
      std::memcpy(&bits, value, sizeof bits);
      mix(bits);
    }
    return compute::hash(hash, 0);
  }

  void grow() {
    slots_.assign(2 * slots_.size(), kEmpty);
    for (uint32_t kind = 0; kind < hashes_.size(); ++kind) {
      size_t slot = hashes_[kind] & (slots_.size() - 1);
      while (slots_[slot] != kEmpty) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = kind;
    }
  }

  const Problem& problem_;
  const Terms& terms_;
  const std::vector<Use>& uses_;
  std::vector<uint32_t> slots_;
  std::vector<uint64_t> hashes_;
  std::vector<float> values_;
};

}  // namespace

uint64_t classingWork(const Problem& problem, size_t candidates) {
  return kClassed * candidates * problem.quantities.size();
}

RowSet classesOf(const Problem& problem, const Terms& terms, const RowSet& set, const compute::CancelFlag& cancel,
                 std::vector<uint32_t>* classOf) {
  const std::vector<Use> uses = usesOf(problem);
  cancel.count(compute::WorkKind::entries, classingWork(problem, set.candidates()));
  const compute::Chunks chunks(set.size(), kSlice);
  std::vector<Kinds> parts(chunks.count(), Kinds(problem, terms, uses));
  if (classOf) classOf->resize(set.size());
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    const compute::Range range = chunks[chunk];
    for (size_t i = range.begin; i < range.end; ++i) {
      const uint32_t kind = parts[chunk].add(set[i]);
      if (classOf) (*classOf)[i] = kind;
    }
  });
  Kinds all(problem, terms, uses);
  std::vector<std::vector<uint32_t>> merged(chunks.count());  // what became of each part's kinds
  for (size_t chunk = 0; chunk < chunks.count(); ++chunk) {
    const Kinds& part = parts[chunk];
    all.rows.decided.add(part.rows.decided);
    for (size_t e = 0; e < part.rows.size(); ++e) {
      RowSet::Row row = part.rows[e];
      row.copies = part.copies[e];
      merged[chunk].push_back(all.add(row));
    }
  }
  std::vector<uint32_t> order(all.rows.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return all.copies[a] < all.copies[b]; });
  RowSet classes(problem.quantities.size(), problem.limits.size());
  classes.decided = set.decided;
  classes.weight = set.weight;
  for (size_t l = 0; l < problem.limits.size(); ++l) classes.decided.limit[l] += set.weight * all.rows.decided.limit[l];
  classes.decided.objective += set.weight * all.rows.decided.objective;
  classes.reserve(all.rows.size(), all.rows.candidates());
  for (const uint32_t kind : order) {
    RowSet::Row row = all.rows[kind];
    row.copies = all.copies[kind];
    classes.add(row);
  }
  if (classOf) {
    std::vector<uint32_t> place(order.size());
    for (uint32_t at = 0; at < order.size(); ++at) place[order[at]] = at;
    for (size_t chunk = 0; chunk < chunks.count(); ++chunk)
      for (size_t i = chunks[chunk].begin; i < chunks[chunk].end; ++i)
        (*classOf)[i] = place[merged[chunk][(*classOf)[i]]];
  }
  return classes;
}

}  // namespace omnirouter::assignment
