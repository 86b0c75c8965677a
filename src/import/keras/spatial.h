// What layers over images, volumes and sequences share.
#pragma once

#include "import/keras/importers.h"

namespace mote::keras {

bool is_channels_first(const Config& config);
// [batch, channels, ...] to [batch, ..., channels] and back; x itself if `first` is false.
ValueId to_channels_last(GraphBuilder& b, ValueId x, bool first);
ValueId to_channels_first(GraphBuilder& b, ValueId x, bool first);

// x without `crops` (before, after) elements along each axis; every axis has an entry.
ValueId crop(GraphBuilder& b, ValueId x, const std::vector<std::pair<int64_t, int64_t>>& crops);

// [batch, a, b, ..., z, channels] with axes `axis` and axis + 1 made one, and back.
ValueId merge_axes(GraphBuilder& b, ValueId x, int axis);
ValueId split_axis(GraphBuilder& b, ValueId x, int axis, Extent first, Extent second);

// A list of `spatial` (before, after) pairs from Keras's padding or cropping: one number, one
// number an axis, or a pair an axis.
std::vector<std::pair<int64_t, int64_t>> read_pairs(const Config& config, std::string_view key,
                                                    size_t spatial);

}  // namespace mote::keras
