#include "import/keras/keras.h"

#include "base/error.h"
#include "graph/verify.h"
#include "import/keras/archive.h"
#include "import/keras/network.h"

namespace mote {

namespace {

Graph import_archive(const keras::Archive& archive, const std::string& path) {
  return with_context(path, [&] {
    const std::unique_ptr<keras::Layer> model = keras::build_tree(archive.model);
    if (archive.version.starts_with("1.") || archive.version.starts_with("2.")) {
      keras::mark_keras2(*model);
    }
    keras::load_weights(*model, archive);
    GraphBuilder builder;
    keras::emit_main(*model, builder);
    Graph graph = builder.take();
    graph.description = "imported from Keras";
    remove_dead(graph);
    verify(graph);
    return graph;
  });
}

}  // namespace

Result<Graph> import_keras(const std::string& path) {
  return capture([&] { return import_archive(keras::open_archive(path), path); });
}

Result<Graph> import_keras(Buffer bytes, const std::string& path) {
  return capture([&] { return import_archive(keras::open_archive(std::move(bytes), path), path); });
}

}  // namespace mote
