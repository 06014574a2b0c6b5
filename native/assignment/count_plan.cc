#include "assignment/count_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "assignment/certificate.h"
#include "assignment/choose.h"
#include "assignment/kinds_lp.h"
#include "assignment/price_search.h"
#include "assignment/reach.h"
#include "assignment/recovery.h"
#include "assignment/whole_rows.h"
#include "compute/chunks.h"
#include "compute/pool.h"

namespace omnirouter::assignment {

namespace {

constexpr size_t kSample = 2048;
constexpr size_t kSlice = 16384;
constexpr size_t kMostKinds = 4096;
// How far the prices of counts may reach, in natural units: at first, and as often as they want out of that.
constexpr double kReach = 16, kWidening = 8;
constexpr int kAttempts = 5;
// A price this near to the far side of its box, as a share of its width, wants out.
constexpr double kEdge = 0.02;
constexpr double kPrecision = 1e-12;
// A ray's price this near to a side of its box, as a share of its width, is meant to be there.
constexpr double kSide = 1e-4;
// Less than this share of a kind is what the relaxation has not brought to 0 yet.
constexpr double kUnused = 1e-6;
constexpr double kSampleTolerance = 1e-3;
// A limit that the bound of a sample misses by so many standard deviations is not met by all rows either.
constexpr double kHopeless = 4;
// The price of a model that no row is to have.
constexpr double kForbidding = 1e30;
// What it costs a model to be ahead of the others in taking its share, in the natural size of what a row is worth: enough
// to break ties evenly.
constexpr double kAhead = 0.02;

// Rows that are alike in everything but what differs between rows.
struct Kind {
  uint16_t group;
  uint64_t allowed;
  bool operator<(const Kind& other) const {
    return group != other.group ? group < other.group : allowed < other.allowed;
  }
};

// How many rows there are of each kind; rows of a kind often follow each other.
class KindCounter {
 public:
  explicit KindCounter(const Problem& problem) : problem_(problem) {}

  // The place of the row's kind in kinds().
  size_t add(size_t row) {
    const Kind kind{static_cast<uint16_t>(problem_.group(row)), problem_.allowedModels(row)};
    if (counts_.empty() || kind < kinds_[last_] || kinds_[last_] < kind) {
      const auto [found, isNew] = places_.try_emplace(kind, kinds_.size());
      last_ = found->second;
      if (isNew) {
        kinds_.push_back(kind);
        counts_.push_back(0);
      }
    }
    ++counts_[last_];
    return last_;
  }

  const std::vector<Kind>& kinds() const { return kinds_; }
  const std::vector<size_t>& counts() const { return counts_; }

 private:
  const Problem& problem_;
  std::map<Kind, size_t> places_;
  std::vector<Kind> kinds_;
  std::vector<size_t> counts_;
  size_t last_ = 0;
};

class CountPlanner {
 public:
  CountPlanner(const Problem& problem, const Options& options, const compute::CancelFlag& cancel)
      : problem_(problem), options_(options), cancel_(cancel), core_(problem) {}

  std::optional<CountPlan> run() {
    const RowSample sample(problem_.rows, kSample, options_.seed);
    if (!findUniform(sample)) return {};
    std::erase_if(core_.limits, [&](const Limit& limit) { return !isUniform(limit); });
    coreTerms_.emplace(core_);
    // Counts that cannot be had in a sample are looked at in all rows.
    if (hasPreferences() && !askSample(sample) && solved_) return {};
    if (!countKinds() || cancel_.timeIsUp()) return {};
    if (!solveCounts()) return conflict();
    if (cancel_.timeIsUp()) return {};
    if (!takeWholeRows()) return {};
    deal();
    const Certificate dealt = certifyServed();
    if (!holds(dealt) && !serveMissedLimit(dealt)) return {};
    plan_.scale = scale_.objective;
    return std::move(plan_);
  }

 private:
  bool isUniform(const Limit& limit) const {
    return limit.quantity == kRequests || uniform_[static_cast<size_t>(limit.quantity)];
  }

  bool isLike(size_t quantity, size_t row) const {
    return std::memcmp(problem_.row(quantity, row), problem_.row(quantity, 0), problem_.models * sizeof(float)) == 0;
  }

