// The C interface to conversion, over the driver.
#include "driver/convert.h"

#include "api/guard.h"

using mote::api::guard;

namespace {

void parse_type(const char* name, const char* what, mote::DType* type) {
  if (name && !mote::parse_dtype(name, type)) mote::fail_user("no {} '{}'", what, name);
}

mote::driver::ConvertOptions complete(const mote_convert_options& given) {
  mote::driver::ConvertOptions options;
  mote::compress::QuantizeOptions& quantize = options.quantize;
  if (given.quantize && !mote::compress::parse_precision(given.quantize, &quantize.precision)) {
    mote::fail_user("no precision '{}'", given.quantize);
  }
  if (given.calibrate) options.calibrate = given.calibrate;
  parse_type(given.input_type, "input type", &quantize.input_type);
  parse_type(given.output_type, "output type", &quantize.output_type);
  return options;
}

}  // namespace

mote_status mote_convert(const char* model_path, const char* output_path,
                         const mote_convert_options* options) {
  return guard([&] {
    if (!model_path || !output_path) mote::fail_user("model_path or output_path is null");
    mote::driver::ConvertOptions convert = complete(options ? *options : mote_convert_options{});
    convert.model = model_path;
    convert.output = output_path;
    static_cast<void>(mote::driver::convert(convert).value());
  });
}
