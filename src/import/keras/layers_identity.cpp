// Layers that do nothing at inference.
#include "import/keras/importers.h"

namespace mote::keras {
namespace {

Arg identity(Call& c) { return Arg(c.tensor()); }

constexpr Importer same(const char* name) { return {name, identity, nullptr, nullptr, true}; }
// The mask ends here, as in Keras.
constexpr Importer bare(const char* name) { return {name, identity}; }

constexpr Importer kTable[] = {
    same("Identity"),
    same("Dropout"),
    same("SpatialDropout1D"),
    same("SpatialDropout2D"),
    same("SpatialDropout3D"),
    same("AlphaDropout"),
    same("GaussianDropout"),
    same("GaussianNoise"),
    same("ActivityRegularization"),
    bare("RandomBrightness"),
    bare("RandomContrast"),
    bare("RandomCrop"),
    bare("RandomFlip"),
    bare("RandomRotation"),
    bare("RandomTranslation"),
    bare("RandomZoom"),
    bare("RandomHeight"),
    bare("RandomWidth"),
    bare("RandomColorDegeneration"),
    bare("RandomColorJitter"),
    bare("RandomErasing"),
    bare("RandomElasticTransform"),
    bare("RandomGaussianBlur"),
    bare("RandomGrayscale"),
    bare("RandomHue"),
    bare("RandomInvert"),
    bare("RandomPerspective"),
    bare("RandomPosterization"),
    bare("RandomSaturation"),
    bare("RandomSharpness"),
    bare("RandomShear"),
    bare("MixUp"),
    bare("CutMix"),
    bare("AugMix"),
    bare("RandAugment"),
};

}  // namespace

std::span<const Importer> identity_layers() { return kTable; }

}  // namespace mote::keras
