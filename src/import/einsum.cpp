#include "import/einsum.h"

#include <algorithm>

#include "base/error.h"

namespace mote {
namespace {

bool has(const std::string& labels, char label) { return labels.find(label) != labels.npos; }

// An ellipsis becomes upper-case labels, the last one the same in every operand. Equations use
// lower-case ones; an upper-case label of theirs is refused to keep the two apart.
std::string expand_ellipsis(std::string labels, int rank) {
  labels.erase(std::remove(labels.begin(), labels.end(), ' '), labels.end());
  const size_t dots = labels.find("...");
  if (dots == labels.npos) return labels;
  const int count = rank - static_cast<int>(labels.size() - 3);
  if (count < 0 || count > 8) fail_user("einsum '{}' of a tensor of rank {}", labels, rank);
  std::string stands_for;
  for (int i = count; i > 0; --i) stands_for += static_cast<char>('Z' - i + 1);
  return labels.replace(dots, 3, stands_for);
}

struct Equation {
  std::string left, right, out;
};

Equation parse(const std::string& text, int left_rank, int right_rank) {
  const size_t comma = text.find(','), arrow = text.find("->");
  if (comma == text.npos || arrow == text.npos || arrow < comma) {
    fail_unsupported("einsum '{}'; only two operands with an explicit result are supported", text);
  }
  Equation e;
  e.left = expand_ellipsis(text.substr(0, comma), left_rank);
  e.right = expand_ellipsis(text.substr(comma + 1, arrow - comma - 1), right_rank);
  std::string out = text.substr(arrow + 2);
  out.erase(std::remove(out.begin(), out.end(), ' '), out.end());
  if (const size_t dots = out.find("..."); dots != out.npos) {
    std::string shared;
    for (const char label : e.left.size() > e.right.size() ? e.left : e.right) {
      if (label >= 'A' && label <= 'Z') shared += label;
    }
    out.replace(dots, 3, shared);
  }
  e.out = out;
  const auto repeated = [](const std::string& labels) {
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels.find(labels[i], i + 1) != labels.npos) return true;
    }
    return false;
  };
  if (static_cast<int>(e.left.size()) != left_rank ||
      static_cast<int>(e.right.size()) != right_rank || repeated(e.left) || repeated(e.right) ||
      repeated(e.out)) {
    fail_unsupported("einsum '{}' of tensors of rank {} and {}", text, left_rank, right_rank);
  }
  for (const char label : e.out) {
    if (!has(e.left, label) && !has(e.right, label)) fail_user("einsum '{}' is not valid", text);
  }
  return e;
}

// Sums over the axes that only this operand has and the result does not want.
ValueId sum_private(GraphBuilder& b, ValueId x, std::string* labels, const std::string& other,
                    const std::string& out) {
  std::vector<int> axes;
  std::string kept;
  for (size_t i = 0; i < labels->size(); ++i) {
    const char label = (*labels)[i];
    if (has(other, label) || has(out, label)) {
      kept += label;
    } else {
      axes.push_back(static_cast<int>(i));
    }
  }
  if (axes.empty()) return x;
  *labels = kept;
  return b.reduce("sum", x, axes, false);
}

std::vector<int> order_of(const std::string& labels, const std::string& wanted) {
  std::vector<int> perm;
  for (const char label : wanted) perm.push_back(static_cast<int>(labels.find(label)));
  return perm;
}

ValueId to_order(GraphBuilder& b, ValueId x, const std::string& labels, const std::string& wanted) {
  return b.transpose(x, order_of(labels, wanted));
}

// The extents of x's axes, by label.
std::vector<Extent> extents_of(GraphBuilder& b, ValueId x, const std::string& labels,
                               const std::string& wanted) {
  std::vector<Extent> list;
  for (const char label : wanted) {
    list.push_back(b.extent(x, static_cast<int>(labels.find(label))));
  }
  return list;
}

bool all_known(const std::vector<Extent>& extents) {
  return std::all_of(extents.begin(), extents.end(),
                     [](const Extent& extent) { return extent.of == kNoValue; });
}

// Their product; -1 if one is not known.
int64_t product(const std::vector<Extent>& extents) {
  if (!all_known(extents)) return kDynamic;
  int64_t total = 1;
  for (const Extent& extent : extents) total *= extent.size;
  return total;
}