  // Which quantities are the same in all rows of the sample; whether all that the objective weighs are.
  bool findUniform(const RowSample& sample) {
    uniform_.assign(problem_.quantities.size(), true);
    for (size_t b = 0; b < sample.blocks(); ++b)
      for (size_t i = sample[b].begin; i < sample[b].end; ++i)
        for (size_t k = 0; k < uniform_.size(); ++k) {
          uniform_[k] = uniform_[k] && isLike(k, i);
          if (!uniform_[k] && problem_.objective[k] != 0) return false;
        }
    return true;
  }

  // The quantities of the limits left out, weighed alike in their natural units: what rows are dealt out by.
  bool hasPreferences() {
    const RowSet few = openRows(problem_, RowSample(problem_.rows, 256, options_.seed));
    const Scale scale = measureScale(problem_, Terms(problem_), few);
    worth_.assign(problem_.quantities.size(), 0.0);
    size_t out = 0;
    for (size_t l = 0; l < problem_.limits.size(); ++l) {
      const Limit& limit = problem_.limits[l];
      if (isUniform(limit)) continue;
      only_ = ++out == 1 && isReachable(limit) ? &limit : nullptr;
      if (isReachable(limit))
        worth_[static_cast<size_t>(limit.quantity)] +=
            limit.sign() * scale.price[static_cast<Eigen::Index>(l)] / scale.objective;
    }
    return out > 0;
  }

  // Prices of the counts, from a sample at its own cheapest counts; false if that says that a limit left out will not be
  // met.
  bool askSample(const RowSample& sample) {
    std::vector<std::vector<float>> values(problem_.quantities.size());
    std::vector<uint64_t> allowed;
    std::vector<uint16_t> groups;
    Problem part = problem_;
    for (size_t b = 0; b < sample.blocks(); ++b)
      for (size_t i = sample[b].begin; i < sample[b].end; ++i) {
        for (size_t k = 0; k < values.size(); ++k)
          values[k].insert(values[k].end(), problem_.row(k, i), problem_.row(k, i) + problem_.models);
        allowed.push_back(problem_.allowedModels(i));
        groups.push_back(static_cast<uint16_t>(problem_.group(i)));
      }
    part.rows = allowed.size();
    for (size_t k = 0; k < values.size(); ++k) part.quantities[k].values = values[k].data();
    part.allowed = allowed.data();
    part.groups = groups.data();

    const double share = static_cast<double>(part.rows) / static_cast<double>(problem_.rows);
    kinds_ = RowSet(problem_.quantities.size(), core_.limits.size());
    kinds_.weight = 1 / share;
    KindCounter counter(part);
    for (size_t i = 0; i < part.rows; ++i) counter.add(i);
    if (counter.kinds().size() > kMostKinds) return false;
    addKinds(counter.kinds(), counter.counts());
    if (!solveCounts()) return false;

    // Each row's models are those that its kind uses.
    std::vector<uint64_t> used(kinds_.size(), 0);
    std::vector<double> count(problem_.groupCount * problem_.models, 0.0);
    forEachCandidate([&](size_t k, const RowSet::Row& kind, size_t c, size_t at) {
      count[kind.group * problem_.models + kind.models[c]] += amount_[at];
      if (amount_[at] > kUnused * kind.copies) used[k] |= uint64_t{1} << kind.models[c];
    });
    KindCounter again(part);
    std::vector<size_t> kindOf(part.rows);
    for (size_t i = 0; i < part.rows; ++i) kindOf[i] = again.add(i);
    for (size_t i = 0; i < part.rows; ++i) allowed[i] = used[kindOf[i]];
    serve(part);
    for (double& most : count) most = std::ceil(most - kUnused * static_cast<double>(part.rows));
    part.limits = countLimits(count, 1);
    const Terms terms(part);
    const PriceSearch search = searchPrices(part, terms, nullptr, kSampleTolerance, options_.seed, cancel_);
    plan_.evaluations += search.evaluations;
    if (search.diverged) return false;
    price_.assign(count.size(), 0.0);
    for (size_t l = 0; l < part.limits.size(); ++l)
      price_[cellOf(part.limits[l])] = search.prices[static_cast<Eigen::Index>(l)];
    return !only_ || !isHopeless(part, search);
  }

