#include "assignment/ties.h"

#include <algorithm>

#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

struct Tied {
  size_t row;
  uint64_t equals;  // models, the chosen one among them
};

std::vector<size_t> quantitiesThatMatter(const Problem& problem) {
  std::vector<size_t> matter;
  for (size_t k = 0; k < problem.quantities.size(); ++k) {
    const bool limited = std::any_of(problem.limits.begin(), problem.limits.end(),
                                     [&](const Limit& limit) { return limit.quantity == static_cast<int>(k); });
    if (problem.objective[k] != 0 || problem.tieBreak == static_cast<int>(k) || limited) matter.push_back(k);
  }
  return matter;
}

// The rows of a range whose chosen model has equals.
std::vector<Tied> tiedRows(const Problem& problem, const std::vector<size_t>& quantities, compute::Range rows,
                           const uint8_t* choice) {
  std::vector<Tied> tied;
  for (size_t i = rows.begin; i < rows.end; ++i) {
    uint64_t equals = problem.allowedModels(i);
    for (const size_t k : quantities) {
      const float* values = problem.row(k, i);
      uint64_t same = 0;
      for (size_t j = 0; j < problem.models; ++j) same |= static_cast<uint64_t>(values[j] == values[choice[i]]) << j;
      equals &= same;
    }
    if ((equals & (equals - 1)) != 0) tied.push_back({i, equals});
  }
  return tied;
}

// Keeps count of what every limit has left while rows move.
class Mover {
 public:
  Mover(const Problem& problem, const Terms& terms, std::vector<double> slack)
      : problem_(problem), terms_(terms), slack_(std::move(slack)) {}

  // Makes the move if every limit that either model has for itself holds afterwards, or is no worse. No limit is both
  // models'.
  bool move(size_t row, size_t from, size_t to) {
    if (!fits(row, from, 1) || !fits(row, to, -1)) return false;
    forEachOwn(row, from, [](double& slack, double amount) { slack += amount; });
    forEachOwn(row, to, [](double& slack, double amount) { slack -= amount; });
    return true;
  }

 private:
  bool fits(size_t row, size_t model, double times) {
    bool fits = true;
    forEachOwn(row, model,
               [&](double& slack, double amount) { fits &= times * amount >= 0 || slack + times * amount >= 0; });
    return fits;
  }

  // Calls visit(slack, what the row with this model adds to the limit's signed sum).
  template <class Visit>
  void forEachOwn(size_t row, size_t model, const Visit& visit) {
    for (const Term& term : terms_.own(problem_.group(row), model))
      visit(slack_[static_cast<size_t>(term.limit)],
            term.quantity == kRequests
                ? term.sign
                : term.sign * static_cast<double>(problem_.row(static_cast<size_t>(term.quantity), row)[model]));
  }

  const Problem& problem_;
  const Terms& terms_;
  std::vector<double> slack_;
};

}  // namespace

bool spreadTies(const Problem& problem, const Terms& terms, uint64_t seed, std::vector<double> slack, uint8_t* choice,
                const compute::CancelFlag& cancel) {
  const std::vector<size_t> quantities = quantitiesThatMatter(problem);
  const compute::Chunks chunks(problem.rows, 8192);
  std::vector<std::vector<Tied>> tied(chunks.count());
  compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
    cancel.throwIfRaised();
    tied[chunk] = tiedRows(problem, quantities, chunks[chunk], choice);
  });
  // One after the other: each takes of the room that the next will find.
  Mover mover(problem, terms, std::move(slack));
  bool moved = false;
  for (const auto& part : tied)
    for (const Tied& row : part) {
      const size_t from = choice[row.row];
      size_t to = preferred(row.equals, seed, row.row);
      while (to != from && !mover.move(row.row, from, to)) {
        const uint64_t above = row.equals >> to >> 1 << to << 1;
        to = static_cast<size_t>(std::countr_zero(above != 0 ? above : row.equals));
      }
      moved |= to != from;
      choice[row.row] = static_cast<uint8_t>(to);
    }
  return moved;
}

}  // namespace omnirouter::assignment