std::vector<Extent> joined(std::vector<Extent> a, const std::vector<Extent>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// x times a constant, without batch axes: one fully_connected over the contracted axes.
ValueId by_fully_connected(GraphBuilder& b, const Equation& e, ValueId left, ValueId right,
                           const std::string& free_left, const std::string& contracted,
                           const std::string& free_right) {
  Shape shape = b.shape(right);
  const std::span<const float> stored = b.current().value(right).data.as<float>();
  const std::vector<float> weights =
      permute({stored.begin(), stored.end()}, &shape, order_of(e.right, free_right + contracted));
  const auto out_features = shape.elements(0, static_cast<int>(free_right.size()));
  const auto in_features = shape.elements(static_cast<int>(free_right.size()), shape.rank());
  const ValueId matrix = b.constant(weights, Shape{out_features, in_features});

  const std::vector<Extent> rows = extents_of(b, left, e.left, free_left);
  ValueId x = to_order(b, left, e.left, free_left + contracted);
  if (contracted.size() != 1) x = b.reshape(x, joined(rows, {Extent(in_features)}));
  if (rows.empty()) x = b.reshape(x, {Extent(1), Extent(in_features)});
  ValueId y = b.fully_connected(x, matrix, kNoValue);
  if (free_right.size() != 1 || rows.empty()) {
    y = b.reshape(y, joined(rows, extents_of(b, right, e.right, free_right)));
  }
  return to_order(b, y, free_left + free_right, e.out);
}

}  // namespace

std::vector<float> permute(const std::vector<float>& values, Shape* shape,
                           const std::vector<int>& perm) {
  const int rank = shape->rank();
  Shape out;
  std::vector<int64_t> strides(static_cast<size_t>(rank), 1);
  for (int axis = rank - 2; axis >= 0; --axis) {
    strides[static_cast<size_t>(axis)] =
        strides[static_cast<size_t>(axis + 1)] * (*shape)[axis + 1];
  }
  for (const int axis : perm) out.push_back((*shape)[axis]);
  std::vector<float> result(values.size());
  std::vector<int64_t> index(static_cast<size_t>(rank), 0);
  for (float& element : result) {
    int64_t source = 0;
    for (size_t i = 0; i < index.size(); ++i) {
      source += index[i] * strides[static_cast<size_t>(perm[i])];
    }
    element = values[static_cast<size_t>(source)];
    for (int axis = rank - 1; axis >= 0; --axis) {
      if (++index[static_cast<size_t>(axis)] < out[axis]) break;
      index[static_cast<size_t>(axis)] = 0;
    }
  }
  *shape = out;
  return result;
}

ValueId einsum(GraphBuilder& b, const std::string& equation, ValueId left, ValueId right) {
  Equation e = parse(equation, b.rank(left), b.rank(right));
  left = sum_private(b, left, &e.left, e.right, e.out);
  right = sum_private(b, right, &e.right, e.left, e.out);
  std::string batch, contracted, free_left, free_right;
  for (const char label : e.left) {
    const bool in_right = has(e.right, label);
    (in_right ? (has(e.out, label) ? batch : contracted) : free_left) += label;
  }
  for (const char label : e.right) {
    if (!has(e.left, label)) free_right += label;
  }
  // Keep the result's order where there is a choice, so that no transposition is needed after.
  const auto by_result = [&](std::string& labels) {
    std::sort(labels.begin(), labels.end(),
              [&](char x, char y) { return e.out.find(x) < e.out.find(y); });
  };
  by_result(batch);
  by_result(free_left);
  by_result(free_right);
  if (batch.empty() && !contracted.empty() && b.is_constant(right) &&
      b.dtype(right) == DType::f32) {
    return by_fully_connected(b, e, left, right, free_left, contracted, free_right);
  }
  const std::vector<Extent> batches = extents_of(b, left, e.left, batch);
  const std::vector<Extent> rows = extents_of(b, left, e.left, free_left);
  const std::vector<Extent> columns = extents_of(b, right, e.right, free_right);
  const std::vector<Extent> depth = extents_of(b, left, e.left, contracted);
  ValueId x = to_order(b, left, e.left, batch + free_left + contracted);
  ValueId y = to_order(b, right, e.right, batch + free_right + contracted);
  const auto fold = [&](ValueId value, const std::vector<Extent>& outer, size_t outer_axes) {
    if (outer_axes == 1 && contracted.size() == 1) return value;
    return b.reshape(value, joined(batches, {Extent(product(outer)), Extent(product(depth))}));
  };
  x = fold(x, rows, free_left.size());
  y = fold(y, columns, free_right.size());
  ValueId z = b.batch_matmul(x, y, false, true);
  if (free_left.size() != 1 || free_right.size() != 1) {
    z = b.reshape(z, joined(joined(batches, rows), columns));
  }
  return to_order(b, z, batch + free_left + free_right, e.out);
}

}  // namespace mote