  // Whether the sample's dual bound on how well the one limit left out can be served misses it by more than chance.
  bool isHopeless(const Problem& part, const PriceSearch& search) const {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < part.rows; ++i) {
      const size_t j = search.choice[i];
      double reduced = price_[part.group(i) * part.models + j];
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
  double wanted() const {
    return (only_->sign() * only_->bound + tolerance(*only_)) * std::abs(worth_[static_cast<size_t>(only_->quantity)]);
  }

  // No more rows than `count`, per group and model, where that is `least` or more.
  std::vector<Limit> countLimits(const std::vector<double>& count, double least) const {
    std::vector<Limit> limits;
    for (size_t at = 0; at < count.size(); ++at)
      if (count[at] >= least)
        limits.push_back({kRequests, false, count[at],
                          problem_.groupCount == 1 ? kAll : static_cast<int>(at / problem_.models),
                          static_cast<int>(at % problem_.models)});
    return limits;
  }
  size_t cellOf(const Limit& countLimit) const {
    return static_cast<size_t>(std::max(countLimit.group, 0)) * problem_.models + static_cast<size_t>(countLimit.model);
  }

  void addKinds(const std::vector<Kind>& kinds, const std::vector<size_t>& counts) {
    std::vector<float> values;
    std::vector<uint8_t> models;
    for (size_t k = 0; k < kinds.size(); ++k) {
      models.clear();
      values.clear();
      for (size_t j = 0; j < problem_.models; ++j)
        if (kinds[k].allowed >> j & 1) models.push_back(static_cast<uint8_t>(j));
      for (size_t q = 0; q < problem_.quantities.size(); ++q)
        for (const uint8_t j : models) values.push_back(problem_.row(q, 0)[j]);
      kinds_.add({0, kinds[k].group, models, values.data(), static_cast<double>(counts[k])},
                 models.size() == 64 ? ~uint64_t{0} : (uint64_t{1} << models.size()) - 1);
    }
  }

  // Kinds of all rows, and of how many; false if they are too many, or rows differ where the sample's did not.
  bool countKinds() {
    const compute::Chunks chunks(problem_.rows, kSlice);
    const bool oneKind = problem_.groups == nullptr && problem_.allowed == nullptr;
    std::vector<KindCounter> parts(chunks.count(), KindCounter(problem_));
    std::vector<char> ordinary(chunks.count(), 1);
    compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
      cancel_.throwIfRaised();
      const compute::Range rows = chunks[chunk];
      bool like = true;
      for (size_t k = 0; k < uniform_.size(); ++k)
        if (uniform_[k] && matters(k))
          for (size_t i = rows.begin; like && i < rows.end; ++i) like = isLike(k, i);
      if (!oneKind)
        for (size_t i = rows.begin; i < rows.end && parts[chunk].kinds().size() <= kMostKinds; ++i) parts[chunk].add(i);
      ordinary[chunk] = like && parts[chunk].kinds().size() <= kMostKinds;
    });
    if (std::count(ordinary.begin(), ordinary.end(), 0) > 0) return false;
    std::map<Kind, size_t> all;
    if (oneKind) all[{0, problem_.everyModel()}] = problem_.rows;
    for (const KindCounter& part : parts)
      for (size_t k = 0; k < part.kinds().size(); ++k) all[part.kinds()[k]] += part.counts()[k];
    if (all.size() > kMostKinds) return false;
    std::vector<Kind> kinds;
    std::vector<size_t> counts;
    placeOf_.clear();
    for (const auto& [kind, count] : all) {
      placeOf_[kind] = kinds.size();
      kinds.push_back(kind);
      counts.push_back(count);
    }
    rowsOf_.assign(chunks.count(), std::vector<size_t>(kinds.size(), 0));
    for (size_t chunk = 0; chunk < chunks.count(); ++chunk) {
      if (oneKind) rowsOf_[chunk][0] = chunks[chunk].size();
      for (size_t k = 0; k < parts[chunk].kinds().size(); ++k)
        rowsOf_[chunk][placeOf_.at(parts[chunk].kinds()[k])] = parts[chunk].counts()[k];
    }
    kinds_ = RowSet(problem_.quantities.size(), core_.limits.size());
    addKinds(kinds, counts);
    return true;
  }

  bool matters(size_t quantity) const {
    return problem_.objective[quantity] != 0 ||
           std::any_of(core_.limits.begin(), core_.limits.end(),
                       [&](const Limit& limit) { return limit.quantity == static_cast<int>(quantity); });
  }

