#include "import/keras/archive.h"

#include <sys/stat.h>

#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "formats/zip.h"

namespace mote::keras {
namespace {

constexpr const char* kConfig = "config.json";
constexpr const char* kMetadata = "metadata.json";
constexpr const char* kWeights = "model.weights.h5";

std::string_view text_of(const Buffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Archive from_members(const Buffer& config, const Buffer* metadata, Buffer weights,
                     const std::string& path) {
  std::string version;
  if (metadata != nullptr) {
    version = Config::parse(text_of(*metadata)).text("keras_version", "");
  }
  return {Config::parse(text_of(config)), std::move(version),
          formats::Hdf5Object::open(std::move(weights), path + ": " + kWeights), false};
}

Archive open_zip(Buffer bytes, const std::string& path) {
  const formats::ZipReader zip(std::move(bytes), path);
  if (!zip.has(kConfig)) {
    fail_user("{}: has no {}; is it a whole Keras model (model.save), not weights alone?", path,
              kConfig);
  }
  if (!zip.has(kWeights)) {
    if (zip.has("model.weights.npz")) {
      fail_unsupported(
          "{}: keeps its weights as .npz with pickled objects; save it with h5py "
          "installed",
          path);
    }
    fail_user("{}: has no {}", path, kWeights);
  }
  Buffer metadata;
  if (zip.has(kMetadata)) metadata = zip.read(kMetadata);
  return from_members(zip.read(kConfig), metadata.empty() ? nullptr : &metadata, zip.read(kWeights),
                      path);
}

Archive open_folder(const std::string& path) {
  const std::string base = path.ends_with('/') ? path : path + "/";
  Buffer metadata;
  if (file_exists(base + kMetadata)) metadata = map_file(base + kMetadata);
  return from_members(map_file(base + kConfig), metadata.empty() ? nullptr : &metadata,
                      map_file(base + kWeights), path);
}

Archive open_hdf5(Buffer bytes, const std::string& path) {
  const formats::Hdf5Object root = formats::Hdf5Object::open(std::move(bytes), path);
  if (!root.has_attribute("model_config")) {
    fail_user("{}: holds weights without a model; save the whole model (model.save)", path);
  }
  std::string version;
  if (root.has_attribute("keras_version")) version = root.string("keras_version");
  return {Config::parse(root.string("model_config")), std::move(version),
          root.child("model_weights"), true};
}

}  // namespace

Archive open_archive(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return open_folder(path);
  return open_archive(map_file(path), path);
}

Archive open_archive(Buffer bytes, const std::string& path) {
  const std::string_view start = text_of(bytes).substr(0, 8);
  if (start.starts_with("\x89HDF")) return open_hdf5(std::move(bytes), path);
  if (start.starts_with("PK")) return open_zip(std::move(bytes), path);
  fail_user("{}: not a Keras model: neither a .keras archive nor an .h5 file", path);
}

}  // namespace mote::keras
