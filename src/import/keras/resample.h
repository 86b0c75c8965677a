// Resampling of images as Keras does it.
#pragma once

#include <string>

#include "ops/builder.h"

namespace mote::keras {

// x [batch, height, width, channels] to height x width. interpolation: nearest, bilinear, bicubic,
// lanczos3, lanczos5, area.
ValueId resample(GraphBuilder& b, ValueId x, int64_t height, int64_t width,
                 const std::string& interpolation, bool antialias = false);

}  // namespace mote::keras