  // Calls visit(kind, its row, candidate, place of the candidate among all).
  template <class Visit>
  void forEachCandidate(const Visit& visit) const {
    size_t at = 0;
    for (size_t k = 0; k < kinds_.size(); ++k) {
      const RowSet::Row kind = kinds_[k];
      for (size_t c = 0; c < kind.models.size(); ++c) visit(k, kind, c, at++);
    }
  }

  // The transportation problem: how many rows of each kind go to each model, and the prices that say so.
  bool solveCounts() {
    solved_ = false;
    scale_ = measureScale(core_, *coreTerms_, kinds_);
    Eigen::VectorXd reach = kReach * scale_.price;
    corePrices_ = Eigen::VectorXd::Zero(reach.size());
    KindsPlan plan;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const PriceBox box = PriceBox::all(scale_).around(Eigen::VectorXd::Zero(reach.size()), reach);
      plan = solveKinds(core_, *coreTerms_, kinds_, box, Eigen::VectorXd::Zero(reach.size()), scale_.objective,
                        kPrecision, cancel_);
      plan_.evaluations += plan.steps;
      bool inside = true;
      for (Eigen::Index l = 0; l < reach.size(); ++l)
        if (plan.prices[l] > (1 - kEdge) * box.high[l]) {
          inside = false;
          reach[l] *= kWidening;
        }
      if (!inside) continue;
      if (!std::all_of(plan.amount.begin(), plan.amount.end(), [](double amount) { return std::isfinite(amount); }))
        return false;
      amount_ = std::move(plan.amount);
      corePrices_ = plan.prices;
      return solved_ = true;
    }
    return false;
  }

  // The same without an objective, in a box: where the limits conflict, the ray that proves it.
  std::optional<CountPlan> conflict() {
    Problem bare = core_;
    std::fill(bare.objective.begin(), bare.objective.end(), 0.0);
    const Scale scale = measureScale(bare, *coreTerms_, kinds_);
    const PriceBox box{Eigen::VectorXd::Zero(scale.price.size()), scale.price};
    const KindsPlan plan =
        solveKinds(bare, *coreTerms_, kinds_, box, 0.5 * scale.price, scale.objective, kPrecision, cancel_);
    plan_.evaluations += plan.steps;
    for (Eigen::Index l = 0; l < plan.prices.size(); ++l) {
      const double share = plan.prices[l] / scale.price[l];
      corePrices_[l] = share < kSide ? 0 : share > 1 - kSide ? scale.price[l] : plan.prices[l];
    }
    takePrices();
    double magnitude = 0;
    const std::span<const double> prices(plan_.prices.data(), static_cast<size_t>(plan_.prices.size()));
    if (!(rayValue(problem_, prices, magnitude, cancel_) > 1e-12 * magnitude)) return {};
    plan_.conflict = true;
    plan_.scale = scale_.objective;
    plan_.choice.resize(problem_.rows);
    chooseLeast(problem_, prices, plan_.choice.data(), cancel_);
    return std::move(plan_);
  }

  // Counts in whole rows; false if these miss a limit. Limits that they leave room in have no price.
  bool takeWholeRows() {
    whole_ = wholeRows(kinds_, amount_, problem_.models);
    Sums sums(core_.limits.size());
    forEachCandidate([&](size_t, RowSet::Row kind, size_t c, size_t at) {
      kind.copies = whole_[at];
      addChoice(core_, *coreTerms_, kind, c, sums);
    });
    Eigen::VectorXd tight = corePrices_;
    for (size_t l = 0; l < core_.limits.size(); ++l) {
      const Limit& limit = core_.limits[l];
      const double slack = limit.sign() * limit.bound - sums.limit[l];
      if (slack < -tolerance(limit)) return false;
      if (slack > tolerance(limit)) tight[static_cast<Eigen::Index>(l)] = 0;
    }
    if (dualOf(tight) >= dualOf(corePrices_)) corePrices_ = tight;
    return true;
  }

  double dualOf(const Eigen::VectorXd& prices) const {
    const Reduced reduced(core_, {prices.data(), static_cast<size_t>(prices.size())});
    double value = 0;
    for (size_t k = 0; k < kinds_.size(); ++k) {
      const RowSet::Row kind = kinds_[k];
      double least = std::numeric_limits<double>::infinity();
      for (size_t c = 0; c < kind.models.size(); ++c) {
        const uint8_t j = kind.models[c];
        double r = reduced.base(kind.group)[j];
        for (size_t q = 0; q < problem_.quantities.size(); ++q)
          r += reduced.weight(kind.group, q)[j] * kind.value(q, c);
        least = std::min(least, r);
      }
      value += kind.copies * least;
    }
    for (size_t l = 0; l < core_.limits.size(); ++l)
      value -= prices[static_cast<Eigen::Index>(l)] * core_.limits[l].sign() * core_.limits[l].bound;
    return value;
  }

