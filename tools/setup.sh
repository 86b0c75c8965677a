# Sourced by ./demo, ./check and .ci/run (POSIX sh; the caller stands in the repository's root).
# Installs what is missing, builds, and makes Python environments below build/.

BUILD_PACKAGES="cmake ninja-build g++ pkg-config libfmt-dev nlohmann-json3-dev zlib1g-dev libminizip-dev libcli11-dev
libflatbuffers-dev libgtest-dev"

say() { printf '\n== %s\n' "$*"; }

# have_package NAME: whether Debian's package is installed.
have_package() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# need_packages NAME...: installs those that are missing, with apt.
need_packages() {
    command -v apt-get >/dev/null || {
        echo "This system has no apt-get; these Debian packages, or their like, must be there: $*"
        return 0
    }
    missing=
    for package in "$@"; do have_package "$package" || missing="$missing $package"; done
    [ -n "$missing" ] || return 0
    say "installing by apt:$missing"
    root=
    [ "$(id -u)" = 0 ] || root=sudo
    # A package list that is there already may do.
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing \
        >build/apt.log 2>&1 ||
        { $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
            $root apt-get install -y -qq --no-install-recommends $missing >build/apt.log 2>&1; } ||
        { tail -5 build/apt.log; echo "apt could not install:$missing" >&2; exit 1; }
}

# build TARGET...: configures and builds into build/.
build() {
    say "building $*"
    cmake --preset release >build/cmake.log || { cat build/cmake.log; exit 1; }
    cmake --build build --target "$@" >build/build.log 2>&1 ||
        { tail -40 build/build.log; echo "the build failed; build/build.log has it all" >&2; exit 1; }
    tail -1 build/build.log
}

# python_env FOLDER PACKAGE...: a virtual environment with these packages from PyPI.
python_env() {
    folder=$1; shift
    if [ "$(cat "$folder/packages" 2>/dev/null)" != "$*" ]; then
        need_packages python3 python3-venv
        say "installing into $folder: $*"
        rm -rf "$folder"
        python3 -m venv "$folder" && "$folder/bin/pip" install -q --disable-pip-version-check "$@" || {
            echo "pip could not install: $*" >&2; exit 1; }
        echo "$*" >"$folder/packages"
    fi
}
