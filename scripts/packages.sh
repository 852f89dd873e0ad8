# Sourced by the other scripts: system packages, installed where that can be done without asking anybody.

# Whether this script may install packages: as root, on a system that has apt.
may_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

# install_packages WHY PACKAGE...
install_packages() {
    echo "Installing ${*:2} ($1)"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${@:2}"
}