  // Per kind and model, how many of a slice's rows go there: of what is left its fair share, by largest remainder.
  std::vector<uint32_t> takeShare(std::vector<double>& left, std::vector<double>& rowsLeft,
                                  const std::vector<size_t>& rows) const {
    std::vector<uint32_t> quota(kinds_.size() * problem_.models, 0);
    std::vector<size_t> order;
    size_t first = 0;
    for (size_t k = 0; k < kinds_.size(); ++k) {
      const auto models = kinds_[k].models;
      const double share = rowsLeft[k] > 0 ? static_cast<double>(rows[k]) / rowsLeft[k] : 0;
      const auto fraction = [&](size_t c) { return share * left[first + c] - std::floor(share * left[first + c]); };
      size_t missing = rows[k];
      order.clear();
      for (size_t c = 0; c < models.size(); ++c) {
        const double whole = std::floor(share * left[first + c]);
        quota[k * problem_.models + models[c]] = static_cast<uint32_t>(whole);
        missing -= static_cast<size_t>(whole);
        if (fraction(c) > 0) order.push_back(c);
      }
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return fraction(a) > fraction(b); });
      for (size_t n = 0; n < missing && n < order.size(); ++n) ++quota[k * problem_.models + models[order[n]]];
      for (size_t c = 0; c < models.size(); ++c) left[first + c] -= quota[k * problem_.models + models[c]];
      rowsLeft[k] -= static_cast<double>(rows[k]);
      first += models.size();
    }
    return quota;
  }

  // Gives every row a model, slice by slice, so that every kind's counts are kept.
  void deal() {
    std::vector<double> left = whole_, rowsLeft;
    for (size_t k = 0; k < kinds_.size(); ++k) rowsLeft.push_back(kinds_[k].copies);
    std::vector<std::vector<uint32_t>> quotas;
    for (const std::vector<size_t>& rows : rowsOf_) quotas.push_back(takeShare(left, rowsLeft, rows));
    plan_.choice.resize(problem_.rows);
    const compute::Chunks chunks(problem_.rows, kSlice);
    compute::Pool::shared().forEachChunk(chunks.count(), [&](size_t chunk) {
      cancel_.throwIfRaised();
      dealSlice(chunks[chunk], quotas[chunk]);
    });
    takePrices();
  }

  // Those of the limits left out are 0.
  void takePrices() {
    plan_.prices = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(problem_.limits.size()));
    Eigen::Index at = 0;
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      if (isUniform(problem_.limits[l])) plan_.prices[static_cast<Eigen::Index>(l)] = corePrices_[at++];
  }

  // Each row in turn gets the model that is best for it, of those that still have room. A model that is ahead in filling
  // its share is held back a little, so that none runs out early and ties are spread evenly.
  void dealSlice(compute::Range rows, std::vector<uint32_t>& quota) {
    constexpr float kFull = std::numeric_limits<float>::infinity();
    const size_t models = problem_.models;
    std::vector<float> level(quota.size()), step(quota.size());
    for (size_t k = 0; k < kinds_.size(); ++k)
      for (size_t j = 0; j < models; ++j) {
        const size_t at = k * models + j;
        level[at] = quota[at] == 0   ? kFull
                    : price_.empty() ? 0.0f
                                     : static_cast<float>(price_[kinds_[k].group * models + j]);
        step[at] = quota[at] == 0 ? 0.0f : static_cast<float>(kAhead / quota[at]);
      }
    std::vector<std::pair<const float*, float>> weighed;
    for (size_t q = 0; q < worth_.size(); ++q)
      if (worth_[q] != 0) weighed.emplace_back(problem_.row(q, 0), static_cast<float>(worth_[q]));
    const bool oneKind = kinds_.size() == 1;
    size_t kind = 0;
    Kind last{};
    float score[kMaxModels];
    for (size_t i = rows.begin; i < rows.end; ++i) {
      if (!oneKind) {
        const Kind own{static_cast<uint16_t>(problem_.group(i)), problem_.allowedModels(i)};
        if (i == rows.begin || own < last || last < own) kind = placeOf_.find(own)->second;
        last = own;
      }
      float* height = level.data() + kind * models;
      std::copy_n(height, models, score);
      for (const auto& [values, weight] : weighed)
        for (size_t j = 0; j < models; ++j) score[j] += weight * values[i * models + j];
      size_t best = 0;
      for (size_t j = 1; j < models; ++j)
        if (score[j] < score[best]) best = j;
      plan_.choice[i] = static_cast<uint8_t>(best);
      const size_t at = kind * models + best;
      height[best] = --quota[at] == 0 ? kFull : height[best] + step[at];
    }
  }

  // The plan with the limits as stated, beside the most that those left out could be served at these counts.
  Certificate certifyServed() const {
    Problem served = problem_;
    serve(served);
    std::vector<double> prices(served.limits.size(), 0.0), count(problem_.groupCount * problem_.models, 0.0);
    forEachCandidate([&](size_t, const RowSet::Row& kind, size_t c, size_t at) {
      count[kind.group * problem_.models + kind.models[c]] += whole_[at];
    });
    for (const Limit& limit : countLimits(count, 0)) {
      const size_t at = cellOf(limit);
      served.limits.push_back(limit);
      prices.push_back(count[at] == 0 ? kForbidding : price_.empty() ? 0 : price_[at]);
    }
    return certify(served, prices, plan_.choice.data(), cancel_);
  }

  // The objective of dealing.
  void serve(Problem& problem) const {
    problem.objective = worth_;
    problem.objectiveGroup = only_ ? only_->group : kAll;
    problem.tieBreak = -1;
  }

  bool holds(const Certificate& certificate) const {
    for (size_t l = 0; l < problem_.limits.size(); ++l)
      if (certificate.slack[l] < -tolerance(problem_.limits[l])) return false;
    return true;
  }

  // Makes the most of the one limit left out, at these counts.
  bool serveMissedLimit(const Certificate& dealt) {
    if (!only_ || cancel_.timeIsUp()) return false;
    if (dealt.dual > wanted()) return false;
    std::vector<double> count(problem_.groupCount * problem_.models, 0.0);
    std::vector<uint64_t> used(kinds_.size(), 0);
    forEachCandidate([&](size_t k, const RowSet::Row& kind, size_t c, size_t at) {
      count[kind.group * problem_.models + kind.models[c]] += whole_[at];
      if (whole_[at] > 0) used[k] |= uint64_t{1} << kind.models[c];
    });
    Problem serving = problem_;
    std::vector<uint64_t> allowed(problem_.rows, used[0]);
    if (kinds_.size() > 1)
      for (size_t i = 0; i < problem_.rows; ++i)
        allowed[i] = used[placeOf_.at({static_cast<uint16_t>(problem_.group(i)), problem_.allowedModels(i)})];
    serving.allowed = allowed.data();
    serving.limits = countLimits(count, 1);
    Reach best = reachLimit(serving, *only_, options_, cancel_);
    plan_.evaluations += best.evaluations;
    plan_.choice = std::move(best.choice);
    const std::span<const double> prices(plan_.prices.data(), static_cast<size_t>(plan_.prices.size()));
    return certify(problem_, prices, plan_.choice.data(), cancel_).holds;
  }

  const Problem& problem_;
  const Options& options_;
  const compute::CancelFlag& cancel_;
  Problem core_;  // the problem without the limits on what differs between rows
  std::optional<Terms> coreTerms_;
  std::vector<char> uniform_;                // per quantity, whether it is the same in all rows
  const Limit* only_ = nullptr;              // the one limit left out, if it is one
  std::vector<double> worth_;                // per quantity, for dealing; less is better
  std::vector<double> price_;                // per group and model, in the units of worth_
  std::map<Kind, size_t> placeOf_;           // of every kind in kinds_
  std::vector<std::vector<size_t>> rowsOf_;  // per slice and kind
  RowSet kinds_;
  Scale scale_;
  bool solved_ = false;  // whether the counts asked for last can be had
  Eigen::VectorXd corePrices_;
  std::vector<double> amount_, whole_;  // per candidate of every kind, rows
  CountPlan plan_;
};

}  // namespace

std::optional<CountPlan> planByCounts(const Problem& problem, const Options& options,
                                      const compute::CancelFlag& cancel) {
  return CountPlanner(problem, options, cancel).run();
}

}  // namespace omnirouter::assignment
