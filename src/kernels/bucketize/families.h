// The kernels of bucketize.
#pragma once

#include "kernels/bucketize/bucketize.h"
#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kBucketizeF32;

}  // namespace mote::kernels
