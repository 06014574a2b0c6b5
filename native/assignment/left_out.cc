#include "assignment/left_out.h"

#include <algorithm>
#include <cmath>

#include "assignment/newton.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kScaleSample = 256;
constexpr double kSampleTolerance = 1e-3;
// Less than this share of a kind is what the relaxation has not brought to 0 yet.
constexpr double kUnused = 1e-6;
// A limit that the bound of a sample misses by so many standard deviations is not met by all rows either.
constexpr double kHopeless = 4;
// The price of a model that no row is to have.
constexpr double kForbidding = 1e30;

// No more rows than these, per group and model, where they are `least` or more.
std::vector<Limit> countLimits(const Problem& problem, std::span<const double> rows, double least) {
  std::vector<Limit> limits;
  for (size_t at = 0; at < rows.size(); ++at)
    if (rows[at] >= least)
      limits.push_back({kRequests, false, rows[at],
                        problem.groupCount == 1 ? kAll : static_cast<int>(at / problem.models),
                        static_cast<int>(at % problem.models)});
  return limits;
}

// Which group and model such a limit counts.
size_t cellOf(const Problem& problem, const Limit& countLimit) {
  return static_cast<size_t>(std::max(countLimit.group, 0)) * problem.models + static_cast<size_t>(countLimit.model);
}

// Some rows, as a problem of their own.
struct Part {
  std::vector<std::vector<float>> values;
  std::vector<uint64_t> allowed;
  std::vector<uint16_t> groups;
  Problem problem;

  Part(const Problem& whole, const RowSample& sample) : values(whole.quantities.size()), problem(whole) {
    for (size_t b = 0; b < sample.blocks(); ++b)
      for (size_t i = sample[b].begin; i < sample[b].end; ++i) {
        for (size_t k = 0; k < values.size(); ++k)
          values[k].insert(values[k].end(), whole.row(k, i), whole.row(k, i) + whole.models);
        allowed.push_back(whole.allowedModels(i));
        groups.push_back(static_cast<uint16_t>(whole.group(i)));
      }
    problem.rows = allowed.size();
    for (size_t k = 0; k < values.size(); ++k) problem.quantities[k].values = values[k].data();
    problem.allowed = allowed.data();
    problem.groups = groups.data();
  }
};

}  // namespace

LeftOut::LeftOut(const Problem& problem, const std::vector<size_t>& limits, uint64_t seed)
    : problem_(problem), worth_(problem.quantities.size(), 0.0) {
  const RowSet few = openRows(problem, RowSample(problem.rows, kScaleSample, seed));
  const Scale scale = measureScale(problem, Terms(problem), few);
  for (const size_t l : limits) {
    const Limit& limit = problem.limits[l];
    if (!isReachable(limit)) continue;
    worth_[static_cast<size_t>(limit.quantity)] +=
        limit.sign() * scale.price[static_cast<Eigen::Index>(l)] / scale.objective;
    if (limits.size() == 1) only_ = &limit;
  }
  if (!limits.empty() || problem.tieBreak < 0) return;
  Problem ties = problem;
  std::fill(ties.objective.begin(), ties.objective.end(), 0.0);
  ties.objective[static_cast<size_t>(problem.tieBreak)] = problem.tieSign();
  worth_[static_cast<size_t>(problem.tieBreak)] = problem.tieSign() / measureScale(ties, Terms(ties), few).objective;
}

