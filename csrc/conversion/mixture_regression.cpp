#include "conversion/mixture_regression.h"

#include <algorithm>

#include "base/checks.h"
#include "base/parallel.h"
#include "conversion/triangular.h"

namespace wavenet {
MixtureRegression::MixtureRegression(const MixtureView& mixture, std::size_t source,
                                     std::size_t threads)
    : source_(source),
      target_(mixture.size - source),
      offset_(mean_of_means(mixture, source)),
      density_(mixture, source, offset_.data(), threads),
      components_(mixture.components) {
  parallel_for(mixture.components, threads, [&](std::size_t m) { pack(mixture, m); });
}

// With L the Cholesky factor of the whole covariance, in blocks (Lxx, 0; Lyx, Lyy): the slopes are
// Lyx Lxx^-1, and the covariance of y given x is Lyy Lyy^T.
void MixtureRegression::pack(const MixtureView& mixture, std::size_t m) {
  const std::size_t size = mixture.size;
  const Cholesky factor(mixture.covariances + m * size * size, size, size);
  require(factor.positive_definite(), "the covariance of component ", m,
          " is not positive definite");
  const AlignedBuffer<double> inverse = factor.inverse_of_lower(source_);
  Component& component = components_[m];
  std::vector<float> slopes(target_ * source_);
  std::vector<double> slope(source_);
  for (std::size_t i = 0; i < target_; ++i) {
    std::fill(slope.begin(), slope.end(), 0.0);
    for (std::size_t k = 0; k < source_; ++k) {
      const double value = factor.lower(source_ + i, k);
      const double* row = inverse.data() + k * factor.stride();
      for (std::size_t j = 0; j <= k; ++j) slope[j] += value * row[j];
    }
    std::copy(slope.begin(), slope.end(), slopes.data() + i * source_);
    component.means.push_back(mixture.means[m * size + source_ + i]);
    double variance = 0.0;
    for (std::size_t k = source_; k <= source_ + i; ++k) {
      variance += factor.lower(source_ + i, k) * factor.lower(source_ + i, k);
    }
    component.variances.push_back(variance);
  }
  LayerWeights weights(padded(target_), source_);
  weights.set(0, 0, {slopes.data(), target_, source_, source_, 1});
  component.slopes = PackedLinear(density_.kernels().float32, weights);
}

void MixtureRegression::conditional(const double* x, std::size_t frames, bool best,
                                    std::size_t threads, double* means, double* variances) const {
  const std::size_t blocks = (frames + kMixtureBlock - 1) / kMixtureBlock;
  parallel_for(blocks, threads, [&](std::size_t b) {
    const std::size_t start = b * kMixtureBlock;
    block(x + start * source_, std::min(kMixtureBlock, frames - start), best,
          means + start * target_, variances + start * target_);
  });
}

void MixtureRegression::block(const double* x, std::size_t count, bool best, double* means,
                              double* variances) const {
  const std::size_t width = density_.width();
  AlignedBuffer<float> rows(count * width, 0.0f);
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t i = 0; i < source_; ++i) {
      rows[r * width + i] = static_cast<float>(x[r * source_ + i] - offset_[i]);
    }
  }
  MixtureDensity::Scratch scratch;
  std::vector<LogJoint> joints;
  density_.log_joints({rows.data(), x, count}, kNegligible, {}, joints, scratch);
  std::stable_sort(joints.begin(), joints.end(),
                   [](const LogJoint& a, const LogJoint& b) { return a.component < b.component; });
  std::vector<double> log_likelihoods(count);
  const std::vector<Membership> found =
      memberships(joints, count, best ? 0.0 : kNegligible, log_likelihoods.data());
  std::fill_n(means, count * target_, 0.0);
  std::fill_n(variances, count * target_, 0.0);
  AlignedBuffer<float> differences(count * width), products;
  std::vector<std::uint32_t> chosen;
  for (auto first = found.begin(); first != found.end();) {
    const std::uint32_t m = first->component;
    const auto last =
        std::find_if(first, found.end(), [&](const Membership& one) { return one.component != m; });
    const Component& component = components_[m];
    chosen.clear();
    for (auto one = first; one != last; ++one) chosen.push_back(one->row);
    density_.kernels().mixture.gather_differences(rows.data(), width, chosen.data(), chosen.size(),
                                                  density_.centre(m), width, differences.data());
    products.assign(chosen.size() * component.slopes.outputs(), 0.0f);
    component.slopes.accumulate(differences.data(), width * sizeof(float), products.data(),
                                component.slopes.outputs(), chosen.size());
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      const double share = first[static_cast<std::ptrdiff_t>(k)].posterior;
      const float* product = products.data() + k * component.slopes.outputs();
      double* mean = means + chosen[k] * target_;
      double* variance = variances + chosen[k] * target_;
      for (std::size_t i = 0; i < target_; ++i) {
        mean[i] += share * (component.means[i] + product[i]);
        variance[i] += share * component.variances[i];
      }
    }
    first = last;
  }
}

}  // namespace wavenet
