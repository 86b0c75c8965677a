// keras.ops: x[...], with ranges, single indices, new axes and an ellipsis.
#include "import/keras/operands.h"

namespace mote::keras {
namespace {

bool is_class(const Config& value, std::string_view name) {
  return value.is_object() && value["class_name"].is_string() && value.text("class_name") == name;
}

struct Slicer {
  std::vector<int32_t> begin, end, stride;
  int32_t begin_mask = 0, end_mask = 0, ellipsis = 0, new_axis = 0, shrink = 0;

  void add(const Config& item) {
    const auto bit = static_cast<int32_t>(1u << begin.size());
    int32_t b = 0, e = 0, s = 1;
    if (is_class(item, "__ellipsis__")) {
      ellipsis |= bit;
    } else if (item.is_null()) {
      new_axis |= bit;
    } else if (is_class(item, "__slice__")) {
      const Config& range = item["config"];
      if (range.has("step")) s = static_cast<int32_t>(range.integer("step"));
      if (range.has("start")) {
        b = static_cast<int32_t>(range.integer("start"));
      } else {
        begin_mask |= bit;
      }
      if (range.has("stop")) {
        e = static_cast<int32_t>(range.integer("stop"));
      } else {
        end_mask |= bit;
      }
    } else {
      b = static_cast<int32_t>(item.as_integer("index"));
      e = b + 1;
      if (b == -1) end_mask |= bit;
      shrink |= bit;
    }
    begin.push_back(b);
    end.push_back(e);
    stride.push_back(s);
  }
};

Arg get_item(Call& c) {
  const ValueId x = operand(c, 0, "x");
  const Arg* key = c.find(1, "key");
  if (key == nullptr) fail_user("has no index");
  Slicer s;
  const auto add = [&](const Arg& item) {
    if (item.kind != Arg::Kind::constant) fail_unsupported("an index that is computed; use take");
    s.add(item.value);
  };
  if (key->kind == Arg::Kind::list) {
    if (key->items.size() > 16) fail_user("an index of {} parts", key->items.size());
    for (const Arg& item : key->items) add(item);
  } else {
    add(*key);
  }
  return Arg(c.b.op("strided_slice", {x, c.b.ints(s.begin), c.b.ints(s.end), c.b.ints(s.stride)},
                    {{"begin_mask", s.begin_mask},
                     {"end_mask", s.end_mask},
                     {"ellipsis_mask", s.ellipsis},
                     {"new_axis_mask", s.new_axis},
                     {"shrink_axis_mask", s.shrink}}));
}

constexpr Operation kTable[] = {{"GetItem", get_item}};

}  // namespace

std::span<const Operation> slice_operations() { return kTable; }

}  // namespace mote::keras