bool LeftOut::askSample(const RowSample& sample, const Problem& core, const Terms& coreTerms, const Options& options,
                        const compute::CancelFlag& cancel, int& evaluations) {
  Part sampled(problem_, sample);
  Problem& part = sampled.problem;
  KindCounter counter(part);
  std::vector<size_t> kind;
  for (size_t i = 0; i < part.rows; ++i) kind.push_back(counter.add(i));
  if (counter.kinds().size() > kMostRowKinds) return true;
  RowSet kinds = rowsByKind(core, counter.kinds(), counter.counts());
  const double share = static_cast<double>(part.rows) / static_cast<double>(problem_.rows);
  kinds.weight = 1 / share;
  const CheapestCounts counts = cheapestCounts(core, coreTerms, kinds, cancel);
  evaluations += counts.evaluations;
  if (!counts.found) return true;

  // Each row's models are those that its kind uses.
  const std::vector<uint64_t> used = modelsInUse(kinds, counts.amount, kUnused);
  for (size_t i = 0; i < part.rows; ++i) sampled.allowed[i] = used[kind[i]];
  intoObjective(part);
  std::vector<double> rows = rowsOfModels(problem_, kinds, counts.amount);
  for (double& most : rows) most = std::ceil(most - kUnused * static_cast<double>(part.rows));
  part.limits = countLimits(problem_, rows, 1);
  const PriceSearch search = searchPrices(part, Terms(part), nullptr, kSampleTolerance, options.seed, cancel);
  evaluations += search.evaluations;
  if (search.diverged) return false;
  prices_.assign(rows.size(), 0.0);
  for (size_t l = 0; l < part.limits.size(); ++l)
    prices_[cellOf(problem_, part.limits[l])] = search.prices[static_cast<Eigen::Index>(l)];
  return !only_ || !isHopeless(part, search);
}

// Whether the sample's dual bound on how well the one limit left out can be served misses it by more than chance.
bool LeftOut::isHopeless(const Problem& part, const PriceSearch& search) const {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < part.rows; ++i) {
    const size_t j = search.choice[i];
    double reduced = price(part.group(i), j);
    for (size_t k = 0; k < worth_.size(); ++k)
      reduced += part.weight(k, part.group(i)) * static_cast<double>(part.row(k, i)[j]);
    sum += reduced;
    squares += reduced * reduced;
  }
  const auto n = static_cast<double>(part.rows);
  const double deviation = std::sqrt(std::max(0.0, squares - sum * sum / n));
  for (size_t l = 0; l < part.limits.size(); ++l)
    sum -= search.prices[static_cast<Eigen::Index>(l)] * part.limits[l].bound;
  const double weight = static_cast<double>(problem_.rows) / n;
  return weight * (sum - kHopeless * deviation) > wanted();
}

// What the one limit left out allows of the objective of dealing.
double LeftOut::wanted() const {
  return farthest(*only_) * std::abs(worth_[static_cast<size_t>(only_->quantity)]);
}

// The objective of dealing.
void LeftOut::intoObjective(Problem& problem) const {
  problem.objective = worth_;
  problem.objectiveGroup = only_ ? only_->group : kAll;
  problem.tieBreak = -1;
}

Certificate LeftOut::certifyServed(const RowSet& kinds, std::span<const double> rows,
                                   const std::vector<uint8_t>& choice, const compute::CancelFlag& cancel) const {
  Problem served = problem_;
  intoObjective(served);
  std::vector<double> prices(served.limits.size(), 0.0);
  const std::vector<double> count = rowsOfModels(problem_, kinds, rows);
  for (const Limit& limit : countLimits(problem_, count, 0)) {
    const size_t at = cellOf(problem_, limit);
    served.limits.push_back(limit);
    prices.push_back(count[at] == 0 ? kForbidding : prices_.empty() ? 0 : prices_[at]);
  }
  return certify(served, prices, choice.data(), cancel);
}

std::optional<Reach> LeftOut::serveOnly(const Certificate& dealt, const RowSet& kinds, const KindCounts& counts,
                                        std::span<const double> rows, const Options& options,
                                        const compute::CancelFlag& cancel) const {
  if (!only_ || dealt.dual > wanted()) return {};
  const std::vector<uint64_t> used = modelsInUse(kinds, rows, 0);
  Problem serving = problem_;
  std::vector<uint64_t> allowed(problem_.rows, used[0]);
  if (kinds.size() > 1)
    for (size_t i = 0; i < problem_.rows; ++i) allowed[i] = used[counts.placeOf(kindOf(problem_, i))];
  serving.allowed = allowed.data();
  serving.limits = countLimits(problem_, rowsOfModels(problem_, kinds, rows), 1);
  return reachLimit(serving, *only_, options, cancel);
}

}  // namespace omnirouter::assignment
