#!/usr/bin/env bash
# test-services.sh NAME...: get what the tests run beside the program. What is there already is left alone; what can't be
# had is named, and its tests are skipped (the broker alone is a must: half of the promises are about it).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/packages.sh

cache=.cache
# Programs alone: a function here may have the same name.
has() { type -P "$1" >/dev/null; }

# can_have WHAT DEBIAN MACOS: whether it may be installed here; says what to do where it may not.
can_have() {
    may_install && return
    echo "Missing: $1; without it, its tests are skipped. Debian, Ubuntu: apt-get install $2; macOS: $3" >&2
    return 1
}

# The Kafka broker that the tests talk to, where no other is given or at hand (see tests/support/brokers/): its jars, by Maven.
broker() {
    local done=$cache/kafka/.complete
    if [ -n "${KAFKA_BOOTSTRAP:-}" ] || [ "$done" -nt tests/support/brokers/pom.xml ] || docker info >/dev/null 2>&1; then return; fi
    local missing=() packages=()
    java -version >/dev/null 2>&1 || { missing+=("Java 17 or later"); packages+=(default-jre-headless); }
    has mvn || { missing+=(Maven); packages+=(maven); }
    if [ ${#missing[@]} != 0 ]; then
        echo "Missing: ${missing[*]} (the Kafka tests run a real broker)."
        if ! may_install; then
            echo "Install that first (Debian, Ubuntu: apt-get install ${packages[*]}; macOS: brew install openjdk maven)," >&2
            echo "or name a broker: KAFKA_BOOTSTRAP=HOST:PORT; or run the rest: make unit." >&2
            exit 1
        fi
        install_packages "the Kafka tests run a real broker" "${packages[@]}"
    fi
    echo "Fetching the Kafka broker of the tests into $cache/kafka (44 MB, once)"
    rm -rf "$cache/kafka/jars"
    mvn --quiet --batch-mode --file tests/support/brokers/pom.xml dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$PWD/$cache/kafka/jars"
    touch "$done"
}

# The mail relay (see tests/support/mail/relays/). It starts as root alone. "No configuration": it is not to serve this machine.
postfix() {
    if PATH="$PATH:/usr/sbin" has postfix || ! can_have Postfix postfix "it is there"; then return; fi
    echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
    install_packages "the tests of delivery run a real relay" postfix
}

# For the tests of alert rules (see tests/ops/ and tests/incident/). The Debian package starts a service of its own where
# systemd runs, on port 9090; the tests don't use that one.
prometheus() {
    local packages=(prometheus prometheus-alertmanager)
    if has prometheus && has promtool && has amtool; then return; fi
    can_have "prometheus, promtool or amtool" "${packages[*]}" "brew install prometheus alertmanager" || return 0
    install_packages "the tests of alert rules run it" "${packages[@]}"
}

# For the tests of pages and pictures (see adapters/browser/).
browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if has "$name"; then return; fi
    done
    can_have "a browser" chromium "brew install --cask chromium" || return 0
    install_packages "the tests of pages run a real browser" chromium
}

# Validators of other languages, which the published schemas are tried on, and SDKs that post (see tests/validators/).
validators() {
    local folder=$cache/validators
    mkdir -p "$folder"
    if [ ! -d "$folder/node_modules/cloudevents" ] && has npm; then
        npm install --silent --no-save --no-package-lock --prefix "$folder" \
            ajv@8.17.1 ajv-formats@3.0.1 cloudevents@10.0.0 >/dev/null ||
            echo "Ajv and the SDK of CloudEvents can't be had here: their tests are skipped." >&2
    fi
    if [ ! -x "$folder/gojsonschema" ] && has go; then
        (cd tests/validators/golang && go build -o "$OLDPWD/$folder/gojsonschema" .) ||
            echo "The validator in Go can't be had here: its test is skipped." >&2
    fi
    if [ ! -x "$folder/cloudevents-go" ] && has go; then
        (cd tests/validators/cloudevents && go build -o "$OLDPWD/$folder/cloudevents-go" .) ||
            echo "The SDK of CloudEvents for Go can't be had here: its test is skipped." >&2
    fi
}

for name in "$@"; do "$name"; done
