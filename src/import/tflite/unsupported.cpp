#include "import/tflite/unsupported.h"

#include <set>
#include <vector>

#include "base/error.h"
#include "formats/tflite.h"
#include "ops/chosen_ops.h"

namespace mote::tflite {
namespace {

std::string advice_for(const OperatorKey& key) {
  if (key.custom == "edgetpu-custom-op")
    return "give Mote the model from before the Edge TPU compiler";
  if (key.custom == "ethos-u") return "give Mote the model from before Vela";
  if (key.custom.starts_with("Flex")) {
    return "convert the model with TFLITE_BUILTINS only, without SELECT_TF_OPS";
  }
  if (!key.custom.empty()) return "cut the model before its custom operators";
  if (operator_name(key.code).starts_with("STABLEHLO_"))
    return "convert the model with the TFLite converter, which replaces STABLEHLO operators";
  return "replace these operators in the source model; 'mote ops' lists those that Mote has";
}

template <class Texts>
std::string joined(const Texts& texts, const char* separator) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : separator) + text;
  return all;
}

}  // namespace

void refuse(const std::map<OperatorKey, int>& counts) {
  if (counts.empty()) return;
  constexpr size_t kMostListed = 40;
  std::vector<std::string> list;
  std::set<std::string> advice;
  for (const auto& [key, count] : counts) {
    advice.insert(advice_for(key));
    if (list.size() == kMostListed) {
      list.push_back(fmt::format("and {} more", counts.size() - kMostListed));
      break;
    }
    const std::string name =
        key.custom.empty() ? operator_name(key.code) : "custom " + key.custom.substr(0, 60);
    list.push_back(count == 1 ? name : fmt::format("{} ({} times)", name, count));
  }
  if constexpr (!kAllOps) {
    fail_unsupported(
        "uses operators that this library was built without: {}; build it with the model in "
        "-DMOTE_OPERATORS, or use the library that has all",
        joined(list, ", "));
  }
  fail_unsupported("uses operators that Mote does not have: {}; {}", joined(list, ", "),
                   joined(advice, "; "));
}

}  // namespace mote::tflite
